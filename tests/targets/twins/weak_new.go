//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

var weakly weak.Pointer[box]
var garbage *int64

//go:noinline
func L_weakLost(b *box) {
	<-b.c
	runtime.KeepAlive(b)
}

//go:noinline
func V_weak(b *box) {
	<-b.c
	runtime.KeepAlive(b)
}

// What a goroutine holds stays, leaked or not; so a weak pointer to it can still be made a strong one.
//
//go:noinline
func weakPointers() {
	// A handle is a tiny object of 8 bytes, two to a block; the lost one shares its block with garbage.
	apart := func() {
		garbage = new(int64)
		garbage = nil
	}
	apart()
	lost := &box{c: make(chan *int)}
	weak.Make(lost)
	go L_weakLost(lost)
	apart()
	held := &box{c: make(chan *int)}
	weakly = weak.Make(held)
	go V_weak(held)
}
