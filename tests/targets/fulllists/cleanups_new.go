//go:build go1.24

package main

import (
	"runtime"
	"sync/atomic"
)

var cleaned int32

func cleanedUp(int) { atomic.AddInt32(&cleaned, 1) }

//go:noinline
func stuckCleanup(int) {
	entered <- struct{}{}
	<-make(chan int) // nobody else has it
}

func dropWithCleanup(count int, done func(int)) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for i := 0; i < count; i++ {
			runtime.AddCleanup(&thing{name: "cleaned"}, done, i)
		}
	}()
	<-over
}

// cleanups are queued as finalizers are, in 1.24 behind those in the same queue.
func cleanups(blocked bool) {
	if blocked && !ownGoroutines {
		dropWithCleanup(secondBatch, cleanedUp)
		runtime.GC()
		runtime.GC()
		return
	}
	dropWithCleanup(firstBatch, cleanedUp)
	collectUntil(func() bool { return atomic.LoadInt32(&cleaned) == firstBatch })
	if !blocked {
		return
	}
	dropWithCleanup(1, stuckCleanup)
	collectUntil(func() bool { return len(entered) == 1 })
	<-entered
	dropWithCleanup(secondBatch, cleanedUp)
	runtime.GC()
	runtime.GC()
}

// queued finalizers, and cleanups, behind those that are stuck.
func queued(blocked bool) (int, int) {
	switch {
	case !blocked:
		return 0, 0
	case ownGoroutines:
		return behindStuck, secondBatch
	}
	return behindStuck + secondBatch, 0
}
