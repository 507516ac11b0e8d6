package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// What somebody can stop, each by one more holder than a lost one has.
var held = []func(){
	V_global, V_inMap, V_inBuffer, V_contextValue, V_closure, V_methodValue, V_syncMap, V_atomicPointer,
	V_interface, V_pool, V_field, V_fieldOfTicker, V_flag, V_flagOfTicker, V_flagBesideLostStop, V_context,
	V_contextBesideLostStop, V_variable, V_pointerVariable, V_deadline, V_afterFunc, V_finalizer,
	V_connection, V_readDeadline, V_signal, V_polledChannel, V_feeder, V_timeout, V_ownTimeout,
	V_closedPolled, V_closedPolledInField, V_doneContext,
}

var keepers struct {
	worker  []*worker
	byName  map[int]*worker
	buffer  chan *worker
	ctx     context.Context
	stops   []func()
	sync    sync.Map
	pointer [each * 2]unsafe.Pointer
	pointed int
	any     []any
	pool    sync.Pool
	flags   []*int32
	work    []chan int
}

//go:noinline
func V_global() {
	w := newWorker()
	keepers.worker = append(keepers.worker, w)
	go w.run()
}

//go:noinline
func V_onMainStack() *worker {
	w := newWorker()
	go w.run()
	return w
}

//go:noinline
func V_deferred() func() {
	w := newWorker()
	go w.run()
	return w.Stop
}

//go:noinline
func V_inMap() {
	w := newWorker()
	if keepers.byName == nil {
		keepers.byName = map[int]*worker{}
	}
	keepers.byName[len(keepers.byName)] = w
	go w.run()
}

//go:noinline
func V_inBuffer() {
	w := newWorker()
	if keepers.buffer == nil {
		keepers.buffer = make(chan *worker, each)
	}
	keepers.buffer <- w
	go w.run()
}

type key int

//go:noinline
func V_contextValue() {
	w := newWorker()
	if keepers.ctx == nil {
		keepers.ctx = context.Background()
	}
	keepers.ctx = context.WithValue(keepers.ctx, key(0), w)
	go w.run()
}

var never = make(chan struct{})

// V_closure: a goroutine that somebody can wake has the worker.
//
//go:noinline
func V_closure() {
	w := newWorker()
	go func() {
		<-never
		w.Stop()
	}()
	go w.run()
}

//go:noinline
func V_methodValue() {
	w := newWorker()
	keepers.stops = append(keepers.stops, w.Stop)
	go w.run()
}

//go:noinline
func V_syncMap() {
	w := newWorker()
	keepers.sync.Store(w, true)
	go w.run()
}

//go:noinline
func V_atomicPointer() {
	w := newWorker()
	atomic.StorePointer(&keepers.pointer[keepers.pointed], unsafe.Pointer(w))
	keepers.pointed++
	go w.run()
}

//go:noinline
func V_interface() {
	w := newWorker()
	keepers.any = append(keepers.any, w)
	go w.run()
}

//go:noinline
func V_pool() {
	w := newWorker()
	keepers.pool.Put(w)
	go w.run()
}

//go:noinline
func V_field() {
	w := &worker{}
	keepers.worker = append(keepers.worker, w)
	go w.loop()
}

//go:noinline
func V_fieldOfTicker() {
	w := &worker{}
	keepers.worker = append(keepers.worker, w)
	go func() {
		for range time.NewTicker(tick).C {
			w.mu.Lock()
			closed := w.closed
			w.mu.Unlock()
			if closed {
				return
			}
		}
	}()
}

//go:noinline
func V_flag() {
	flag := new(int32)
	keepers.flags = append(keepers.flags, flag)
	go func() {
		for atomic.LoadInt32(flag) == 0 {
			time.Sleep(tick)
		}
	}()
}

//go:noinline
func V_flagOfTicker() {
	flag := new(int32)
	keepers.flags = append(keepers.flags, flag)
	go func() {
		for range time.NewTicker(tick).C {
			if atomic.LoadInt32(flag) != 0 {
				return
			}
		}
	}()
}

//go:noinline
func V_flagBesideLostStop() {
	flag := new(int32)
	stop := make(chan struct{})
	keepers.flags = append(keepers.flags, flag)
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
				if atomic.LoadInt32(flag) != 0 {
					return
				}
			case <-stop:
				return
			}
		}
	}()
}

//go:noinline
func V_context() {
	ctx, cancel := context.WithCancel(context.Background())
	keepers.stops = append(keepers.stops, cancel)
	go func() {
		for ctx.Err() == nil {
			time.Sleep(tick)
		}
	}()
}

//go:noinline
func V_contextBesideLostStop() {
	ctx, cancel := context.WithCancel(context.Background())
	stop := make(chan struct{})
	keepers.stops = append(keepers.stops, cancel)
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
				if ctx.Err() != nil {
					return
				}
			case <-stop:
				return
			}
		}
	}()
}

var stopAll int32

//go:noinline
func V_variable() {
	go func() {
		for atomic.LoadInt32(&stopAll) == 0 {
			time.Sleep(tick)
		}
	}()
}

type settings struct {
	name string
	stop bool
}

var current = &settings{name: os.Args[0]}

//go:noinline
func V_pointerVariable() {
	go func() {
		for range time.NewTicker(tick).C {
			if stopped() {
				return
			}
		}
	}()
}

//go:noinline
func stopped() bool { return current.stop }

//go:noinline
func V_deadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
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
func V_afterFunc() {
	w := newWorker()
	time.AfterFunc(time.Hour, w.Stop)
	go w.run()
}

type wrapper struct{ *worker }

// V_finalizer: nobody has the wrapper, and its finalizer will stop the worker.
//
//go:noinline
func V_finalizer() {
	w := &wrapper{newWorker()}
	runtime.SetFinalizer(w, func(w *wrapper) { w.Stop() })
	go w.worker.run()
}

//go:noinline
func V_connection() {
	c := dial()
	keepers.any = append(keepers.any, c)
	go read(c)
}

//go:noinline
func V_readDeadline() {
	c := dial()
	c.SetReadDeadline(time.Now().Add(time.Hour))
	go read(c)
}

//go:noinline
func V_signal() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGUSR2)
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	}()
}

// V_polledChannel looks at its channel only when it has slept.
//
//go:noinline
func V_polledChannel() {
	stop := make(chan struct{})
	keepers.stops = append(keepers.stops, func() { close(stop) })
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				time.Sleep(tick)
			}
		}
	}()
}

// V_closedPolled was told to stop since it looked, and ends when it looks again.
//
//go:noinline
func V_closedPolled() {
	stop := make(chan struct{})
	go func() {
		for told := false; ; {
			select {
			case <-stop:
				return
			default:
			}
			if !told {
				close(stop)
				told = true
			}
			time.Sleep(tick)
		}
	}()
}

type polled struct {
	name string
	stop chan struct{}
}

func (p *polled) run() {
	for told := false; ; {
		select {
		case <-p.stop:
			return
		default:
		}
		if !told {
			close(p.stop)
			told = true
		}
		time.Sleep(tick)
	}
}

//go:noinline
func V_closedPolledInField() {
	p := &polled{"polled", make(chan struct{})}
	go p.run()
}

// V_doneContext: the same of a context.
//
//go:noinline
func V_doneContext() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for ctx.Err() == nil {
			cancel()
			time.Sleep(tick)
		}
	}()
}

// V_feeder: somebody has the channel that one of two sends to.
//
//go:noinline
func V_feeder() {
	work := make(chan int)
	keepers.work = append(keepers.work, work)
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

// V_timeout: a goroutine that sleeps once will stop it.
//
//go:noinline
func V_timeout() {
	w := newWorker()
	go func() {
		time.Sleep(time.Hour)
		w.Stop()
	}()
	go w.run()
}

// V_ownTimeout ends when its time is over.
//
//go:noinline
func V_ownTimeout() {
	answer := make(chan int)
	go func() {
		select {
		case <-answer:
		case <-time.After(time.Hour):
		}
	}()
}
