// Command daemons starts goroutines that nobody can stop and nobody is meant to, by functions whose
// names begin with D, and as many of a kind as a leak leaves behind, by L.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	cpus   = 6
	pool   = 16
	leaked = 6
	// So far apart that nobody is just being woken when the program is looked at.
	tick = time.Hour
)

type flusher struct {
	mu     sync.Mutex
	buffer []byte
	stop   chan struct{}
}

//go:noinline
func (f *flusher) run() {
	ticker := time.NewTicker(tick)
	for {
		select {
		case <-ticker.C:
			f.mu.Lock()
			f.buffer = f.buffer[:0]
			f.mu.Unlock()
		case <-f.stop:
			return
		}
	}
}

func newFlusher() *flusher { return &flusher{stop: make(chan struct{})} }

// D_flush is one of a kind.
//
//go:noinline
func D_flush() { go newFlusher().run() }

//go:noinline
func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go read(c)
	}
}

//go:noinline
func read(c net.Conn) {
	buffer := make([]byte, 16)
	for {
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}

// D_server is started by main, which keeps nothing of it.
//
//go:noinline
func D_server() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(l)
	return l.Addr().String()
}

//go:noinline
func D_oneForEachCPU() {
	for i := 0; i < cpus; i++ {
		go newFlusher().run()
	}
}

//go:noinline
func D_pool() {
	for i := 0; i < pool; i++ {
		go func() {
			for n := 0; ; n++ {
				time.Sleep(tick)
			}
		}()
	}
}

// L_leaked is called over the life of the program.
//
//go:noinline
func L_leaked() { go newFlusher().run() }

func comeAndGo() {
	var all sync.WaitGroup
	for i := 0; i < 64; i++ {
		all.Add(1)
		go all.Done()
	}
	all.Wait()
}

var clients []net.Conn

func main() {
	runtime.GOMAXPROCS(cpus)
	D_pool()
	D_oneForEachCPU()
	D_flush()
	for i := 0; i < 2; i++ {
		c, err := net.Dial("tcp", D_server())
		if err != nil {
			panic(err)
		}
		clients = append(clients, c)
	}
	for i := 0; i < leaked; i++ {
		comeAndGo()
		L_leaked()
	}
	fmt.Println("READY", os.Getpid(), runtime.NumGoroutine())
	time.Sleep(time.Hour)
	runtime.KeepAlive(clients)
}
