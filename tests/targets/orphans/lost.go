package main

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// What nobody can stop.
var lost = []func(){
	L_stopLost, L_alone, L_ticking, L_chain, L_ownFlag, L_cancelLost, L_connection, L_ownFinalizer,
	L_selfSetting, L_client, L_consumerGone,
}

//go:noinline
func L_stopLost() { go newWorker().run() }

// L_alone has nothing but itself.
//
//go:noinline
func L_alone() { go (&worker{}).loop() }

//go:noinline
func L_ticking() {
	go func() {
		n := 0
		for range time.NewTicker(tick).C {
			n++
		}
	}()
}

// L_chain: one feeds the other.
//
//go:noinline
func L_chain() {
	work := make(chan int)
	go func() {
		for n := range work {
			runtime.KeepAlive(n)
		}
	}()
	go func() {
		for n := 0; ; n++ {
			time.Sleep(tick)
			work <- n
		}
	}()
}

// ownFlag is too large to be packed together with others, who would keep it reachable.
type ownFlag struct {
	set int32
	_   [60]byte
}

//go:noinline
func L_ownFlag() {
	flag := new(ownFlag)
	go func() {
		for atomic.LoadInt32(&flag.set) == 0 {
			time.Sleep(tick)
		}
	}()
}

//go:noinline
func L_cancelLost() {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

//go:noinline
func L_connection() { go read(dial()) }

// L_ownFinalizer: the one whose finalizer would stop it is kept by it.
//
//go:noinline
func L_ownFinalizer() {
	w := newWorker()
	runtime.SetFinalizer(w, (*worker).Stop)
	go w.run()
}

// L_selfSetting: a function that a timer calls, and that sets the timer again.
//
//go:noinline
func L_selfSetting() {
	w := newWorker()
	w.timer = time.AfterFunc(time.Hour, w.again)
	go w.run()
}

func (w *worker) again() {
	w.count++
	w.timer.Reset(time.Hour)
}

type options struct {
	Addr     string
	Password string
}

// client has two goroutines, and says whose it is only behind its options.
type client struct {
	opt  *options
	stop chan struct{}
	sent chan int
}

func (c *client) Close() { close(c.stop) }

//go:noinline
func (c *client) ping() {
	ticker := time.NewTicker(tick)
	for {
		select {
		case <-ticker.C:
			c.sent <- 1
		case <-c.stop:
			return
		}
	}
}

//go:noinline
func (c *client) flush() {
	for {
		select {
		case n := <-c.sent:
			runtime.KeepAlive(n)
		case <-c.stop:
			return
		}
	}
}

var clients int

func newClient() *client {
	clients++
	address := "admin:secret@shop:1?token=secret"
	if clients%4 == 0 {
		address = "shop:2"
	}
	return &client{&options{address, "secret"}, make(chan struct{}), make(chan int)}
}

// L_client is closed only where something went wrong.
//
//go:noinline
func L_client() {
	c := newClient()
	if clients > 1000 {
		c.Close()
	}
	go c.ping()
	go c.flush()
}

// L_consumerGone offers its latest value to whoever reads on.
//
//go:noinline
func L_consumerGone() {
	latest, stop := make(chan int), make(chan struct{})
	go func() {
		ticker := time.NewTicker(tick)
		for n := 0; ; {
			select {
			case <-ticker.C:
				n++
			case latest <- n:
			case <-stop:
				return
			}
		}
	}()
}
