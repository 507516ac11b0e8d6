// Leaks of known size, and leaks that follow from others. The program prints what it lost.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	alone  = 5
	buffer = 256 << 10
	common = 3 << 20
	chunks = 1000
)

type item struct {
	next *item
	data [14]uintptr // with next, a size class of its own: no slack
}

//go:noinline
func holdsBuffer(c chan int) {
	b := make([]byte, buffer)
	<-c
	fmt.Println(b[0])
}

//go:noinline
func holdsList(c chan int) {
	var head *item
	for i := 0; i < chunks; i++ {
		head = &item{next: head}
	}
	<-c
	fmt.Println(head)
}

//go:noinline
func sharesLeft(c chan int, shared []byte) {
	<-c
	fmt.Println(shared[0])
}

//go:noinline
func sharesRight(c chan int, shared []byte) {
	<-c
	fmt.Println(shared[1])
}

// Blocked for ever; what the others wait on is in its hands.
//
//go:noinline
func producer(never chan int, out chan int) {
	out <- <-never
}

//go:noinline
func consumer(in chan int, done chan int) {
	done <- <-in
}

//go:noinline
func waiter(done chan int) { <-done }

// Each has what the other waits for: neither explains the other.
//
//go:noinline
func left(a, b chan int) { b <- <-a }

//go:noinline
func right(a, b chan int) { a <- <-b }

func start() {
	for i := 0; i < alone; i++ {
		go holdsBuffer(make(chan int))
	}
	go holdsList(make(chan int))
	shared := make([]byte, common)
	go sharesLeft(make(chan int), shared)
	go sharesRight(make(chan int), shared)
	in, done := make(chan int), make(chan int)
	go producer(make(chan int), in)
	go consumer(in, done)
	go waiter(done)
	a, b := make(chan int), make(chan int)
	go left(a, b)
	go right(a, b)
}

//go:noinline
func scrub(depth int) int {
	var space [512]byte
	if depth > 0 {
		return scrub(depth-1) + int(space[depth])
	}
	return 0
}

func main() {
	start()
	time.Sleep(200 * time.Millisecond)
	scrub(20)
	runtime.GC()
	debug.FreeOSMemory()
	fmt.Println("alone", alone*buffer, "list", chunks*15*8, "shared", common)
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
