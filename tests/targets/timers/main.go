// Timers of every kind, and what the program itself knows of each: it prints the truth as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Truth is what the tests compare with.
type Truth struct {
	Now         int64             `json:"now"`           // wall clock, ns
	Due         map[string]int64  `json:"due"`           // by callback or kind: wall clock, ns
	Period      map[string]int64  `json:"period"`        // of tickers, ns
	Count       map[string]int    `json:"count"`         // timers by callback or kind
	Address     map[string]uint64 `json:"address"`       // of *time.Timer and *time.Ticker
	KeptAtLeast map[string]int    `json:"kept_at_least"` // bytes only the closure reaches
}

var truth = Truth{
	Due:         map[string]int64{},
	Period:      map[string]int64{},
	Count:       map[string]int{},
	Address:     map[string]uint64{},
	KeptAtLeast: map[string]int{},
}

// Held by globals, and idle: nobody waits for them.
var (
	idleTicker *time.Ticker
	idleTimer  *time.Timer
	stoppable  *time.Timer
	shared     = make([]byte, 1<<16) // reachable without timers
	sink       func()
)

const hour = time.Hour

func due(name string, d time.Duration) time.Duration {
	truth.Due[name] = time.Now().Add(d).UnixNano()
	truth.Count[name]++
	return d
}

//go:noinline
func expire() { fmt.Println("never") }

// Keeps a buffer alive that nothing else reaches.
//
//go:noinline
func keepBuffer() {
	buffer := make([]byte, 1<<20)
	truth.KeptAtLeast["main.keepBuffer.func1"] = len(buffer)
	time.AfterFunc(due("main.keepBuffer.func1", hour), func() { buffer[0]++; shared[0]++ })
}

// Starts itself again by a Timer it captures.
//
//go:noinline
func rearmByReset() {
	var timer *time.Timer
	timer = time.AfterFunc(due("main.rearmByReset.func1", 2*hour), func() { timer.Reset(hour) })
	truth.Address["main.rearmByReset.func1"] = uint64(uintptr(unsafe.Pointer(timer)))
}

// Starts itself again by its name.
//
//go:noinline
func poll() {
	sink()
	time.AfterFunc(hour, poll)
}

type service struct {
	name  string
	state [2048]byte
}

func (s *service) refresh() {
	s.state[0]++
	time.AfterFunc(hour, s.refresh)
}

//go:noinline
func startService() {
	s := &service{name: "s"}
	truth.KeptAtLeast["main.(*service).refresh"] = int(unsafe.Sizeof(*s))
	time.AfterFunc(due("main.(*service).refresh", 3*hour), s.refresh)
}

//go:noinline
func tick(ready *sync.WaitGroup) {
	ticker := time.NewTicker(10 * hour)
	defer ticker.Stop()
	truth.Period["waited ticker"] = int64(10 * hour)
	truth.Address["waited ticker"] = uint64(uintptr(unsafe.Pointer(ticker)))
	due("waited ticker", 10*hour)
	ready.Done()
	for range ticker.C {
		fmt.Println("never")
	}
}

//go:noinline
func waitAfter(ready *sync.WaitGroup) {
	c := time.After(due("waited after", 5*hour))
	ready.Done()
	select {
	case <-c:
	case <-never:
	}
}

var never = make(chan int)

//go:noinline
func abandonedTicker() {
	truth.Period["abandoned ticker"] = int64(7 * hour)
	due("abandoned ticker", 7*hour)
	<-time.After(time.Millisecond)
	time.NewTicker(7 * hour)
}

func main() {
	sink = func() {}
	var ready sync.WaitGroup
	keepBuffer()
	rearmByReset()
	time.AfterFunc(due("main.poll", hour), poll)
	startService()
	for i := 0; i < 25; i++ {
		time.AfterFunc(due("main.expire", hour+time.Duration(i)*time.Second), expire)
	}
	stoppable = time.AfterFunc(due("main.main.func2", 4*hour), func() { fmt.Println("never") })
	truth.Address["main.main.func2"] = uint64(uintptr(unsafe.Pointer(stoppable)))
	idleTicker = time.NewTicker(due("idle ticker", 6*hour))
	truth.Period["idle ticker"] = int64(6 * hour)
	truth.Address["idle ticker"] = uint64(uintptr(unsafe.Pointer(idleTicker)))
	idleTimer = time.NewTimer(due("idle timer", 8*hour))
	truth.Address["idle timer"] = uint64(uintptr(unsafe.Pointer(idleTimer)))
	abandonedTicker()
	// One after the other: both write down the truth.
	for _, wait := range []func(*sync.WaitGroup){tick, waitAfter} {
		ready.Add(1)
		go wait(&ready)
		ready.Wait()
	}
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	truth.Now = time.Now().UnixNano()
	if err := json.NewEncoder(os.Stdout).Encode(&truth); err != nil {
		panic(err)
	}
	fmt.Println("READY")
	time.Sleep(hour)
	runtime.KeepAlive(shared)
}
