//go:build cgo

package main

import "runtime/cgo"

func init() { held = append(held, V_cgoHandle) }

var handles []cgo.Handle

// V_cgoHandle: C may hand the number back.
//
//go:noinline
func V_cgoHandle() {
	w := newWorker()
	handles = append(handles, cgo.NewHandle(w))
	go w.run()
}
