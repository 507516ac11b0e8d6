// Package orders is a package of the main module below its root.
package orders

import (
	"example.org/queue"
	"parked.test/callers/truth"
)

// List and Show block at the same line of the library.
func List(q *queue.Queue) {
	truth.Next("queue.(*Queue).next", truth.Own)
	q.Take()
}

// Show is List's twin.
func Show(q *queue.Queue) {
	truth.Next("queue.(*Queue).next", truth.Own)
	q.Take()
}
