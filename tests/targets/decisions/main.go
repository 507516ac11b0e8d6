// A service with a few leaks that are told apart from build to build, and from look to look.
//
//	decisions COUNT [fixed]
//
// COUNT senders leak, none of them with "fixed". Each line of standard input leaks five more and is
// answered with MORE.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

type server struct{ answer int }

//go:noinline
func (s *server) notify(c chan int) { c <- s.answer }

// handle leaves before the answer is there.
//
//go:noinline
func (s *server) handle() {
	c := make(chan int)
	go s.notify(c)
}

// await waits in a closure for what nobody closes.
//
//go:noinline
func (s *server) await() {
	done := make(chan struct{})
	go func() { <-done }()
}

//go:noinline
func drain[T any](c chan T) {
	for range c {
	}
}

// choose waits in a select of which no case comes.
//
//go:noinline
func choose(a, b chan int) {
	select {
	case <-a:
	case b <- 1:
	}
}

//go:noinline
func leak(s *server, count int) {
	for i := 0; i < count; i++ {
		s.handle()
	}
}

// settle lets what was started block.
func settle() {
	for i := 0; i < 20; i++ {
		time.Sleep(5 * time.Millisecond)
		runtime.GC()
	}
}

func main() {
	s := &server{answer: 42}
	count, _ := strconv.Atoi(os.Args[1])
	if len(os.Args) < 3 {
		leak(s, count)
	}
	s.await()
	go drain(make(chan string))
	go choose(make(chan int), make(chan int))
	settle()
	fmt.Println("READY")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		leak(s, 5)
		settle()
		fmt.Println("MORE")
	}
}
