// A service with leaks that writes what net/http/pprof would give of itself to the folder it runs in: the profiles
// goroutine and goroutineleak (from Go 1.27 on) in each form, as goroutine.0, .1 and .2.
//
//	profiled COUNT
//
// COUNT senders leak at one place. A line on standard input makes it panic.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"parked.test/profiled/queue"
)

var (
	lock sync.Mutex
	held sync.RWMutex
	done sync.WaitGroup
)

//go:noinline
func locked() {
	lock.Lock()
	defer lock.Unlock()
}

//go:noinline
func sleeper() { time.Sleep(time.Hour) }

//go:noinline
func reader() { held.RLock() }

//go:noinline
func waiter() { done.Wait() }

func write(name string) error {
	profile := pprof.Lookup(name)
	for debug := 0; debug <= 2 && profile != nil; debug++ {
		file, err := os.Create(fmt.Sprintf("%s.%d", name, debug))
		if err != nil {
			return err
		}
		if err := profile.WriteTo(file, debug); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	lock.Lock()
	held.Lock()
	done.Add(1)
	for i := 0; i < count; i++ {
		queue.Ask()
	}
	go queue.Choose(make(chan int), make(chan int))
	go locked()
	go sleeper()
	go reader()
	go waiter()
	time.Sleep(100 * time.Millisecond)
	for _, name := range []string{"goroutineleak", "goroutine"} {
		if err := write(name); err != nil {
			panic(err)
		}
	}
	fmt.Println("READY", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	panic("told to")
}
