// A Go library in a program of another language, built with -buildmode=c-shared or c-archive. What
// its goroutines do is asked for by exported functions.
package main

/*
typedef void (*callback)(void);
static void call(callback f) { f(); }
extern void Blocked(void);
static void callBlocked(void) { call(Blocked); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

var (
	jobs     = make(chan int)
	answers  = make(chan int)
	sessions = map[int]chan string{}
)

func worker() {
	for job := range jobs {
		answers <- job
	}
}

func leak() {
	c := make(chan string)
	c <- "nobody listens"
}

func registered(c chan string) { <-c }

// Serve starts n workers and n goroutines that wait for something a global leads to.
//
//export Serve
func Serve(n C.int) {
	for i := 0; i < int(n); i++ {
		sessions[i] = make(chan string)
		go worker()
		go registered(sessions[i])
	}
}

// Leak starts n goroutines that can never run again.
//
//export Leak
func Leak(n C.int) {
	for i := 0; i < int(n); i++ {
		go leak()
	}
}

// Wait blocks the thread of C that calls it.
//
//export Wait
func Wait() { <-answers }

// Blocked is called by C code that Go has called.
//
//export Blocked
func Blocked() { <-answers }

// Through goes to C and back to Go, and blocks there. Only its own frame has the channel that the
// goroutine it starts waits for.
//
//export Through
func Through() {
	result := make(chan int)
	go func() { <-result }()
	C.callBlocked()
	result <- 1
}

type refused struct{ code int }

func (r refused) Error() string { return fmt.Sprint("refused: ", r.code) }

// Panic ends the process.
//
//export Panic
func Panic() { panic(refused{code: 7}) }

// Settle returns when the other goroutines have parked, and Dump prints Go's traceback of them all.
//
//export Settle
func Settle() {
	for i := 0; i < 3; i++ {
		time.Sleep(20 * time.Millisecond)
		runtime.GC()
	}
}

//export Dump
func Dump() {
	buffer := make([]byte, 1<<20)
	text := string(buffer[:runtime.Stack(buffer, true)])
	os.Stdout.WriteString(strings.TrimSpace(text) + "\n\n")
}

func main() {}
