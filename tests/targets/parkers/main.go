// Parkers: goroutines that park themselves with runtime.gopark, as some schedulers of coroutines do,
// each with another of the runtime's wait reasons. Whoever has their g can wake them at any time, and
// main does, when it is told to. Each has a channel that somebody else waits on.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"
)

//go:linkname gopark runtime.gopark
func gopark(unlockf func(unsafe.Pointer, unsafe.Pointer) bool, lock unsafe.Pointer, reason uint8, traceReason uint8, skip int)

//go:linkname goready runtime.goready
func goready(gp unsafe.Pointer, skip int)

var (
	parked [256]uintptr // their gs, of which the collector need not know
	woken  int32
)

func commit(g unsafe.Pointer, slot unsafe.Pointer) bool {
	*(*uintptr)(slot) = uintptr(g)
	return true
}

//go:noinline
func U_parker(reason int, c chan int) {
	gopark(commit, unsafe.Pointer(&parked[reason]), uint8(reason), 0, 1)
	close(c)
	atomic.AddInt32(&woken, 1)
}

//go:noinline
func V_held(c chan int) {
	<-c
	atomic.AddInt32(&woken, 1)
}

func main() {
	reasons, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	for reason := 0; reason < reasons; reason++ {
		c := make(chan int)
		go U_parker(reason, c)
		go V_held(c)
	}
	for i := 0; i < reasons; i++ {
		for *(*uintptr)(unsafe.Pointer(&parked[i])) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	fmt.Println("READY", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	for i := 0; i < reasons; i++ {
		goready(*(*unsafe.Pointer)(unsafe.Pointer(&parked[i])), 1)
	}
	time.Sleep(200 * time.Millisecond)
	fmt.Println("woken", atomic.LoadInt32(&woken))
	time.Sleep(time.Hour)
}
