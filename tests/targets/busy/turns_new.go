//go:build go1.23

package main

import (
	"iter"
	"runtime"
)

// turns passes control between the two sides of iterators.
func turns() {
	for {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for i := 0; i < 10 && yield(i); i++ {
			}
		})
		for i := 0; i < 5; i++ {
			next()
		}
		stop()
		runtime.Gosched()
	}
}
