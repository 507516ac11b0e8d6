// Goroutines that block inside of libraries: in a vendored one, in one that a replace directive
// takes from a folder, in the standard library, in C. Each says which line of whose code is the one
// to be shown.
package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"example.org/queue"
	"parked.test/callers/orders"
	"parked.test/callers/truth"
	"parked.test/near"
)

func start(f func()) {
	truth.Expect()
	go f()
}

func throughNear(q *queue.Queue) {
	truth.Next("queue.(*Queue).next", truth.Own)
	near.Lend(q)
}

func calledBack(q *queue.Queue) {
	q.Each(func() {
		truth.Next("", truth.Own)
		<-make(chan int)
	})
}

func reads(r io.Reader) {
	truth.Next("io.(*pipe).read", truth.Own)
	_, _ = io.ReadAll(r)
}

func sleeps() {
	truth.Next("", truth.Own)
	time.Sleep(time.Hour)
}

func opens[T any](box *queue.Box[T]) {
	truth.Next("queue.(*Box[...]).Open", truth.Own)
	box.Open()
}

// take is the program's own: those who call it are told apart all the same.
//
//go:noinline
func take(c chan int) { <-c }

func first(c chan int)  { take(c) }
func second(c chan int) { take(c) }

// opener ends as soon as the library has left its goroutine behind.
//
//go:noinline
func opener(done chan int) {
	queue.Leave()
	close(done)
}

func main() {
	idle := queue.Idle()
	start(func() { orders.List(idle) })
	start(func() { orders.Show(idle) })
	start(func() { throughNear(idle) })
	start(func() { calledBack(idle) })
	start(sleeps)
	start(func() { opens(queue.NewBox[int]()) })
	start(func() { opens(queue.NewBox[string]()) })
	pipe, _ := io.Pipe()
	start(func() { reads(pipe) })
	near.Start(idle)
	queue.New()
	queue.Start(make(chan int))
	done := make(chan int)
	go opener(done)
	<-done
	c := make(chan int)
	for _, take := range []func(chan int){first, second} {
		go take(c)
	}
	truth.Print()
	runtime.GC()
	fmt.Println("READY")
	select {}
}
