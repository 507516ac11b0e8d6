// A client and servers of net/http in states the program knows of: it prints, for each, what
// parked must find. Every server listens on the loopback.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"time"
)

var (
	hold    = make(chan struct{})
	bodies  []*http.Response // kept open, and reachable
	clients []*http.Client
)

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/quick", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 1<<20))
	})
	// More than a client of HTTP/2 takes before somebody reads.
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 16<<20))
	})
	mux.HandleFunc("/trickle", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("first"))
		w.(http.Flusher).Flush()
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/never", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	return mux
}

func get(client *http.Client, url string) *http.Response {
	response, err := client.Get(url)
	if err != nil {
		panic(err)
	}
	return response
}

func drain(response *http.Response) {
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

// An idle connection each: they are made at the same time.
func idle(client *http.Client, url string, count int) {
	var wg sync.WaitGroup
	responses := make([]*http.Response, count)
	for i := range responses {
		i := i
		wg.Add(1)
		go func() {
			defer wg.Done()
			responses[i] = get(client, url+"/large")
		}()
	}
	wg.Wait()
	for _, response := range responses {
		drain(response)
	}
}

func trusting(server *httptest.Server) *http.Client {
	return server.Client()
}

func main() {
	plain := httptest.NewServer(handler())
	secure := httptest.NewTLSServer(handler())
	two := httptest.NewUnstartedServer(handler())
	two.EnableHTTP2 = true
	two.StartTLS()

	// http.DefaultTransport: two idle connections.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 4
	idle(http.DefaultClient, plain.URL, 2)
	fmt.Printf("HTTP default http %s idle=2\n", plain.Listener.Addr())

	// A client of its own: one open body, one request without an answer, one idle.
	private := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	clients = append(clients, private)
	idle(private, plain.URL, 1)
	go get(private, plain.URL+"/never")
	time.Sleep(100 * time.Millisecond)
	bodies = append(bodies, get(private, plain.URL+"/large"))
	idle(private, plain.URL, 1)
	fmt.Printf("HTTP private http %s idle=1 body=1 waiting=1\n", plain.Listener.Addr())

	// HTTPS and HTTP/2.
	safe := trusting(secure)
	clients = append(clients, safe)
	drain(get(safe, secure.URL+"/quick"))
	fmt.Printf("HTTP private https %s idle=1\n", secure.Listener.Addr())
	multi := trusting(two)
	clients = append(clients, multi)
	go get(multi, two.URL+"/never")
	go get(multi, two.URL+"/never")
	time.Sleep(200 * time.Millisecond)
	bodies = append(bodies, get(multi, two.URL+"/huge"))
	read := get(multi, two.URL+"/trickle")
	go drain(read)
	time.Sleep(200 * time.Millisecond)
	fmt.Printf("HTTP2 private https %s streams=4 waiting=2 body=1 reading=1\n", two.Listener.Addr())

	// One connection at most, and it is taken.
	narrow := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	clients = append(clients, narrow)
	go get(narrow, plain.URL+"/never")
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go get(narrow, plain.URL+"/quick")
	}
	fmt.Printf("HTTP narrow http %s waiting=1 waiters=3 max=1\n", plain.Listener.Addr())

	// A peer that accepts and never says a word.
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	silent := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	clients = append(clients, silent)
	go get(silent, "https://"+mute.Addr().String()+"/")
	fmt.Printf("HTTP silent https %s handshake=1\n", mute.Addr())

	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	fmt.Println("READY")
	os.Stdout.Sync()
	time.Sleep(time.Hour)
	runtime.KeepAlive(clients)
	runtime.KeepAlive(bodies)
	runtime.KeepAlive(mute)
}
