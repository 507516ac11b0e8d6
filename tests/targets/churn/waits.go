package main

import (
	"context"
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// waits make something to wait on: a function that blocks, and the one that wakes it. Nothing else
// has what they share.
var waits = []func() (block, wake func()){
	func() (func(), func()) {
		c := make(chan int)
		return func() { <-c }, func() { c <- 1 }
	},
	func() (func(), func()) {
		c := make(chan *[4]int)
		return func() { c <- new([4]int) }, func() { <-c }
	},
	func() (func(), func()) {
		c := make(chan struct{})
		return func() { <-c }, func() { close(c) }
	},
	func() (func(), func()) { // a full buffer
		c := make(chan string, 2)
		c <- "a"
		c <- "b"
		return func() { c <- "c" }, func() { <-c }
	},
	func() (func(), func()) {
		a, b, c := make(chan int), make(chan string), make(chan struct{})
		return func() {
			select {
			case <-a:
			case b <- "x":
			case <-c:
			}
		}, func() { <-b }
	},
	func() (func(), func()) {
		a, b := make(chan int), make(chan struct{})
		return func() {
			for i := 0; i < 2; i++ {
				select {
				case <-a:
				case <-b:
					return
				}
			}
		}, func() { a <- 1; close(b) }
	},
	func() (func(), func()) {
		a, b := make(chan int), make(chan int)
		return func() {
			reflect.Select([]reflect.SelectCase{
				{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(a)},
				{Dir: reflect.SelectSend, Chan: reflect.ValueOf(b), Send: reflect.ValueOf(1)},
			})
		}, func() { a <- 1 }
	},
	func() (func(), func()) {
		mu := new(sync.Mutex)
		mu.Lock()
		return func() { mu.Lock(); mu.Unlock() }, mu.Unlock // a method value
	},
	func() (func(), func()) { // a lock inside of something larger
		type server struct {
			name [200]byte
			next *server
			mu   sync.Mutex
		}
		s := &server{}
		s.mu.Lock()
		mu := &s.mu
		return func() { s.mu.Lock(); s.mu.Unlock() }, func() { mu.Unlock() }
	},
	func() (func(), func()) {
		mu := new(sync.RWMutex)
		mu.RLock()
		return func() { mu.Lock(); mu.Unlock() }, func() { mu.RUnlock() }
	},
	func() (func(), func()) {
		mu := new(sync.RWMutex)
		mu.Lock()
		return func() { mu.RLock(); mu.RUnlock() }, func() { mu.Unlock() }
	},
	func() (func(), func()) {
		var wg sync.WaitGroup
		wg.Add(2)
		return func() { wg.Wait() }, func() { wg.Done(); wg.Done() }
	},
	func() (func(), func()) {
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		ready := false
		return func() {
				mu.Lock()
				for !ready {
					cond.Wait()
				}
				mu.Unlock()
			}, func() {
				mu.Lock()
				ready = true
				mu.Unlock()
				cond.Broadcast()
			}
	},
	func() (func(), func()) {
		ctx, cancel := context.WithCancel(context.Background())
		return func() { <-ctx.Done() }, cancel
	},
	func() (func(), func()) { // a chain
		a, b := make(chan int), make(chan int)
		spawn(func() { <-b; close(a) })
		return func() { <-a }, func() { close(b) }
	},
	func() (func(), func()) { // the first one in makes the others wait
		var o sync.Once
		c := make(chan struct{})
		spawn(func() { o.Do(func() { <-c }) })
		return func() {
			o.Do(func() {})
			<-c
		}, func() { close(c) }
	},
	func() (func(), func()) { // the answer comes through a channel that is itself sent
		requests := make(chan chan int)
		return func() {
			reply := make(chan int)
			requests <- reply
			<-reply
		}, func() { reply := <-requests; later(func() { reply <- 1 }) }
	},
	func() (func(), func()) {
		r, w := io.Pipe()
		return func() { r.Read(make([]byte, 1)) }, func() { w.Write([]byte{1}) }
	},
	func() (func(), func()) {
		a, b := net.Pipe()
		return func() { a.Read(make([]byte, 1)) }, func() { b.Close() }
	},
	func() (func(), func()) { // many wait, one after the other gets it
		mu := new(sync.Mutex)
		mu.Lock()
		for i := 0; i < 3; i++ {
			spawn(func() { mu.Lock(); time.Sleep(time.Millisecond); mu.Unlock() })
		}
		return func() { mu.Lock(); mu.Unlock() }, func() { mu.Unlock() }
	},
	func() (func(), func()) { // a ring: each wakes the next
		ring := [4]chan int{make(chan int), make(chan int), make(chan int), make(chan int)}
		for i := 0; i < 3; i++ {
			from, to := ring[i], ring[i+1]
			spawn(func() { <-from; to <- 1 })
		}
		return func() { <-ring[3] }, func() { ring[0] <- 1 }
	},
	func() (func(), func()) { // a value that says where to go on
		var box atomic.Value
		box.Store(make(chan int))
		return func() { <-box.Load().(chan int) }, func() { box.Load().(chan int) <- 1 }
	},
}
