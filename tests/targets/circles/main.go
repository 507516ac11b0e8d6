// Goroutines that wait for one another, by locks, channels and WaitGroups, and healthy ones that look
// as if they did. All hangs on globals, so that reachability decides nothing, but for the last.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

type relay struct {
	mu     sync.Mutex
	wg     sync.WaitGroup
	events chan int
	done   chan int
	seen   int
}

func newRelay() *relay {
	return &relay{events: make(chan int, 2), done: make(chan int)}
}

var (
	ranged, selected, grouped, closed                     *relay
	helped, elsewhere, once, ticking, later, held, direct *relay
)

// Where the compiler can, it makes this one before the program runs, outside of the heap.
var static = newRelay()

// Sends with the lock held, more than fits.
func (r *relay) send() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 0; i < 8; i++ {
		r.seen++
		r.events <- i
	}
}

func (r *relay) look() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *relay) waitUntilFull() {
	for len(r.events) < cap(r.events) {
		time.Sleep(time.Millisecond)
	}
}

// The only receiver needs the lock for each event.
//
//go:noinline
func rangeReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull() // until the sender is at its send again
		r.look()
	}
}

//go:noinline
func rangeSender(r *relay) { r.send() }

// The same in a select.
//
//go:noinline
func selectReceiver(r *relay) {
	for {
		select {
		case <-r.events:
			r.waitUntilFull()
			r.look()
		case <-r.done:
			return
		}
	}
}

//go:noinline
func selectSender(r *relay) { r.send() }

// Receives only once all who send have come to their end.
//
//go:noinline
func groupWaiter(r *relay) {
	r.wg.Wait()
	for len(r.done) > 0 {
		fmt.Println(<-r.done)
	}
	fmt.Println(<-r.done)
}

//go:noinline
func groupWorker(r *relay) {
	defer r.wg.Done()
	r.done <- 1
}

// Closes the channel after it has got the lock; who has the lock ranges over the channel.
//
//go:noinline
func closeRanger(r *relay) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for v := range r.done {
		fmt.Println(v)
	}
}

//go:noinline
func closeCloser(r *relay) {
	defer close(r.done)
	r.look()
}

var hubJoin, hubLeave = make(chan int), make(chan int)

// Sends to the channel which only it receives from.
//
//go:noinline
func hubSender() {
	for {
		select {
		case v := <-hubJoin:
			hubLeave <- v
		case v := <-hubLeave:
			fmt.Println(v)
		}
	}
}

// Waits for the hub, which does not wait for it.
//
//go:noinline
func hubGuest() { hubJoin <- 2 }

var pingOut, pingBack = make(chan int), make(chan int)

// Each sends first, and the other one would receive.
//
//go:noinline
func pingSender() {
	pingOut <- 1
	fmt.Println(<-pingBack)
}

//go:noinline
func pingEcho() {
	pingBack <- 1
	fmt.Println(<-pingOut)
}

// From here on: healthy, or at least nobody can say that it is not.

var drainedJoin, drainedLeave = make(chan int), make(chan int)

// As the hub, but there is code that may be started yet, and receives.
//
//go:noinline
func drainedSender() {
	for {
		select {
		case v := <-drainedJoin:
			drainedLeave <- v
		case v := <-drainedLeave:
			fmt.Println(v)
		}
	}
}

//go:noinline
func drain() { fmt.Println(<-drainedLeave) }

var lentLeave = make(chan int)

// As the hub, but somebody may be given the channel.
//
//go:noinline
func lentSender() {
	for {
		lentLeave <- 1
		fmt.Println(<-lentLeave)
	}
}

//go:noinline
func lend() <-chan int { return lentLeave }

var storedLeave = make(chan int)
var stored = &relay{done: storedLeave}

// As the hub, but a struct has the channel, too.
//
//go:noinline
func storedSender() {
	for {
		storedLeave <- 1
		fmt.Println(<-storedLeave)
	}
}

var shiftLeave = make(chan int)

// There are two of them, and one is asleep.
//
//go:noinline
func shiftSender(asleep bool) {
	if asleep {
		time.Sleep(time.Hour)
		fmt.Println(<-shiftLeave)
	}
	for {
		shiftLeave <- 1
		fmt.Println(<-shiftLeave)
	}
}

// There is another receiver, who is busy and has the channel itself.
//
//go:noinline
func helpedHelper(events chan int) {
	for range events {
		time.Sleep(time.Hour)
	}
}

//go:noinline
func helpedSender(r *relay) { r.send() }

//go:noinline
func helpedReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull()
		r.look()
	}
}

// Has the struct at hand that has the channel, and receives from another channel of it.
//
//go:noinline
func elsewhereSender(r *relay) { r.send() }

//go:noinline
func elsewhereReceiver(r *relay) {
	r.waitUntilFull()
	r.look()
	fmt.Println(<-r.done)
}

// Has received all it ever will.
//
//go:noinline
func onceSender(r *relay) { r.send() }

//go:noinline
func onceReceiver(r *relay) {
	fmt.Println(<-r.events)
	r.waitUntilFull()
	r.look()
}

// A ticker wakes the one with the lock.
//
//go:noinline
func tickingWaiter(r *relay) {
	ticker := time.NewTicker(time.Hour)
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case v := <-r.done:
		fmt.Println(v)
	case <-ticker.C:
	}
}

//go:noinline
func tickingSender(r *relay) {
	r.look()
	r.done <- 1
}

// A timer will run a function that receives.
//
//go:noinline
func laterSender(r *relay) { r.send() }

//go:noinline
func laterReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull()
		r.look()
	}
}

// Somebody asleep has what has the channel, and will receive.
//
//go:noinline
func heldSleeper(r *relay) {
	time.Sleep(time.Hour)
	for range r.events {
	}
}

//go:noinline
func heldSender(r *relay) { r.send() }

//go:noinline
func heldReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull()
		r.look()
	}
}

// The same of one outside of the heap.
//
//go:noinline
func staticSleeper(r *relay) {
	time.Sleep(time.Hour)
	for range r.events {
	}
}

//go:noinline
func staticSender(r *relay) { r.send() }

//go:noinline
func staticReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull()
		r.look()
	}
}

// More are counted than have deferred Done, and one of those is asleep: the others do not hang.
//
//go:noinline
func directWaiter(r *relay) {
	r.wg.Wait()
	fmt.Println(<-r.done)
}

//go:noinline
func directWorker(r *relay) {
	r.done <- 1
	r.wg.Done()
}

//go:noinline
func directReceiver(r *relay) {
	time.Sleep(time.Hour)
	for range r.done {
	}
}

// Nobody but the two has it.
//
//go:noinline
func provedSender(r *relay) { r.send() }

//go:noinline
func provedReceiver(r *relay) {
	r.waitUntilFull()
	for range r.events {
		r.waitUntilFull()
		r.look()
	}
}

func start() {
	for _, r := range []**relay{&ranged, &selected, &grouped, &closed, &helped, &elsewhere, &once,
		&ticking, &later, &held, &direct} {
		*r = newRelay()
	}
	go rangeSender(ranged)
	go rangeReceiver(ranged)
	go selectSender(selected)
	selected.waitUntilFull()
	go selectReceiver(selected)
	grouped.wg.Add(3)
	for i := 0; i < 3; i++ {
		go groupWorker(grouped)
	}
	go groupWaiter(grouped)
	go closeRanger(closed)
	for closed.mu.TryLock() {
		closed.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	go closeCloser(closed)

	go hubSender()
	hubJoin <- 1
	go hubGuest()
	go pingSender()
	go pingEcho()

	go drainedSender()
	drainedJoin <- 1
	go lentSender()
	go storedSender()
	go shiftSender(true)
	go shiftSender(false)
	go helpedHelper(helped.events)
	go helpedSender(helped)
	go helpedReceiver(helped)
	go elsewhereSender(elsewhere)
	go elsewhereReceiver(elsewhere)
	go onceSender(once)
	go onceReceiver(once)
	go tickingWaiter(ticking)
	for ticking.mu.TryLock() {
		ticking.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	go tickingSender(ticking)
	go laterSender(later)
	go laterReceiver(later)
	of := later
	time.AfterFunc(time.Hour, func() { <-of.events })
	go heldSleeper(held)
	go heldSender(held)
	go heldReceiver(held)
	go staticSleeper(static)
	go staticSender(static)
	go staticReceiver(static)
	direct.wg.Add(2)
	go directWorker(direct)
	go directWaiter(direct)
	go directReceiver(direct)
	local := newRelay()
	go provedSender(local)
	go provedReceiver(local)
}

// Everybody is blocked for good, or sleeps for an hour.
func settled() bool {
	buffer := make([]byte, 1<<20)
	dump := buffer[:runtime.Stack(buffer, true)]
	for i, goroutine := range bytes.Split(dump, []byte("\n\n")) {
		short := bytes.Contains(goroutine, []byte("waitUntilFull"))
		runs := bytes.Contains(goroutine, []byte("[running")) || bytes.Contains(goroutine, []byte("[runnable"))
		if i > 0 && (short || runs) {
			return false
		}
	}
	return true
}

func main() {
	start()
	if len(os.Args) > 100 {
		drain()
		<-lend()
	}
	for i := 0; i < 3; {
		time.Sleep(10 * time.Millisecond)
		if i++; !settled() {
			i = 0
		}
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
