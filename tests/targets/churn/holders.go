package main

import (
	"container/list"
	"context"
	"math/rand"
	"net"
	"os"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var (
	heldMu    sync.Mutex
	heldMap   = map[int]func(){}
	heldKeys  = map[interface{}]bool{}
	heldList  = list.New()
	heldArray [32]unsafe.Pointer
	heldAny   []interface{}
	heldSync  sync.Map
	heldBig   = make([]*func(), 20000)
	heldValue atomic.Value
	heldQueue = make(chan func(), 64)
	heldFirst = make(chan func()) // nobody has taken it yet: it is with the sender
	gate      = sync.NewCond(&heldMu)
	opened    int
)

type fatNode struct {
	pad  [100]int
	wake func()
	more [20]*fatNode
}

var heldFat = &fatNode{}

// janitor looks into all the globals from time to time and wakes what it finds there.
func janitor() {
	for {
		time.Sleep(time.Duration(rand.Intn(60)) * time.Millisecond)
		if rand.Intn(8) == 0 {
			time.Sleep(time.Second)
		}
		var found []func()
		heldMu.Lock()
		for key, wake := range heldMap {
			found = append(found, wake)
			delete(heldMap, key)
		}
		for key := range heldKeys {
			found = append(found, *key.(*func()))
			delete(heldKeys, key)
		}
		for heldList.Len() > 0 {
			found = append(found, heldList.Remove(heldList.Front()).(func()))
		}
		for i, p := range heldArray {
			if p != nil {
				found = append(found, *(*func())(p))
				heldArray[i] = nil
			}
		}
		for _, each := range heldAny {
			found = append(found, each.(func()))
		}
		heldAny = nil
		for i, wake := range heldBig {
			if wake != nil {
				found = append(found, *wake)
				heldBig[i] = nil
			}
		}
		for i, node := range heldFat.more {
			if node != nil {
				found = append(found, node.wake)
				heldFat.more[i] = nil
			}
		}
		opened++
		gate.Broadcast()
		heldMu.Unlock()
		heldSync.Range(func(key, value interface{}) bool {
			found = append(found, value.(func()))
			heldSync.Delete(key)
			return true
		})
		for more := true; more; {
			select {
			case wake := <-heldQueue:
				found = append(found, wake)
			case wake := <-heldFirst:
				found = append(found, wake)
			default:
				more = false
			}
		}
		for _, wake := range found {
			spawn(wake)
		}
	}
}

func underLock(put func() bool, wake func()) {
	heldMu.Lock()
	done := put()
	heldMu.Unlock()
	if !done {
		later(wake)
	}
}

func later(wake func()) { time.AfterFunc(someTime(), func() { noted(wake) }) }

type resource struct {
	wake func()
	pad  [3]int
}

//go:noinline
func dropResource(wake func()) {
	runtime.SetFinalizer(&resource{wake: wake}, func(r *resource) { spawn(r.wake) })
}

//go:noinline
func dropOther(wake func()) {
	runtime.SetFinalizer(&resource{}, func(*resource) { spawn(wake) })
}

//go:noinline
func spin(n int) int {
	x := n
	for i := 0; i < n; i++ {
		x = x*31 + i
	}
	return x
}

var sink int64

// holders keep wake as the only way to a waiting goroutine, and call it later.
var holders = []func(wake func()){
	later,
	later,
	func(wake func()) { spawn(wake) },
	func(wake func()) { spawn(func() { time.Sleep(someTime()); wake() }) },
	func(wake func()) {
		spawn(func() {
			defer wake()
			time.Sleep(someTime())
		})
	},
	func(wake func()) { // a record of the deferred call on the heap
		spawn(func() {
			for i := 0; i < 2; i++ {
				i := i
				defer func() {
					if i == 0 {
						wake()
					}
				}()
			}
			wait := someTime()
			time.Sleep(wait)
		})
	},
	func(wake func()) { // called while panicking
		spawn(func() {
			defer func() { recover() }()
			defer func() { time.Sleep(someTime()); wake() }()
			panic("on purpose")
		})
	},
	func(wake func()) { // the value panicked with
		spawn(func() {
			defer func() { recover().(func())() }()
			defer time.Sleep(someTime())
			panic(wake)
		})
	},
	func(wake func()) {
		underLock(func() bool { heldMap[rand.Int()] = wake; return true }, wake)
	},
	func(wake func()) {
		underLock(func() bool { heldKeys[&wake] = true; return true }, wake)
	},
	func(wake func()) {
		underLock(func() bool { heldList.PushBack(wake); return true }, wake)
	},
	func(wake func()) {
		underLock(func() bool {
			i := rand.Intn(len(heldArray))
			if heldArray[i] != nil {
				return false
			}
			heldArray[i] = unsafe.Pointer(&wake)
			return true
		}, wake)
	},
	func(wake func()) {
		underLock(func() bool { heldAny = append(heldAny, wake); return true }, wake)
	},
	func(wake func()) {
		underLock(func() bool {
			i := rand.Intn(len(heldBig))
			if heldBig[i] != nil {
				return false
			}
			heldBig[i] = &wake
			return true
		}, wake)
	},
	func(wake func()) {
		underLock(func() bool {
			i := rand.Intn(len(heldFat.more))
			if heldFat.more[i] != nil {
				return false
			}
			heldFat.more[i] = &fatNode{wake: wake}
			return true
		}, wake)
	},
	func(wake func()) { heldSync.Store(rand.Int(), wake) },
	func(wake func()) { heldQueue <- wake },
	func(wake func()) { spawn(func() { heldFirst <- wake }) },
	func(wake func()) { // behind a condition everybody can reach
		spawn(func() {
			heldMu.Lock()
			for now := opened; now == opened; {
				gate.Wait()
			}
			heldMu.Unlock()
			wake()
		})
	},
	dropResource,
	dropOther,
	func(wake func()) { // a finalizer brings it back
		type phoenix struct{ wake func() }
		runtime.SetFinalizer(&phoenix{wake}, func(p *phoenix) { later(func() { p.wake() }) })
	},
	func(wake func()) { // the timer of a context
		ctx, cancel := context.WithTimeout(context.Background(), someTime())
		child, cancelChild := context.WithCancel(ctx)
		spawn(func() { <-child.Done(); wake(); cancelChild(); cancel() })
	},
	func(wake func()) {
		never := make(chan int)
		spawn(func() {
			select {
			case <-never:
			case <-time.After(someTime()):
			}
			wake()
		})
	},
	func(wake func()) {
		ticker := time.NewTicker(time.Millisecond + someTime())
		spawn(func() {
			<-ticker.C
			ticker.Stop()
			wake()
		})
	},
	func(wake func()) { // stopped, and set again
		timer := time.AfterFunc(time.Hour, func() { noted(wake) })
		if timer.Stop() {
			spawn(func() {
				time.Sleep(time.Duration(rand.Intn(20)) * time.Millisecond)
				timer.Reset(someTime())
			})
		}
	},
	func(wake func()) { // a timer that only its channel leads to
		timer := time.NewTimer(time.Hour)
		timer.Reset(someTime())
		c := timer.C
		spawn(func() { <-c; wake() })
	},
	func(wake func()) { // in a register, or wherever the compiler likes
		spawn(func() {
			atomic.AddInt64(&sink, int64(spin(1+rand.Intn(3000000))))
			wake()
		})
	},
	func(wake func()) { // the collector makes it help
		spawn(func() {
			for i := 0; i < 50; i++ {
				allocate()
			}
			wake()
		})
	},
	func(wake func()) { // in a system call
		var fds [2]int
		if syscall.Pipe(fds[:]) != nil {
			later(wake)
			return
		}
		time.AfterFunc(someTime(), func() { syscall.Close(fds[1]) })
		spawn(func() {
			var buffer [1]byte
			syscall.Read(fds[0], buffer[:])
			syscall.Close(fds[0])
			wake()
		})
	},
	func(wake func()) { // in the network poller, with the file's descriptor alone outside
		r, w, err := os.Pipe()
		if err != nil {
			later(wake)
			return
		}
		time.AfterFunc(someTime(), func() { w.Close() })
		spawn(func() {
			var buffer [1]byte
			r.Read(buffer[:])
			r.Close()
			wake()
		})
	},
	func(wake func()) { // a deadline of the network poller
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			later(wake)
			return
		}
		listener.(*net.TCPListener).SetDeadline(time.Now().Add(someTime()))
		spawn(func() { listener.Accept(); listener.Close(); wake() })
	},
	func(wake func()) { // arguments that only reflection knows
		f := reflect.MakeFunc(reflect.TypeOf(func(func(), time.Duration) {}),
			func(arguments []reflect.Value) []reflect.Value {
				time.Sleep(arguments[1].Interface().(time.Duration))
				arguments[0].Call(nil)
				return nil
			})
		call := f.Interface().(func(func(), time.Duration))
		spawn(func() { call(wake, someTime()) })
	},
	func(wake func()) { // a chain of goroutines that ends at a timer
		first := make(chan int)
		time.AfterFunc(someTime(), func() { close(first) })
		c := first
		for i := 0; i < 3; i++ {
			from, to := c, make(chan int)
			spawn(func() { <-from; close(to) })
			c = to
		}
		spawn(func() { <-c; wake() })
	},
	func(wake func()) { // handed on from stack to stack
		c := make(chan func())
		spawn(func() { f := <-c; time.Sleep(someTime()); f() })
		spawn(func() { time.Sleep(someTime()); c <- wake })
	},
	func(wake func()) { // on a stack that grows
		spawn(func() { grow(rand.Intn(200), func() { time.Sleep(someTime()); wake() }) })
	},
	func(wake func()) { // a local variable others point to
		spawn(func() {
			var wg sync.WaitGroup
			var local struct {
				pad  [7]int
				wake func()
			}
			wg.Add(1)
			pointer := &local.wake
			spawn(func() { time.Sleep(someTime()); *pointer = wake; wg.Done() })
			wg.Wait()
			local.wake()
		})
	},
	func(wake func()) { // bound to a thread
		spawn(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			time.Sleep(someTime())
			wake()
		})
	},
	func(wake func()) { // every P busy with AfterFuncs at once
		at := someTime()
		time.AfterFunc(at, func() { noted(wake) })
		for i := 0; i < 20; i++ {
			time.AfterFunc(at, func() {})
		}
	},
}
