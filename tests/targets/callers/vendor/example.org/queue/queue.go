// Package queue stands for somebody else's library: its callers block inside of it.
package queue

// Queue has nothing to take.
type Queue struct{ items chan int }

// New starts a goroutine of the library's own.
func New() *Queue {
	q := &Queue{make(chan int)}
	go q.pump()
	return q
}

// Idle is a queue without a goroutine.
func Idle() *Queue { return &Queue{make(chan int)} }

// Take blocks two calls deep.
func (q *Queue) Take() int { return q.next() }

//go:noinline
func (q *Queue) next() int { return <-q.items }

//go:noinline
func (q *Queue) pump() {
	for range make(chan int) {
	}
}

// Each calls back.
//
//go:noinline
func (q *Queue) Each(f func()) { f() }

// Start runs a goroutine which starts another one: that has a library's as its creator.
func Start(stop chan int) {
	go supervise(stop)
}

//go:noinline
func supervise(stop chan int) {
	go work(make(chan int))
	<-stop
}

//go:noinline
func work(c chan int) { <-c }

// Leave starts a goroutine and returns.
//
//go:noinline
func Leave() { go left(make(chan int)) }

//go:noinline
func left(c chan int) { <-c }

// Box is generic.
type Box[T any] struct{ values chan T }

// NewBox makes an empty one.
func NewBox[T any]() *Box[T] { return &Box[T]{make(chan T)} }

// Open blocks.
//
//go:noinline
func (b *Box[T]) Open() T { return <-b.values }
