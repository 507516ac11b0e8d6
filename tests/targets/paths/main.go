// Goroutines whose channels are kept alive by globals, each in another way.
package main

import (
	"container/list"
	"context"
	"fmt"
	"os"
	"time"
)

type session struct {
	id   int
	done chan struct{}
}

type pool struct {
	name  string
	slots [3]session
	inner struct {
		idle []*session
	}
}

type closer interface{ Close() }

func (s *session) Close() { close(s.done) }

type byValue struct {
	padding [2]int
	s       *session
}

func (b byValue) Close() { close(b.s.done) }

var (
	plain    = make(chan struct{})
	pointer  *session
	small    = map[string]*session{}
	large    = map[int]*session{}
	values   = map[string]session{}
	pools    pool
	front    closer
	boxed    closer
	anything interface{}
	twice    **session
	queue    = list.New()
	carried  = make(chan *session, 4)
	ctx      context.Context
	stop     context.CancelFunc
)

func newSession(id int) *session { return &session{id: id, done: make(chan struct{})} }

//go:noinline
func viaPlain() { <-plain }

//go:noinline
func viaPointer() {
	pointer = newSession(1)
	wait(pointer.done)
}

//go:noinline
func viaSmallMap() {
	s := newSession(2)
	small["a"] = s
	wait(s.done)
}

//go:noinline
func viaLargeMap() {
	s := newSession(3)
	for i := 0; i < 5000; i++ {
		large[i] = s
	}
	wait(s.done)
}

//go:noinline
func viaMapValue() {
	s := newSession(4)
	values["v"] = *s
	wait(s.done)
}

//go:noinline
func viaArray() {
	pools.slots[2] = *newSession(5)
	wait(pools.slots[2].done)
}

//go:noinline
func viaSlice() {
	s := newSession(6)
	pools.inner.idle = make([]*session, 8)
	pools.inner.idle[5] = s
	wait(s.done)
}

//go:noinline
func viaInterface() {
	s := newSession(7)
	front = s
	wait(s.done)
}

//go:noinline
func viaBoxed() {
	s := newSession(8)
	boxed = byValue{s: s}
	wait(s.done)
}

//go:noinline
func viaEmptyInterface() {
	s := newSession(9)
	anything = s
	wait(s.done)
}

//go:noinline
func viaTwice() {
	s := newSession(10)
	twice = &s
	wait((*twice).done)
}

//go:noinline
func viaList() {
	s := newSession(11)
	queue.PushBack(s)
	wait(s.done)
}

//go:noinline
func viaChannel() {
	s := newSession(12)
	carried <- s
	wait(s.done)
}

//go:noinline
func viaContext() {
	ctx, stop = context.WithCancel(context.Background())
	wait(ctx.Done())
}

//go:noinline
func wait(c <-chan struct{}) { <-c }

func main() {
	for _, f := range []func(){viaPlain, viaPointer, viaSmallMap, viaLargeMap, viaMapValue, viaArray, viaSlice,
		viaInterface, viaBoxed, viaEmptyInterface, viaTwice, viaList, viaChannel, viaContext} {
		go f()
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
	// Used, so that the linker keeps them.
	fmt.Fprint(os.Stderr, plain, pointer, small, large, values, pools, front, boxed, anything, twice, queue,
		carried, ctx, stop)
}
