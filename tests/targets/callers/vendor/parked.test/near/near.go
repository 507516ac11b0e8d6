// Package near is a module in a folder beside the main one, as a replace directive says.
package near

import "example.org/queue"

// Lend asks the library for its caller.
//
//go:noinline
func Lend(q *queue.Queue) int { return q.Take() }

// Start leaves a goroutine behind that has no frame of the main module.
func Start(q *queue.Queue) { go serve(q) }

func serve(q *queue.Queue) {
	for {
		q.Take()
	}
}
