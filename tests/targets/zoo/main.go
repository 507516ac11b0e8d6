// Zoo: a few of everything that goroutines wait on, and of what else a process may hold. States and
// frames are compared with the traceback that Go prints.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

type T struct {
	a, b int
	p    *T
}

var (
	keepMap   = map[string]int{}
	bigMap    = map[int]*T{}
	smallMap  = map[int]string{1: "one", 2: "two"}
	globalCh  = make(chan int)
	db        *sql.DB
	tr        *http.Transport
	sink      []*T
	keepTimer []interface{}
	ifc       interface{} = &T{a: 5}
	rootCtx   context.Context
	cancels   []context.CancelFunc
	bigPtrs   []*[100]*T
	huge      *[20000]*T
)

//go:noinline
func leakSend() { c := make(chan int); go leakSendG(c) }

//go:noinline
func leakSendG(c chan int) { c <- 42 }

//go:noinline
func leakRecv() { c := make(chan *T, 3); go leakRecvG(c) }

//go:noinline
func leakRecvG(c chan *T) { fmt.Println(<-c) }

//go:noinline
func leakRange() { c := make(chan string); go leakRangeG(c) }

//go:noinline
func leakRangeG(c chan string) {
	for s := range c {
		fmt.Println(s)
	}
}

//go:noinline
func leakSelect() { go leakSelectG(make(chan int), make(chan int), make(chan int)) }

//go:noinline
func leakSelectG(a, b, c chan int) {
	select {
	case a <- 1:
		fmt.Println("a")
	case v := <-b:
		fmt.Println("b", v)
	case v, ok := <-c:
		fmt.Println("c", v, ok)
	}
}

//go:noinline
func nilSend() { var c chan int; c <- 1 }

//go:noinline
func nilRecv() { var c chan int; <-c }

//go:noinline
func selForever() { select {} }

//go:noinline
func globalRecv() { <-globalCh }

//go:noinline
func muWait(mu *sync.Mutex) { mu.Lock(); mu.Unlock() }

//go:noinline
func rwR(mu *sync.RWMutex) { mu.RLock(); mu.RUnlock() }

//go:noinline
func rwW(mu *sync.RWMutex) { mu.Lock(); mu.Unlock() }

//go:noinline
func wgWait(wg *sync.WaitGroup) { wg.Wait() }

//go:noinline
func condWait(c *sync.Cond) { c.L.Lock(); c.Wait(); c.L.Unlock() }

//go:noinline
func onceWait(o *sync.Once) { o.Do(func() { select {} }) }

type drv struct{}

func (drv) Open(string) (driver.Conn, error) { return &dconn{}, nil }

type dconn struct{}

func (*dconn) Prepare(q string) (driver.Stmt, error) { return &dstmt{}, nil }
func (*dconn) Close() error                          { return nil }
func (*dconn) Begin() (driver.Tx, error)             { return nil, errors.New("x") }

type dstmt struct{}

func (*dstmt) Close() error  { return nil }
func (*dstmt) NumInput() int { return 0 }
func (*dstmt) Exec(a []driver.Value) (driver.Result, error) {
	return nil, nil
}
func (*dstmt) Query(a []driver.Value) (driver.Rows, error) { return &drows{}, nil }

type drows struct{}

func (*drows) Columns() []string           { return []string{"a"} }
func (*drows) Close() error                { return nil }
func (*drows) Next(d []driver.Value) error { d[0] = int64(1); return nil }

//go:noinline
func doGet(cl *http.Client, url string, mode int) {
	resp, err := cl.Get(url)
	if err != nil {
		fmt.Println("get", err)
		return
	}
	switch mode {
	case 0: // drain and close -> idle
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	case 1: // not closed
		select {}
	case 2: // reading
		io.Copy(io.Discard, resp.Body)
	}
}

func main() {
	debug.SetGCPercent(100)
	for i := 0; i < 1000; i++ {
		bigMap[i] = &T{a: i}
	}
	for i := 0; i < 50; i++ {
		bigPtrs = append(bigPtrs, new([100]*T))
	}
	huge = new([20000]*T)
	for i := 0; i < 8; i++ {
		keepMap[fmt.Sprint("k", i)] = i
	}
	leakSend()
	leakRecv()
	leakRange()
	leakSelect()
	go nilSend()
	go nilRecv()
	go selForever()
	go globalRecv()
	mu := new(sync.Mutex)
	mu.Lock()
	go muWait(mu)
	rw := new(sync.RWMutex)
	rw.Lock()
	go rwR(rw)
	time.Sleep(10 * time.Millisecond)
	go rwW(rw)
	rw2 := new(sync.RWMutex)
	rw2.RLock()
	go rwW(rw2)
	wg := new(sync.WaitGroup)
	wg.Add(2)
	go wgWait(wg)
	cond := sync.NewCond(new(sync.Mutex))
	go condWait(cond)
	once := new(sync.Once)
	go onceWait(once)
	time.Sleep(10 * time.Millisecond)
	go onceWait(once)
	go func() { time.Sleep(time.Hour) }()
	go func() { <-time.After(2 * time.Hour) }()
	keepTimer = append(keepTimer, time.NewTimer(3*time.Hour))
	keepTimer = append(keepTimer, time.NewTicker(50*time.Minute))
	x := 7
	keepTimer = append(keepTimer, time.AfterFunc(4*time.Hour, func() { fmt.Println("afterfunc", x) }))
	rootCtx = context.Background()
	c1, can1 := context.WithTimeout(rootCtx, 5*time.Hour)
	c2, can2 := context.WithCancel(context.WithValue(c1, "k", "v"))
	cancels = append(cancels, can1, can2)
	go func() { <-c2.Done() }()

	// pipes
	r, w, _ := os.Pipe()
	go func() { var b [1]byte; r.Read(b[:]) }()
	_ = w
	var fds [2]int
	syscall.Pipe(fds[:])
	go func() { var b [1]byte; syscall.Read(fds[0], b[:]) }()
	go func() { runtime.LockOSThread(); select {} }()

	// http
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	hang := make(chan int)
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("/hang", func(w http.ResponseWriter, r *http.Request) { <-hang })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.Write(make([]byte, 100000))
		w.(http.Flusher).Flush()
		<-hang
	})
	go http.Serve(ln, mux)
	tr = &http.Transport{MaxConnsPerHost: 5, IdleConnTimeout: time.Hour}
	cl := &http.Client{Transport: tr}
	base := "http://" + ln.Addr().String()
	doGet(cl, base+"/ok", 0)
	time.Sleep(20 * time.Millisecond)
	go doGet(cl, base+"/slow", 1)
	go doGet(cl, base+"/slow", 2)
	go doGet(cl, base+"/hang", 2)
	go doGet(cl, base+"/hang", 2)
	time.Sleep(50 * time.Millisecond)
	doGet(cl, base+"/ok", 0)
	time.Sleep(20 * time.Millisecond)
	go doGet(cl, base+"/hang", 0)
	time.Sleep(50 * time.Millisecond)
	go doGet(cl, base+"/hang", 0) // waits MaxConnsPerHost
	// second transport: an idle connection remains
	ln2, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(ln2, mux)
	doGet(cl, "http://"+ln2.Addr().String()+"/ok", 0)
	// tls handshake blocked
	ln3, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		for {
			c, err := ln3.Accept()
			if err != nil {
				return
			}
			keepTimer = append(keepTimer, c)
		}
	}()
	go doGet(cl, "https://"+ln3.Addr().String()+"/x", 0)

	// sql
	sql.Register("fake", drv{})
	db, _ = sql.Open("fake", "x")
	db.SetMaxOpenConns(2)
	ctx, cn := context.WithCancel(context.Background())
	cancels = append(cancels, cn)
	rows, err := db.QueryContext(ctx, "select 1")
	keepTimer = append(keepTimer, rows)
	rows2, err := db.QueryContext(ctx, "select 1")
	keepTimer = append(keepTimer, rows2)
	go func() { db.QueryContext(context.Background(), "select 2") }()
	go func() { db.QueryContext(context.Background(), "select 3") }()

	f := &T{a: 99}
	runtime.SetFinalizer(f, func(*T) {})
	sink = append(sink, f)
	extra()
	if len(os.Args) < 2 || os.Args[1] != "still" {
		// a running goroutine
		go func() {
			for {
				x++
				if x%1000000000 == -1 {
					fmt.Println()
				}
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	fmt.Println("READY", os.Getpid())
	for {
		time.Sleep(30 * time.Second)
		runtime.KeepAlive(mu)
		runtime.KeepAlive(rw)
		runtime.KeepAlive(rw2)
		runtime.KeepAlive(wg)
		runtime.KeepAlive(cond)
		runtime.KeepAlive(once)
		runtime.KeepAlive(w)
	}
}
