// family: goroutines that know who created them. `family N` has a chain of N goroutines, each
// created by the one before. Prints the creator of every living goroutine by goid.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sessions = 20
	workers  = 5
	timers   = 3
)

var (
	mu      sync.Mutex
	parents = map[string]string{}
	alive   = make(chan bool) // nobody closes it before the end
	events  = make(chan bool, 1<<20)
)

func goid() string {
	var text [64]byte
	return strings.Fields(string(text[:runtime.Stack(text[:], false)]))[1]
}

func born(parent string) {
	mu.Lock()
	parents[goid()] = parent
	mu.Unlock()
	events <- true
}

func gone() {
	mu.Lock()
	delete(parents, goid())
	mu.Unlock()
	events <- true
}

func writer(parent string, out chan int) {
	born(parent)
	out <- 1
}

func session(parent string, odd bool) {
	born(parent)
	if odd {
		go writer(goid(), make(chan int))
	}
	<-alive
}

func worker(parent string) {
	born(parent)
	<-alive
}

// fanout ends and leaves its workers behind.
func fanout(parent string) {
	born(parent)
	for i := 0; i < workers; i++ {
		go worker(goid())
	}
	gone()
}

// grandfather ends, and so does the one child that it has.
func grandfather(parent string) {
	born(parent)
	go fanout(goid())
	gone()
}

func link(parent string, left int) {
	born(parent)
	if left > 1 {
		go link(goid(), left-1)
	}
	<-alive
}

func server(parent string) {
	born(parent)
	for i := 0; i < sessions; i++ {
		go session(goid(), i%2 == 1)
	}
	<-alive
}

func main() {
	deep, _ := strconv.Atoi(os.Args[1])
	go server(goid())
	go fanout(goid())
	go grandfather(goid())
	go link(goid(), deep)
	for i := 0; i < timers; i++ {
		time.AfterFunc(0, func() { worker("") })
	}
	ends, births := 3, 1+sessions+sessions/2+3+2*workers+deep+timers
	for i := 0; i < ends+births; i++ {
		<-events
	}
	for goroutinesEnding() {
		time.Sleep(time.Millisecond)
	}
	truth, _ := json.Marshal(parents)
	fmt.Printf("%s\nREADY %d\n", truth, os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	close(alive)
}

// goroutinesEnding: those that have said so may still be on their way out.
func goroutinesEnding() bool {
	return runtime.NumGoroutine() > len(parents)+1
}
