// Never stands still: stacks grow and move, timers are set, changed and stopped, goroutines begin
// and end, locks and channels change hands, the collector runs, code without calls is interrupted.
// Ten goroutines are leaked, and nobody else is; whenever it is looked at, the answer is the same.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

const leaks = 10

//go:noinline
func leaked(c chan int) { <-c }

//go:noinline
func deep(n int) int {
	var pad [64]int
	if n > 0 {
		pad[n%len(pad)] = deep(n - 1)
	}
	return pad[n%len(pad)] + 1
}

// stacks has every new goroutine move its stack several times.
func stacks() {
	for {
		done := make(chan int)
		go func() { done <- deep(40) }()
		<-done
	}
}

// timers has the entries of the timer heaps move.
func timers() {
	for i := 0; ; i++ {
		fired := make(chan int)
		long := time.AfterFunc(time.Hour, func() {})
		time.AfterFunc(20*time.Microsecond, func() { close(fired) })
		long.Reset(time.Minute)
		<-fired
		long.Stop()
		if ticker := time.NewTicker(50 * time.Microsecond); i%4 == 0 {
			<-ticker.C
			ticker.Stop()
		} else {
			ticker.Stop()
		}
	}
}

// messages wakes and parks, with a select and a lock on the way.
func messages(mu *sync.Mutex, counts map[int]int) {
	in, out, quit := make(chan int), make(chan int, 1), make(chan struct{})
	go func() {
		for {
			select {
			case v := <-in:
				out <- v + 1
			case <-quit:
				return
			}
		}
	}()
	for i := 0; ; i++ {
		in <- i
		mu.Lock()
		counts[<-out%64]++
		mu.Unlock()
	}
}

var garbage [64][]*int

// memory allocates, and has the collector shrink stacks that were deep.
func memory() {
	for i := 0; ; i++ {
		words := make([]*int, 1+i%500)
		for j := range words {
			words[j] = new(int)
		}
		garbage[i%len(garbage)] = words
		if i%100 == 0 {
			deep(300)
			time.Sleep(time.Millisecond)
		}
	}
}

// spins is interrupted by signals, as it calls nothing.
func spins(result *int) {
	for {
		x := *result
		for i := 0; i < 20_000_000; i++ {
			x = x*31 + i
		}
		*result = x
		time.Sleep(time.Millisecond)
	}
}

// unwinds panics and recovers behind deferred calls.
func unwinds() {
	for i := 0; ; i++ {
		func() {
			defer func() { recover() }()
			for j := 0; j < 3; j++ {
				defer func() { deep(2) }()
			}
			panic(i)
		}()
		if i%16 == 0 {
			runtime.Gosched()
		}
	}
}

// files goes through system calls and the network poller.
func files() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			fmt.Fprint(conn, line)
			conn.Close()
		}
	}()
	for {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintln(conn, "hello")
		bufio.NewReader(conn).ReadString('\n')
		conn.Close()
	}
}

func main() {
	runtime.GOMAXPROCS(8)
	for i := 0; i < leaks; i++ {
		go leaked(make(chan int))
	}
	var mu sync.Mutex
	counts := map[int]int{}
	var result int
	work := map[string]func(){
		"stacks":   stacks,
		"timers":   timers,
		"messages": func() { messages(&mu, counts) },
		"memory":   memory,
		"spins":    func() { spins(&result) },
		"unwinds":  unwinds,
		"files":    files,
		"turns":    turns,
	}
	for name, f := range work {
		if len(os.Args) > 1 && os.Args[1] != name {
			continue
		}
		for i := 0; i < 4 && (name != "spins" || i < 1); i++ {
			go f()
		}
	}
	time.Sleep(10 * time.Millisecond)
	fmt.Printf("{\"leaked\": %d}\n", leaks)
	fmt.Println("READY", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
}
