// growth: what `parked watch` has to tell apart. `growth RATE`: RATE goroutines a second leak at one
// place (leak); a pool of workers takes jobs (worker), five wait for good, each on a channel of its
// own (wait), and goroutines come and go by the dozen, each for up to half a second (visit).
// "leaked N" is printed for "count" on stdin; "exec" there replaces the program with itself.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	leaked int64
	steady []chan int
)

//go:noinline
func leak(never chan int) { never <- 1 }

//go:noinline
func worker(jobs chan int) {
	for range jobs {
	}
}

//go:noinline
func wait(never chan int) { <-never }

//go:noinline
func visit(length time.Duration) {
	done := make(chan int)
	time.AfterFunc(length, func() { close(done) })
	<-done
}

func main() {
	rate, _ := strconv.Atoi(os.Args[1])
	jobs := make(chan int)
	for i := 0; i < 8; i++ {
		go worker(jobs)
	}
	for i := 0; i < 5; i++ {
		steady = append(steady, make(chan int))
		go wait(steady[i])
	}
	go func() {
		for {
			jobs <- 1
			time.Sleep(30 * time.Millisecond)
		}
	}()
	go func() {
		for {
			go visit(time.Duration(rand.Intn(500)) * time.Millisecond)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	if rate > 0 {
		go func() {
			for range time.Tick(time.Second / time.Duration(rate)) {
				go leak(make(chan int))
				atomic.AddInt64(&leaked, 1)
			}
		}()
	}
	time.Sleep(time.Second) // as many visitors as there will be
	fmt.Println("READY", os.Getpid())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "count":
			fmt.Println("leaked", atomic.LoadInt64(&leaked))
		case "exec":
			path, _ := os.Executable()
			fmt.Println(syscall.Exec(path, os.Args, os.Environ()))
		}
	}
}
