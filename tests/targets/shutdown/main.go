// Command shutdown starts workers that a server stops when it is shut down: those of V somebody has
// the server of, those of L nobody.
package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"time"
)

const (
	each = 8
	// So far apart that nobody is just being woken when the program is looked at.
	tick = time.Hour
)

var servers []*http.Server

type worker struct{ stop chan struct{} }

func (w *worker) Stop() { close(w.stop) }

//go:noinline
func (w *worker) run() {
	ticker := time.NewTicker(tick)
	for {
		select {
		case <-ticker.C:
		case <-w.stop:
			return
		}
	}
}

//go:noinline
func serverOf(w *worker) *http.Server {
	server := &http.Server{}
	server.RegisterOnShutdown(w.Stop)
	return server
}

//go:noinline
func V_registered() {
	w := &worker{make(chan struct{})}
	servers = append(servers, serverOf(w))
	go w.run()
}

//go:noinline
func L_registered() {
	w := &worker{make(chan struct{})}
	serverOf(w)
	go w.run()
}

func main() {
	runtime.GOMAXPROCS(2)
	for i := 0; i < each; i++ {
		V_registered()
		L_registered()
	}
	fmt.Println("READY", os.Getpid(), runtime.NumGoroutine())
	time.Sleep(time.Hour)
}
