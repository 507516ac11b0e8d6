//go:build go1.23

package main

import "iter"

var keepNext []func() (int, bool)

//go:noinline
func L_neverStopped(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

//go:noinline
func V_stillPulled(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

// An iterator that is neither finished nor stopped leaves a goroutine behind.
//
//go:noinline
func coro() {
	next, _ := iter.Pull(L_neverStopped)
	next()
	held, _ := iter.Pull(V_stillPulled)
	held()
	keepNext = append(keepNext, held)
}
