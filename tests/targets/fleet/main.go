// A service of a fleet. Which leaks its code has, the tags of a build say, each a file of its own;
// how many goroutines each of them has leaked by now is told when it is started.
//
//	fleet LEAK=COUNT…
//
// A leak that the build does not have is refused. "-ldflags=-X main.build=NAME" tells a build from
// the next one with the same leaks.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var (
	build string
	leaks = map[string]func(count int){}
	jobs  = make(chan int)
	stop  = make(chan struct{})
)

// work is healthy: main has its channel.
//
//go:noinline
func work() {
	for range jobs {
	}
}

// flush is healthy: main has what stops it.
//
//go:noinline
func flush() {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

func main() {
	// Orphans are background work when there are no more of them than processors.
	runtime.GOMAXPROCS(2)
	for i := 0; i < 4; i++ {
		go work()
	}
	go flush()
	for _, word := range os.Args[1:] {
		name, value, _ := strings.Cut(word, "=")
		count, err := strconv.Atoi(value)
		leak, known := leaks[name]
		if err != nil || !known {
			fmt.Println("no such leak in build", build, ":", word)
			os.Exit(2)
		}
		leak(count)
	}
	for i := 0; i < 4; i++ {
		time.Sleep(5 * time.Millisecond)
		runtime.GC()
	}
	fmt.Println("READY", build)
	time.Sleep(time.Hour)
	close(jobs)
	close(stop)
}
