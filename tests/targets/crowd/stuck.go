package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// --- answers that nobody takes, and that a registry keeps

type job struct{ answer chan int }

var registry sync.Map

func (j *job) run() { j.answer <- 1 }

// --- calls over one connection, of which no answer comes

type rpc struct {
	conn    net.Conn
	mu      sync.Mutex
	pending map[int]chan string
}

func (r *rpc) read() {
	buffer := make([]byte, 512)
	for {
		n, err := r.conn.Read(buffer)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.pending[int(buffer[0])] <- string(buffer[:n])
		r.mu.Unlock()
	}
}

func (r *rpc) call(i int) string {
	answer := make(chan string, 1)
	r.mu.Lock()
	r.pending[i] = answer
	r.mu.Unlock()
	return <-answer
}

// --- handlers that wait for one of a few connections, as long as their client does

var (
	connections = make(chan net.Conn, 3)
	entered     = make(chan bool)
)

func query(w http.ResponseWriter, r *http.Request) {
	entered <- true
	select {
	case c := <-connections:
		connections <- c
	case <-r.Context().Done():
	}
}

// --- tokens that are not given back, and a start that nobody gives

type tokens chan struct{}

func (t tokens) get() { <-t }
func (t tokens) put() { t <- struct{}{} }

var (
	places, slots = make(tokens, 3), make(tokens, 3)
	started       sync.WaitGroup
)

func waitForStart() { started.Wait() }

// --- requests on one HTTP/2 connection whose peer has stopped to read

type frozen struct {
	net.Conn
	stop chan struct{}
}

func (c *frozen) Read(p []byte) (int, error) {
	select {
	case <-c.stop:
		select {} // for good
	default:
	}
	if len(p) > 512 {
		p = p[:512]
	}
	return c.Conn.Read(p)
}

type frozenListener struct {
	net.Listener
	stop chan struct{}
}

func (l frozenListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn.(*net.TCPConn).SetReadBuffer(4096)
	return &frozen{conn, l.stop}, nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func freeze(n int) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))
	server.EnableHTTP2 = true
	stop := make(chan struct{})
	server.Listener = frozenListener{server.Listener, stop}
	server.StartTLS()
	transport := server.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.Certificates = []tls.Certificate{}
	client := &http.Client{Transport: transport}
	get(client, server.URL+"/first")
	close(stop)
	kept = append(kept, server, client)
	for i := 0; i < n; i++ {
		request := must(http.NewRequest("POST", server.URL, endless{}))
		go client.Do(request)
	}
}

func stuck(n int) {
	for i := 0; i < n; i++ {
		j := &job{make(chan int)}
		registry.Store(i, j)
		go j.run()
	}
	server, _ := connect()
	r := &rpc{conn: server, pending: map[int]chan string{}}
	go r.read()
	for i := 0; i < n; i++ {
		go r.call(i)
	}
	web := httptest.NewServer(http.HandlerFunc(query))
	for i := 0; i < n; i++ {
		conn := must(net.Dial("tcp", web.Listener.Addr().String()))
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		kept = append(kept, conn)
		<-entered
	}
	expected["main.(*job).run"], expected["main.(*rpc).call"], expected["main.query"] = n, n, n

	few := 40
	started.Add(1)
	for i := 0; i < cap(slots); i++ {
		slots.put()
	}
	for i := 0; i < few; i++ {
		go places.get()
		go slots.put()
		go waitForStart()
	}
	for _, name := range []string{"tokens.get", "tokens.put", "waitForStart"} {
		expected["main."+name] = few
	}
	freeze(20)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	<-ctx.Done()
}
