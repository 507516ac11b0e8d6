// gen: block N goroutines in a mix of ways, then print READY and wait. With -profile it asks the runtime
// which of them are leaked instead (Go 1.27, or 1.26 with GOEXPERIMENT=goroutineleakprofile) and prints
// how many seconds that took. With -leaked it prints them, and then waits as without.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type job struct {
	id   int
	data [64]byte
}

//go:noinline
func sender(c chan int, v int) { c <- v }

//go:noinline
func receiver(c chan int) { <-c }

//go:noinline
func selector(a, b chan int, done chan struct{}) {
	select {
	case <-a:
	case b <- 1:
	case <-done:
	}
}

//go:noinline
func locker(mu *sync.Mutex) { mu.Lock(); mu.Unlock() }

//go:noinline
func waiter(wg *sync.WaitGroup) { wg.Wait() }

//go:noinline
func ranger(c chan *job) {
	for j := range c {
		_ = j
	}
}

var (
	live = make(chan int)
	stop = make(chan struct{})
)

//go:noinline
func poll() {
	ticker := time.NewTicker(time.Hour)
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

func main() {
	n := flag.Int("n", 1000, "goroutines")
	ask := flag.Bool("profile", false, "ask the runtime for its goroutineleak profile")
	leaked := flag.Bool("leaked", false, "print that profile before READY")
	tickers := flag.Int("tickers", 0, "goroutines besides that a ticker wakes and somebody can stop")
	flag.Parse()
	for i := 0; i < *tickers; i++ {
		go poll()
	}
	for i := 0; i < *n; i++ {
		switch i % 8 {
		case 0, 1:
			c := make(chan int)
			go sender(c, i)
		case 2:
			c := make(chan int)
			go receiver(c)
		case 3:
			go selector(make(chan int), make(chan int), make(chan struct{}))
		case 4:
			mu := new(sync.Mutex)
			mu.Lock()
			go locker(mu)
		case 5:
			wg := new(sync.WaitGroup)
			wg.Add(1)
			go waiter(wg)
		case 6:
			go ranger(make(chan *job, 4))
		case 7:
			go receiver(live)
		}
	}
	for i := 0; i < 100; i++ {
		time.AfterFunc(time.Hour+time.Duration(i)*time.Second, func() { fmt.Println(i) })
	}
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	if *ask {
		profile := pprof.Lookup("goroutineleak")
		if profile == nil {
			fmt.Println("no goroutineleak profile in", runtime.Version())
			os.Exit(1)
		}
		start := time.Now()
		profile.WriteTo(io.Discard, 0)
		fmt.Println("PROFILE", time.Since(start).Seconds())
		return
	}
	if *leaked {
		if err := pprof.Lookup("goroutineleak").WriteTo(os.Stdout, 2); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("READY", os.Getpid(), runtime.NumGoroutine())
	for {
		time.Sleep(time.Second)
		if time.Now().Unix() == 0 {
			live <- 1
		}
	}
}
