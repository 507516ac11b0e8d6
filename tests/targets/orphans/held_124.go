//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

func init() { held = append(held, V_cleanup, V_weak) }

// V_cleanup: nobody has the handle, and its cleanup will stop the worker.
//
//go:noinline
func V_cleanup() {
	w := newWorker()
	handle := &wrapper{w}
	runtime.AddCleanup(handle, (*worker).Stop, w)
	go w.run()
}

var weakly []weak.Pointer[worker]

//go:noinline
func V_weak() {
	w := newWorker()
	weakly = append(weakly, weak.Make(w))
	go w.run()
}
