// Package leaky asks somebody and does not wait for the answer.
package leaky

import (
	"runtime"
	"strings"
	"time"
)

// First gives what comes first, and forgets the other one.
func First() int {
	c := make(chan int)
	for i := 0; i < 2; i++ {
		go ask(c, i)
	}
	return <-c
}

func ask(c chan int, i int) { c <- i }

// Settle waits until so many are parked: one that was just made has not begun to wait.
func Settle(parked int) {
	buffer := make([]byte, 1<<20)
	for strings.Count(string(buffer[:runtime.Stack(buffer, true)]), "[chan send") < parked {
		time.Sleep(time.Millisecond)
	}
}
