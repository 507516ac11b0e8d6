// leakyweb is a small web service with the goroutine leaks real services have. It makes its own
// requests, all on loopback, and prints READY once every leak has settled.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"parked.test/leakyweb/cache"
	"parked.test/leakyweb/mailer"
	"parked.test/leakyweb/orders"
	"parked.test/leakyweb/upstream"
)

func main() {
	n := flag.Int("n", 10, "requests to each leaky endpoint")
	flag.Parse()

	runtime.GOMAXPROCS(4) // as in a container: what it reports is the same on every machine

	mux := http.NewServeMux()
	mux.HandleFunc("/price", orders.Price)
	mux.HandleFunc("/export", orders.Export)
	mux.HandleFunc("/import", orders.Import)
	mux.HandleFunc("/watch", orders.Watch)
	mux.HandleFunc("/follow", orders.Follow)
	mux.HandleFunc("/blob", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1<<20)) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var open int32 // connections to the service
	server := &http.Server{Handler: mux, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			atomic.AddInt32(&open, 1)
		case http.StateClosed:
			atomic.AddInt32(&open, -1)
		}
	}}
	go server.Serve(listener)
	base := "http://" + listener.Addr().String()

	client := &http.Client{Timeout: 5 * time.Second}
	for i := 0; i < *n; i++ {
		for _, path := range []string{"/price", "/export", "/import", "/watch", "/follow"} {
			response, err := client.Get(base + path)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			response.Body.Close()
		}
	}
	// A connection is idle only some time after its response has been read.
	for atomic.LoadInt32(&open) > 0 {
		client.CloseIdleConnections()
		time.Sleep(time.Millisecond)
	}

	store := cache.New()
	for i := 0; i < 3; i++ {
		store.Refresh()
	}
	store.Contend(3)
	mailer.Start()
	for i := 0; i < 3; i++ {
		upstream.FetchAndForget(base + "/blob")
		upstream.OwnTransport(base + "/blob")
	}
	upstream.HangInHandshake()
	upstream.Starve(base+"/slow", 2)
	pprof.Do(context.Background(), pprof.Labels("tenant", "acme"), func(context.Context) {
		go orders.Audit()
	})

	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	time.Sleep(100 * time.Millisecond)
	truth := map[string]interface{}{
		"goroutines":    runtime.NumGoroutine(),
		"requests":      *n,
		"price_senders": 2 * *n,
	}
	json.NewEncoder(os.Stdout).Encode(truth)
	fmt.Println("READY", os.Getpid())
	select {}
}
