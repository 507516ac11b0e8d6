package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// --- a hub and its clients, as the websocket tutorials build them

type client struct {
	conn net.Conn
	send chan string
}

type hub struct {
	mu      sync.Mutex
	clients map[*client]bool
}

var chat = &hub{clients: map[*client]bool{}}

func (h *hub) readPump(c *client) {
	defer func() {
		h.mu.Lock()
		delete(h.clients, c)
		h.mu.Unlock()
		close(c.send)
		c.conn.Close()
	}()
	s := bufio.NewScanner(c.conn)
	for s.Scan() {
		h.mu.Lock()
		for o := range h.clients {
			select {
			case o.send <- s.Text():
			default:
			}
		}
		h.mu.Unlock()
	}
}

func (c *client) writePings() {
	ping := time.NewTicker(54 * time.Second)
	defer ping.Stop()
	for {
		select {
		case m, ok := <-c.send:
			if !ok {
				return
			}
			fmt.Fprintln(c.conn, m)
		case <-ping.C:
			fmt.Fprintln(c.conn, "ping")
		}
	}
}

func (c *client) writeOnly() {
	for m := range c.send {
		fmt.Fprintln(c.conn, m)
	}
}

func clients(n int, write func(*client)) {
	for i := 0; i < n; i++ {
		server, _ := connect()
		c := &client{server, make(chan string, 16)}
		chat.mu.Lock()
		chat.clients[c] = true
		chat.mu.Unlock()
		go chat.readPump(c)
		go write(c)
	}
}

// --- a worker for each connection, and what waits for its end

type session struct {
	conn   net.Conn
	jobs   chan []byte
	wakeup chan struct{} // holds one token, as gRPC's control buffer
	done   chan struct{}
}

func (s *session) read(cancel context.CancelFunc) {
	defer cancel()
	defer close(s.done)
	defer close(s.jobs)
	buffer := make([]byte, 512)
	for {
		n, err := s.conn.Read(buffer)
		if err != nil {
			return
		}
		s.jobs <- buffer[:n]
		select {
		case s.wakeup <- struct{}{}:
		default:
		}
	}
}

func (s *session) work() {
	for job := range s.jobs {
		s.conn.Write(job)
	}
}

func (s *session) flush() {
	for {
		select {
		case <-s.wakeup:
		case <-s.done:
			return
		}
	}
}

func (s *session) closeAtEnd(ctx context.Context) {
	<-ctx.Done()
	s.conn.Close()
}

func sessions(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	kept = append(kept, cancel)
	for i := 0; i < n; i++ {
		server, _ := connect()
		s := &session{server, make(chan []byte), make(chan struct{}, 1), make(chan struct{})}
		own, cancel := context.WithCancel(ctx)
		go s.read(cancel)
		go s.work()
		go s.flush()
		go s.closeAtEnd(own)
	}
}

// --- a proxy: who accepted waits for the two that copy

func proxy(client, backend net.Conn) {
	var both sync.WaitGroup
	both.Add(2)
	pass := func(to, from net.Conn) {
		defer both.Done()
		io.Copy(to, from)
		to.Close()
	}
	go pass(backend, client)
	go pass(client, backend)
	both.Wait()
}

// --- a chain: the reader wakes the multiplexer, and that one who takes requests of a kind

type mux struct {
	packets  chan []byte
	requests chan string
}

func readPackets(conn net.Conn, m *mux) {
	defer close(m.packets)
	buffer := make([]byte, 512)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		m.packets <- buffer[:n]
	}
}

func (m *mux) loop() {
	defer close(m.requests)
	for packet := range m.packets {
		m.requests <- string(packet)
	}
}

func discard(requests <-chan string) {
	for range requests {
	}
}

// --- HTTP: server-sent events, idle connections, HTTP/2

var (
	subscribers     sync.Map
	inside, release = make(chan bool), make(chan struct{})
)

func events(w http.ResponseWriter, r *http.Request) {
	own := make(chan string)
	subscribers.Store(r, own)
	defer subscribers.Delete(r)
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	inside <- true
	for {
		select {
		case event := <-own:
			fmt.Fprintln(w, event)
		case <-r.Context().Done():
			return
		}
	}
}

func together(w http.ResponseWriter, r *http.Request) {
	inside <- true
	<-release
}

func get(client *http.Client, url string) {
	response := must(client.Get(url))
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

func serve(n int) {
	routes := http.NewServeMux()
	routes.HandleFunc("/events", events)
	routes.HandleFunc("/together", together)
	server := httptest.NewServer(routes)
	kept = append(kept, server)
	for i := 0; i < n; i++ {
		conn := must(net.Dial("tcp", server.Listener.Addr().String()))
		fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
		kept = append(kept, conn)
		<-inside
	}
	expected["main.events"] = n

	transport := &http.Transport{MaxIdleConnsPerHost: n}
	kept = append(kept, transport)
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer all.Done()
			get(&http.Client{Transport: transport}, server.URL+"/together")
		}()
	}
	for i := 0; i < n; i++ {
		<-inside
	}
	close(release)
	all.Wait()
	expected["net/http.(*persistConn).writeLoop"] = n

	two := httptest.NewUnstartedServer(http.NotFoundHandler())
	two.EnableHTTP2 = true
	two.StartTLS()
	kept = append(kept, two)
	for i := 0; i < n; i++ {
		own := two.Client().Transport.(*http.Transport).Clone()
		kept = append(kept, own)
		get(&http.Client{Transport: own}, two.URL)
	}
}

// --- workers of one queue, and who waits for the end

type queue struct {
	change *sync.Cond
	jobs   []int
}

func (q *queue) get() int {
	q.change.L.Lock()
	defer q.change.L.Unlock()
	for len(q.jobs) == 0 {
		q.change.Wait()
	}
	job := q.jobs[0]
	q.jobs = q.jobs[1:]
	return job
}

func take(jobs chan int, quit chan struct{}) {
	select {
	case <-jobs:
	case <-quit:
	}
}

func shutDown(ctx context.Context) { <-ctx.Done() }

func healthy(n int) {
	clients(n, (*client).writePings)
	clients(n, (*client).writeOnly)
	expected["main.(*client).writePings"], expected["main.(*client).writeOnly"] = n, n
	sessions(n)
	for _, name := range []string{"work", "flush", "closeAtEnd"} {
		expected["main.(*session)."+name] = n
	}
	for i := 0; i < n; i++ {
		server, _ := connect()
		backend, _ := connect()
		go proxy(server, backend)
	}
	expected["main.proxy"] = n
	for i := 0; i < n; i++ {
		server, _ := connect()
		m := &mux{make(chan []byte), make(chan string)}
		go readPackets(server, m)
		go m.loop()
		go discard(m.requests)
	}
	expected["main.(*mux).loop"], expected["main.discard"] = n, n
	serve(n)

	few := 40
	q := &queue{change: sync.NewCond(&sync.Mutex{})}
	jobs, quit := make(chan int), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	kept = append(kept, q, jobs, quit, cancel)
	for i := 0; i < few; i++ {
		go q.get()
		go take(jobs, quit)
		go shutDown(ctx)
	}
	expected["main.(*queue).get"], expected["main.take"], expected["main.shutDown"] = few, few, few
}
