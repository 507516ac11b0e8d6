// Twins: functions whose name begins with L_ block for ever on something nothing live reaches; those
// with V_ are kept alive by a global, a timer, a sleeper, a finalizer, or one another.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

type box struct {
	pad [5]int
	mu  sync.Mutex
	c   chan *int
	nxt *box
}

var gbox = &box{c: make(chan *int)}
var gmu sync.Mutex
var keep []interface{}

//go:noinline
func L_send(c chan int) { c <- 1 }

//go:noinline
func L_recvPtr(c chan *box) { <-c }

//go:noinline
func L_mutex(b *box) { b.mu.Lock(); b.mu.Unlock() }

//go:noinline
func L_rw(m *sync.RWMutex) { m.Lock(); m.Unlock() }

//go:noinline
func L_rwr(m *sync.RWMutex) { m.RLock(); m.RUnlock() }

//go:noinline
func L_wg(w *sync.WaitGroup) { w.Wait() }

//go:noinline
func L_cond(c *sync.Cond) { c.L.Lock(); c.Wait(); c.L.Unlock() }

//go:noinline
func L_cycA(a, b chan int) { <-a; b <- 1 }

//go:noinline
func L_cycB(a, b chan int) { <-b; a <- 1 }

//go:noinline
func L_heapdefer(c, d chan int) {
	for i := 0; i < 2; i++ {
		defer func() { d <- i }()
	}
	<-c
}

//go:noinline
func L_viaDefer(d chan int) { <-d }

//go:noinline
func V_afterSelect(c chan int) {
	select {
	case <-c:
	case <-time.After(time.Hour):
	}
}

//go:noinline
func V_ticker(c chan int) {
	t := time.NewTicker(time.Hour)
	for {
		select {
		case <-c:
		case <-t.C:
		}
	}
}

//go:noinline
func L_stoppedTicker(t *time.Ticker) {
	<-t.C
}

//go:noinline
func V_global() { <-gbox.c }

//go:noinline
func V_globalMu() { gmu.Lock(); gmu.Unlock() }

//go:noinline
func L_ctx(ctx context.Context) { <-ctx.Done() }

//go:noinline
func V_ctxTimeout(ctx context.Context) { <-ctx.Done() }

//go:noinline
func V_sleepOwner(c chan int) { time.Sleep(time.Hour); c <- 1 }

//go:noinline
func V_heldBySleeper(c chan int) { <-c }

//go:noinline
func V_chain(c chan int) { <-c }

//go:noinline
func V_chainOwner(wake chan int, c chan int) { <-wake; c <- 1 }

//go:noinline
func V_finalizer(c chan int) { <-c }

// Functions that nobody calls at the moment, but can.

var stopped *time.Timer
var functions sync.Map
var pooled sync.Pool

//go:noinline
func V_stoppedTimer(c chan int) { <-c }

//go:noinline
func V_syncMap(c chan int) { <-c }

//go:noinline
func V_syncPool(c chan int) { <-c }

//go:noinline
func V_once(c chan int) { <-c }

//go:noinline
func later() {
	functionThat := func(wait func(chan int)) func() {
		c := make(chan int)
		go wait(c)
		return func() { c <- 1 }
	}
	stopped = time.AfterFunc(time.Hour, functionThat(V_stoppedTimer))
	stopped.Stop() // until it is Reset
	functions.Store("later", functionThat(V_syncMap))
	pooled.Put(functionThat(V_syncPool))
	var once sync.Once
	call := functionThat(V_once)
	keep = append(keep, func() { once.Do(call) })
}

//go:noinline
func L_select0(c chan int) {
	select {
	case c <- 1:
	case <-make(chan int):
	}
}

type fz struct {
	c chan int
	p *int
}

//go:noinline
func start() {
	go L_send(make(chan int))
	go L_recvPtr(make(chan *box, 2))
	b := &box{}
	b.mu.Lock()
	go L_mutex(b)
	rw := new(sync.RWMutex)
	rw.Lock()
	go L_rwr(rw)
	rw2 := new(sync.RWMutex)
	rw2.RLock()
	go L_rw(rw2)
	rw3 := new(sync.RWMutex)
	rw3.Lock()
	go L_rw(rw3)
	wg := new(sync.WaitGroup)
	wg.Add(1)
	go L_wg(wg)
	go L_wg(wg)
	cd := sync.NewCond(new(sync.Mutex))
	go L_cond(cd)
	go L_cond(cd)
	x, y := make(chan int), make(chan int)
	go L_cycA(x, y)
	go L_cycB(x, y)
	d := make(chan int)
	go L_heapdefer(make(chan int), d)
	time.Sleep(10 * time.Millisecond)
	go L_viaDefer(d)
	go V_afterSelect(make(chan int))
	go V_ticker(make(chan int))
	st := time.NewTicker(time.Hour)
	st.Stop()
	go L_stoppedTicker(st)
	go V_global()
	gmu.Lock()
	go V_globalMu()
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go L_ctx(ctx)
	ctx2, cancel2 := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel2
	go V_ctxTimeout(ctx2)
	e := make(chan int)
	go V_sleepOwner(e)
	go V_heldBySleeper(e)
	w := make(chan int)
	keep = append(keep, w)
	e2 := make(chan int)
	go V_chainOwner(w, e2)
	go V_chain(e2)
	fc := make(chan int)
	go V_finalizer(fc)
	f := &fz{c: fc}
	keep = append(keep, f)
	runtime.SetFinalizer(f, func(f *fz) { f.c <- 1 })
	go L_select0(make(chan int))
	later()
	coro()
	weakPointers()
}

//go:noinline
func clobber(n int) int {
	var a [200]int
	for i := range a {
		a[i] = n
	}
	if n > 0 {
		return clobber(n-1) + a[n%200]
	}
	return 0
}

func main() {
	debug.SetGCPercent(100)
	start()
	clobber(20)
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	fmt.Println("READY", os.Getpid())
	for {
		time.Sleep(time.Hour)
		runtime.KeepAlive(keep)
	}
}
