// generics: goroutines in instances of generic functions and methods. Of some the types can be told, as one
// instance alone has the shape; an id and an int have one shape, and so have all pointers.
package main

import (
	"fmt"
	"os"
	"sync"
)

type id int

type order struct{ number int }

var ready sync.WaitGroup

//go:noinline
func worker[T any](c chan T, v T) {
	ready.Done()
	c <- v
}

//go:noinline
func send[T any](c chan T, v T) {
	ready.Done()
	c <- v
}

//go:noinline
func outer[T any](c chan T) { inner(c) }

//go:noinline
func inner[T any](c chan T) {
	ready.Done()
	<-c
}

type box[T any] struct{ c chan T }

//go:noinline
func (b *box[T]) put(v T) {
	ready.Done()
	b.c <- v
}

//go:noinline
func (b box[T]) get() {
	ready.Done()
	<-b.c
}

//go:noinline
func pair[K comparable, V any](c chan V, m map[K]V, k K) {
	ready.Done()
	m[k] = <-c
}

//go:noinline
func literal[T any](c chan T) {
	ready.Add(1)
	go func() {
		ready.Done()
		<-c
	}()
}

// inlined is, so that nobody hands it a dictionary.
func inlined[T any](c chan T) { <-c }

func main() {
	ready.Add(11)
	go worker(make(chan int), 1)
	go worker(make(chan id), 1)
	go send(make(chan string), "a")
	go send(make(chan []order), nil)
	go outer(make(chan *order))
	go (&box[string]{make(chan string)}).put("x")
	go box[float64]{make(chan float64)}.get()
	go pair(make(chan []byte), map[string][]byte{}, "k")
	literal(make(chan uint8))
	go func() {
		ready.Done()
		inlined(make(chan int))
	}()
	go func() {
		ready.Done()
		inlined(make(chan id))
	}()
	f := send[bool]
	go f(make(chan bool), true)
	ready.Wait()
	fmt.Println("READY", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
}
