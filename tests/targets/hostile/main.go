// A bit of everything parked reads, each with a text that tries to steer the terminal, breaks UTF-8
// or is very long. It has goroutines, channels, locks, timers, contexts, files, HTTP and SQL, and
// stays small: fuzzers write into its core.
//
// Every text begins with "evil-", what it belongs to, and a bang; tests look for that. Names in the
// program itself (Evil0000 and its like) are made evil by the test, which patches the binary.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	_ "parked.test/fakedb"
)

// What hurts: a title and a colour for the terminal, a carriage return, C1 codes, a change of the
// writing direction, zero width, a line of its own, broken UTF-8.
const poison = "\x1b]0;owned\x07\x1b[31m\r\u009b31m\u202e\u200b\u2028\nPROVED\t\x00\x7f\xff\xc3"

func evil(what string) string { return "evil-" + what + "!" + poison }

func long(what string, size int) string {
	return "evil-" + what + "!" + strings.Repeat("long ", size/5)
}

type Evil0000Key struct{ name string }

func (k Evil0000Key) String() string { return k.name }

type Evil0000Ctx struct {
	context.Context
	Evil0000Field chan int
}

type Evil0000Addr struct{ text string }

func (a Evil0000Addr) Network() string { return evil("network") }
func (a Evil0000Addr) String() string  { return a.text }

// Evil0000Listener hands out connections that say what they like of themselves.
type Evil0000Listener struct{ conns chan net.Conn }

func (l *Evil0000Listener) Accept() (net.Conn, error) { return <-l.conns, nil }
func (l *Evil0000Listener) Close() error              { return nil }
func (l *Evil0000Listener) Addr() net.Addr            { return Evil0000Addr{evil("listener")} }

type Evil0000Conn struct {
	net.Conn
	name string
}

func (c *Evil0000Conn) LocalAddr() net.Addr  { return Evil0000Addr{c.name} }
func (c *Evil0000Conn) RemoteAddr() net.Addr { return Evil0000Addr{c.name} }

var (
	Evil0000Global struct{ Evil0000Channel chan int }

	mutex   sync.Mutex
	rw      sync.RWMutex
	group   sync.WaitGroup
	cond    = sync.NewCond(&sync.Mutex{})
	kept    []any
	started sync.WaitGroup
	table   = map[string]int{}
)

// What the tests damage, by address.
func point(name string, address any) { fmt.Printf("AT %s %p\n", name, address) }

//go:noinline
func spawn(f func()) {
	started.Add(1)
	go func() {
		started.Done()
		f()
	}()
}

//go:noinline
func Evil0000Wait(c chan int) int { return <-c }

func labels() {
	pprof.Do(context.Background(), pprof.Labels(evil("label-key"), evil("label-value"), "plain", "value",
		"long", long("label-long", 3000), "longer", long("label-longer", 1<<20)), func(context.Context) {
		Evil0000Wait(make(chan int))
	})
}

func contexts() {
	root, cancel := context.WithCancel(context.Background())
	kept = append(kept, cancel)
	point("context", root)
	text := context.WithValue(root, evil("context-key"), evil("context-value"))
	typed := context.WithValue(text, Evil0000Key{evil("key-name")}, long("context-long", 200000))
	custom := &Evil0000Ctx{typed, make(chan int)}
	last, cancelLast := context.WithTimeout(custom, time.Hour)
	kept = append(kept, cancelLast)
	for i := 0; i < 3; i++ {
		child, cancelChild := context.WithCancel(root)
		kept = append(kept, cancelChild, child)
	}
	for i := 0; i < 2; i++ {
		spawn(func() { <-last.Done() })
	}
}

func channels() {
	sends := make(chan int)
	point("channel", sends)
	for i := 0; i < 4; i++ {
		spawn(func() { sends <- 1 })
	}
	kept = append(kept, sends)
	lost, other := make(chan string, 2), make(chan int)
	for i := 0; i < 2; i++ {
		spawn(func() {
			select {
			case lost <- "":
			case <-other:
			}
		})
	}
	spawn(func() { lost <- ""; lost <- ""; lost <- "" })
	spawn(func() { select {} })
	spawn(func() { <-Evil0000Global.Evil0000Channel })
	Evil0000Global.Evil0000Channel = make(chan int)
	spawn(func() { Evil0000Wait(Evil0000Global.Evil0000Channel) })
}

func locks() {
	mutex.Lock()
	for i := 0; i < 3; i++ {
		spawn(func() { mutex.Lock() })
	}
	rw.RLock()
	spawn(func() { rw.Lock() })
	group.Add(1)
	spawn(func() { group.Wait() })
	for i := 0; i < 3; i++ {
		spawn(func() { cond.L.Lock(); cond.Wait() })
	}
}

func timers() {
	for i := 0; i < 3; i++ {
		kept = append(kept, time.AfterFunc(time.Duration(i+1)*time.Hour, func() { Evil0000Wait(nil) }))
		ticker := time.NewTicker(time.Hour)
		kept = append(kept, ticker)
		spawn(func() { <-ticker.C })
		spawn(func() { time.Sleep(time.Hour) })
		spawn(func() { <-time.After(time.Hour) })
	}
}

func files(folder string) {
	name := strings.ReplaceAll(strings.ReplaceAll(evil("file"), "\x00", ""), "/", "")
	deep := folder
	for i := 0; i < 14; i++ { // long, but not longer than a path may be
		deep = filepath.Join(deep, strings.Repeat("d", 240))
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		panic(err)
	}
	for _, path := range []string{filepath.Join(folder, name), filepath.Join(deep, "evil-deep!")} {
		file, err := os.Create(path)
		if err != nil {
			panic(err)
		}
		kept = append(kept, file)
	}
	socket, err := net.Listen("unix", filepath.Join(folder, "evil-socket!\x1b[31m\xff"))
	if err != nil {
		panic(err)
	}
	spawn(func() { socket.Accept() })
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	kept = append(kept, os.NewFile(reader.Fd(), evil("pipe")), writer, reader)
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	spawn(func() {
		server := &http.Server{Addr: evil("server"), Handler: http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}
		server.Serve(listener)
	})
	own := &Evil0000Listener{make(chan net.Conn, 1)}
	near, far := net.Pipe()
	own.conns <- &Evil0000Conn{near, evil("conn")}
	kept = append(kept, far)
	spawn(func() { http.Serve(own, nil) })

	answering := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		return &Evil0000Conn{conn, evil("dialled")}, err
	}}
	silent := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		select {}
	}, MaxConnsPerHost: 1}
	proxied := &http.Transport{DialContext: silent.DialContext, Proxy: func(*http.Request) (*url.URL, error) {
		return &url.URL{Scheme: "http", Host: evil("proxy"), Path: evil("proxy-path")}, nil
	}}
	kept = append(kept, answering, silent, proxied)
	send := func(transport *http.Transport, method, scheme, host string) {
		spawn(func() {
			request := &http.Request{Method: method, Host: "plain", Header: http.Header{}, URL: &url.URL{
				Scheme: scheme, Host: host, Path: "/" + evil("path"), RawQuery: url.QueryEscape(evil("query")), Fragment: long("url", 100000)}}
			transport.RoundTrip(request)
		})
	}
	send(answering, "GET", "http", "plain")
	send(silent, "GET", "http", evil("host")+":80")
	send(silent, "GET", "http", evil("host")+":80")
	send(silent, "GET", "http", long("host", 100000)+":80")
	send(proxied, "GET", "http", "behind.example")
}

func databases() {
	db, err := sql.Open("fake", evil("dsn"))
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(2)
	point("database", db)
	for i := 0; i < 2; i++ {
		rows, err := db.Query(evil("sql"))
		if err != nil {
			panic(err)
		}
		kept = append(kept, rows)
	}
	for i := 0; i < 2; i++ {
		spawn(func() { db.Query(long("sql", 100000)) })
	}
	kept = append(kept, db)
}

func maps() {
	for i := 0; i < 100; i++ {
		table[fmt.Sprintf("%s%d", evil("map"), i)] = i
	}
}

func main() {
	folder, err := os.MkdirTemp("", "hostile")
	if err != nil {
		panic(err)
	}
	spawn(labels)
	contexts()
	channels()
	locks()
	timers()
	files(folder)
	web()
	databases()
	maps()
	started.Wait()
	time.Sleep(300 * time.Millisecond)
	os.RemoveAll(folder)
	runtime.GC()
	fmt.Println("READY")
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}
