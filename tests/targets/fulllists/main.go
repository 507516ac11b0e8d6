// Fulllists: a program that has worked for a while, so that every list of its runtime has something
// in it: finalizers (and cleanups) that have run, deferred calls, sudogs, goroutines and threads that
// are kept for reuse, Ps that are not used any more, descriptors. Four goroutines are leaked.
//
// Arguments: "drained" (all finalizers have run), "blocked" (the first of a later batch never
// returns, and nobody can change that) or "waiting" (it does not return either, but somebody could
// let it); and how many descriptors the runtime allocates at once: as many are opened, so that its
// list of free ones is empty.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	firstBatch  = 250 // more than two of the runtime's blocks of 101
	secondBatch = 150
	behindStuck = secondBatch + 1 // finalizers behind the one that is stuck
)

type thing struct {
	next *thing
	name string
	wait chan struct{}
}

var (
	ran     int32 // finalizers and cleanups that have
	entered = make(chan struct{}, 2)
	files   []*os.File
	spans   [][]*[96]byte
	gate    = make(chan struct{})
)

// drop makes things that nobody has any more, on the stack of a goroutine that is over.
func drop(count int, done func(*thing)) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for i := 0; i < count; i++ {
			runtime.SetFinalizer(&thing{name: "thing", wait: make(chan struct{})}, done)
		}
	}()
	<-over
}

func finished(*thing) { atomic.AddInt32(&ran, 1) }

// stuckFinalizer waits for what only the thing has.
//
//go:noinline
func stuckFinalizer(one *thing) {
	entered <- struct{}{}
	<-one.wait
}

//go:noinline
func waitingFinalizer(*thing) {
	entered <- struct{}{}
	<-gate
}

func leakedBehind(wait chan struct{}) { <-wait }
func behind(wait chan struct{})       { <-wait }

// dropBehind drops what would wake a goroutine, if its finalizer was ever called.
func dropBehind(wait chan struct{}) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		runtime.SetFinalizer(&thing{name: "closes", wait: wait}, func(one *thing) { close(one.wait) })
	}()
	<-over
}

// collectUntil collects until what was dropped is seen to be.
func collectUntil(reached func() bool) {
	for !reached() {
		runtime.GC()
		runtime.Gosched()
	}
}

func finalizers(kind string) {
	drop(firstBatch, finished)
	collectUntil(func() bool { return atomic.LoadInt32(&ran) == firstBatch })
	wait := make(chan struct{})
	switch kind {
	case "drained":
		return
	case "blocked":
		drop(1, stuckFinalizer)
		go leakedBehind(wait)
	default:
		drop(1, waitingFinalizer)
		go behind(wait)
	}
	collectUntil(func() bool { return len(entered) == 1 })
	<-entered
	dropBehind(wait)
	wait = nil
	drop(secondBatch, finished)
	runtime.GC()
	runtime.GC()
}

// deferred leaves records of deferred calls for reuse: those in a loop are on the heap.
func deferred(n int) {
	for i := 0; i < n; i++ {
		defer func() {}()
	}
}

// goroutines that are over leave a g, and sudogs.
func goroutines() {
	var group sync.WaitGroup
	open := make(chan int)
	for i := 0; i < 2000; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			deferred(3)
			select {
			case <-open:
			case <-gate:
			}
		}()
	}
	close(open)
	group.Wait()
}

// threads that are over: a goroutine that ends locked to its thread takes it along.
func threads() {
	before := countThreads()
	var group sync.WaitGroup
	hold := make(chan struct{})
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			runtime.LockOSThread()
			group.Done()
			<-hold
		}()
	}
	group.Wait()
	most := countThreads()
	close(hold)
	for most > before && countThreads() > most-10 {
		time.Sleep(time.Millisecond)
	}
}

func countThreads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	return len(tasks)
}

// descriptors opens so many that the runtime has none left that is free.
func descriptors(count int) {
	for i := 0; i < count; i++ {
		fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
		if errno != 0 {
			panic(errno)
		}
		files = append(files, os.NewFile(fd, "event"))
	}
	go readEvent(files[0])
}

func readEvent(file *os.File) { file.Read(make([]byte, 8)) }

// inSystemCalls has threads that are in the kernel, without a P.
func inSystemCalls(count int) {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		go syscall.Read(ends[0], make([]byte, 1))
	}
}

func heap() {
	for i := 0; i < 200; i++ {
		span := make([]*[96]byte, 100)
		for j := range span {
			if object := new([96]byte); j%3 == 0 {
				span[j] = object
			}
		}
		spans = append(spans, span)
	}
}

func leakedSend(c chan int)       { c <- 1 }
func leakedReceive(c chan int)    { <-c }
func leakedLock(lock *sync.Mutex) { lock.Lock() }
func leakedSelect(a, b chan int) {
	select {
	case <-a:
	case b <- 1:
	}
}
func waitsForGate()                 { <-gate }
func waitsForTimer(after time.Time) { time.Sleep(time.Until(after)) }

func main() {
	kind := os.Args[1]
	blocked := kind != "drained"
	atOnce, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(48)
	goroutines()
	runtime.GOMAXPROCS(6)
	threads()
	heap()
	finalizers(kind)
	cleanups(blocked)
	descriptors(atOnce)
	inSystemCalls(12)
	go leakedSend(make(chan int))
	go leakedReceive(make(chan int))
	lock := new(struct {
		sync.Mutex
		self *sync.Mutex
	})
	lock.Lock()
	go leakedLock(&lock.Mutex)
	lock = nil
	go leakedSelect(make(chan int), make(chan int))
	go waitsForGate()
	go waitsForTimer(time.Now().Add(time.Hour))
	time.AfterFunc(time.Hour, func() {})
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	queue, own := queued(blocked)
	leaked := 4
	if kind == "blocked" {
		leaked++
	}
	truth, _ := json.Marshal(map[string]int{"leaked": leaked, "finalizers": queue, "cleanups": own})
	fmt.Println(string(truth))
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
}
