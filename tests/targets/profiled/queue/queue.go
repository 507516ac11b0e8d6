// Package queue loses answers.
package queue

// Ask asks and does not wait for the answer.
//
//go:noinline
func Ask() {
	answers := make(chan int)
	go send(answers)
}

//go:noinline
func send(answers chan<- int) { answers <- 1 }

// Choose waits for two channels.
//
//go:noinline
func Choose(a <-chan int, b chan<- int) {
	select {
	case <-a:
	case b <- 1:
	}
}
