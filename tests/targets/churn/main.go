// Churn: a program that never stands still. Goroutines block on everything one can block on, and
// are woken, at once or seconds later, by somebody whose only way to them leads through a holder:
// a global, a timer, a finalizer, a sleeping goroutine's stack, a register. A few are really leaked.
//
// Each goroutine notes when it blocked and that it went on. A line of ids on standard input is
// answered with a line for each: id, state (blocked, awake, ended, unknown), since when (Unix ns).
// With the argument "timers" it runs timers and nothing else.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	awake = iota
	blocked
	ended
)

type record struct {
	state int64
	since int64
}

func (r *record) set(state int64) {
	atomic.StoreInt64(&r.since, time.Now().UnixNano())
	atomic.StoreInt64(&r.state, state)
}

var (
	recordsMu sync.Mutex
	records   = map[uint64]*record{}
	wakeups   int64
)

func goid() uint64 {
	var buffer [64]byte
	text := buffer[:runtime.Stack(buffer[:], false)]
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	id, err := strconv.ParseUint(string(text[:bytes.IndexByte(text, ' ')]), 10, 64)
	if err != nil {
		panic(err)
	}
	return id
}

func newRecord() *record {
	id := goid()
	recordsMu.Lock()
	defer recordsMu.Unlock()
	r := records[id]
	if r == nil {
		r = &record{}
		records[id] = r
	}
	return r
}

// noted runs f as something that may block, and must end.
func noted(f func()) {
	r := newRecord()
	r.set(blocked)
	f()
	r.set(ended)
}

func spawn(f func()) { go noted(f) }

// someTime is mostly short; one in eight wake-ups comes after a second and more.
func someTime() time.Duration {
	switch rand.Intn(16) {
	case 0, 1:
		return time.Second + time.Duration(rand.Intn(1000))*time.Millisecond
	case 2, 3, 4:
		return 0
	case 5, 6, 7:
		return time.Duration(rand.Intn(100)) * time.Microsecond
	}
	return time.Duration(rand.Intn(30)) * time.Millisecond
}

var garbage [64][]byte

func allocate() {
	for i := 0; i < 20; i++ {
		garbage[rand.Intn(len(garbage))] = make([]byte, 1+rand.Intn(1<<rand.Intn(16)))
	}
}

//go:noinline
func grow(depth int, f func()) {
	var pad [128]byte
	pad[depth%len(pad)] = 1
	if depth > 0 {
		grow(depth-1, f)
	} else {
		f()
	}
	runtime.KeepAlive(&pad)
}

// once makes one thing to wait on, gives the way to wake it to a holder, and waits.
func once(r *record) {
	block, wake := waits[rand.Intn(len(waits))]()
	holders[rand.Intn(len(holders))](wake)
	wake = nil
	r.set(blocked)
	if rand.Intn(8) == 0 {
		grow(20+rand.Intn(100), block) // the stack moves
	} else {
		block()
	}
	r.set(awake)
	atomic.AddInt64(&wakeups, 1)
}

func worker() {
	for {
		if rand.Intn(2) == 0 {
			once(newRecord())
		} else {
			done := make(chan struct{})
			spawn(func() {
				once(newRecord())
				close(done)
			})
			<-done
		}
		if rand.Intn(4) == 0 {
			allocate()
		}
		time.Sleep(time.Duration(rand.Intn(5)) * time.Millisecond)
	}
}

//go:noinline
func leaked(block func()) {
	r := newRecord()
	r.set(blocked)
	block()
	r.set(awake)
}

//go:noinline
func leak(i int) {
	block, _ := waits[i]()
	go leaked(block)
}

func answer(line string) {
	recordsMu.Lock()
	defer recordsMu.Unlock()
	for _, word := range strings.Fields(line) {
		id, _ := strconv.ParseUint(word, 10, 64)
		state, since := "unknown", int64(0)
		if r := records[id]; r != nil {
			state = []string{"awake", "blocked", "ended"}[atomic.LoadInt64(&r.state)]
			since = atomic.LoadInt64(&r.since)
		}
		fmt.Println("record", id, state, since)
	}
	fmt.Println("wakeups", atomic.LoadInt64(&wakeups))
}

// onlyTimers has many threads run timers and contend for the runtime's locks meanwhile. Nobody leaks.
func onlyTimers() {
	runtime.GOMAXPROCS(16)
	// On a machine that is busy they would become more and more.
	const most = 10000
	var under int64
	one := func() {
		c := make(chan int)
		time.AfterFunc(50*time.Microsecond, func() { close(c) })
		<-c
		atomic.AddInt64(&under, -1)
	}
	for i := 0; i < 200; i++ {
		go func() {
			for {
				for n := 0; n < 2 && atomic.LoadInt64(&under) < most; n++ {
					atomic.AddInt64(&under, 1)
					go one()
				}
				time.Sleep(300 * time.Microsecond)
			}
		}()
	}
	fmt.Println("READY", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "timers" {
		onlyTimers()
	}
	rand.Seed(time.Now().UnixNano())
	for i := range waits {
		leak(i)
	}
	spawn(janitor)
	for i := 0; i < 48; i++ {
		go worker()
	}
	go func() {
		for {
			runtime.GC()
			time.Sleep(time.Duration(rand.Intn(40)) * time.Millisecond)
		}
	}()
	fmt.Println("leaked", len(waits))
	fmt.Println("READY", os.Getpid())
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadString('\n')
		if err != nil {
			return
		}
		answer(line)
	}
}
