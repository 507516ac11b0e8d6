// Goroutines that the runtime stopped in the middle of a loop: what they will send to is in registers
// alone, which an asynchronous preemption has put on their stacks. One processor for all of them, so
// that at any time all but one are stopped.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const spinners = 4

var turns [spinners]int64

//go:noinline
func V_waits(c chan int) { <-c }

//go:noinline
func L_waits(c chan int) { <-c }

// The loop calls nothing, and stop is never set.
//
//go:noinline
func V_spins(c chan int, turn *int64, stop *int32) {
	for atomic.LoadInt32(stop) == 0 {
		*turn++
	}
	c <- 1
}

//go:noinline
func start(turn *int64, stop *int32) {
	c := make(chan int)
	go V_waits(c)
	go V_spins(c, turn, stop)
}

func main() {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	stop := new(int32)
	go L_waits(make(chan int))
	for i := range turns {
		start(&turns[i], stop)
	}
	for i := 0; i < spinners; {
		if atomic.LoadInt64(&turns[i]) > 0 {
			i++
		} else {
			time.Sleep(time.Millisecond)
		}
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
