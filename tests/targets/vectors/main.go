// Channels that are known to one thread alone, in its registers, as the elements of a slice are for a
// moment while memmove shifts them. Nobody here uses the pointers; what counts is who has them.
package main

import (
	"fmt"
	"runtime/debug"
	"time"
	"unsafe"
)

const key = 0x5555555555555555

// spin decodes its arguments into a general register, the low half of a vector register and the high
// half of another one, and never returns.
func spin(general, low, high uintptr)

//go:noinline
func inGeneral(c chan int) { <-c }

//go:noinline
func inVector(c chan int) { <-c }

//go:noinline
func inUpperHalf(c chan int) { <-c }

//go:noinline
func nowhere(c chan int) { <-c }

//go:noinline
func start(wait func(chan int)) uintptr {
	c := make(chan int)
	go wait(c)
	return uintptr(*(*unsafe.Pointer)(unsafe.Pointer(&c))) ^ key
}

func main() {
	debug.SetGCPercent(-1) // a collection would wait for spin for ever
	general, low, high := start(inGeneral), start(inVector), start(inUpperHalf)
	start(nowhere)
	time.Sleep(100 * time.Millisecond)
	go spin(general, low, high)
	time.Sleep(100 * time.Millisecond)
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
