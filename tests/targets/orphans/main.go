// Command orphans starts workers that the clock or the network wakes again and again. Nobody can
// stop those whose creator begins with L; of those that begin with V somebody has what stops them.
// S belongs to the server that both talk to.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

const each = 8

// worker stops when its channel is closed.
type worker struct {
	stop   chan struct{}
	mu     sync.Mutex
	closed bool
	count  int
	timer  *time.Timer
}

func newWorker() *worker { return &worker{stop: make(chan struct{})} }

func (w *worker) Stop() { close(w.stop) }

// run has a ticker beside its stop channel.
//
//go:noinline
func (w *worker) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.count++
		case <-w.stop:
			return
		}
	}
}

// So far apart that nobody is just being woken when the program is looked at.
const tick = time.Hour

// loop looks at a field each time it wakes.
//
//go:noinline
func (w *worker) loop() {
	for {
		time.Sleep(tick)
		w.mu.Lock()
		closed := w.closed
		w.count++
		w.mu.Unlock()
		if closed {
			return
		}
	}
}

var server net.Listener

func serve() {
	for {
		c, err := server.Accept()
		if err != nil {
			return
		}
		go func() {
			r := bufio.NewReader(c)
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				fmt.Fprint(c, line)
			}
		}()
	}
}

//go:noinline
func S_server() { go serve() }

func dial() net.Conn {
	c, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		panic(err)
	}
	return c
}

// read reads until the connection is closed.
//
//go:noinline
func read(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(-1) // finalizers run when the test wants
	var err error
	if server, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		panic(err)
	}
	S_server()
	var mine [each]*worker
	for i := 0; i < each; i++ {
		for _, start := range lost {
			start()
		}
		mine[i] = V_onMainStack()
		for _, start := range held {
			start()
		}
		defer V_deferred()()
	}
	fmt.Println("READY", os.Getpid(), runtime.NumGoroutine())
	time.Sleep(time.Hour)
	for _, w := range mine {
		w.Stop()
	}
}
