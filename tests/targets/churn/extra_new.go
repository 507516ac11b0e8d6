//go:build go1.24

package main

import (
	"context"
	"iter"
	"runtime"
	"time"
	"unique"
	"weak"
)

//go:noinline
func dropWithCleanup(wake func()) {
	runtime.AddCleanup(&resource{}, func(wake func()) { spawn(wake) }, wake)
}

func init() {
	holders = append(holders,
		dropWithCleanup,
		func(wake func()) {
			ctx, cancel := context.WithTimeout(context.Background(), someTime())
			context.AfterFunc(ctx, func() { noted(func() { wake(); cancel() }) })
		},
		func(wake func()) { // suspended in an iterator
			next, stop := iter.Pull(func(yield func(int) bool) {
				if yield(1) {
					wake()
				}
			})
			next()
			later(func() { next(); stop() })
		},
		func(wake func()) { // the strong pointer is with a sleeper
			r := &resource{wake: wake}
			p := weak.Make(r)
			spawn(func() { time.Sleep(someTime()); runtime.KeepAlive(r) })
			spawn(func() {
				for p.Value() != nil {
					time.Sleep(time.Millisecond)
				}
				wake()
			})
		},
		func(wake func()) {
			type key struct{ wake *func() }
			h := unique.Make(key{&wake})
			later(func() { (*h.Value().wake)() })
		},
	)
	waits = append(waits,
		func() (func(), func()) { // blocked inside of an iterator that somebody pulls
			c := make(chan int)
			return func() {
				next, stop := iter.Pull(func(yield func(int) bool) {
					noted(func() { <-c })
					yield(1)
				})
				next()
				stop()
			}, func() { close(c) }
		},
	)
}
