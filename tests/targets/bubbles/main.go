// Bubbles: goroutines blocked in testing/synctest's bubbles. Functions whose name begins with L_ block
// for ever on something nothing live reaches; those with V_ are kept alive. When it is told to go on,
// main lets the live bubble end; whoever it wakes says so.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"
)

var (
	outside  sync.Mutex // not of any bubble: who waits for it is not durably blocked
	registry []chan int
	running  int32 // bubbles
)

func woken(name string) { fmt.Println("woken", name) }

//go:noinline
func L_deadReceive(c chan int) { <-c; woken("L_deadReceive") }

//go:noinline
func L_deadSend(c chan int) { c <- 1; woken("L_deadSend") }

//go:noinline
func L_deadSelect(c, d chan int) {
	select {
	case <-c:
	case d <- 1:
	}
	woken("L_deadSelect")
}

//go:noinline
func L_deadWaitGroup(wg *sync.WaitGroup) { wg.Wait(); woken("L_deadWaitGroup") }

//go:noinline
func L_deadCond(c *sync.Cond) { c.L.Lock(); c.Wait(); woken("L_deadCond") }

//go:noinline
func L_deadNil() { var c chan int; <-c; woken("L_deadNil") }

//go:noinline
func L_deadMain(c chan int) { <-c; woken("L_deadMain") }

//go:noinline
func V_deadGlobal(c chan int) { <-c; woken("V_deadGlobal") }

//go:noinline
func V_deadTimer(c chan int) {
	select {
	case <-c:
	case <-time.After(time.Hour):
	}
	woken("V_deadTimer")
}

//go:noinline
func L_liveReceive(c chan int) { <-c; woken("L_liveReceive") }

//go:noinline
func L_liveWaitGroup(wg *sync.WaitGroup) { wg.Wait(); woken("L_liveWaitGroup") }

//go:noinline
func V_liveHeld(c chan int) { <-c; woken("V_liveHeld") }

//go:noinline
func V_liveSent(c chan int) { c <- 1; woken("V_liveSent") }

//go:noinline
func V_liveWaitGroup(wg *sync.WaitGroup) { wg.Wait(); woken("V_liveWaitGroup") }

//go:noinline
func V_liveTimer(c chan int) { <-c; woken("V_liveTimer") }

//go:noinline
func V_liveSleepersOwn(c chan int) { <-c; woken("V_liveSleepersOwn") }

//go:noinline
func V_liveSleeper(c chan int) { time.Sleep(time.Hour); close(c); woken("V_liveSleeper") }

//go:noinline
func V_liveWaitersOwn(c chan int) { <-c; woken("V_liveWaitersOwn") }

//go:noinline
func V_liveWaiter(c chan int) { synctest.Wait(); close(c); woken("V_liveWaiter") }

//go:noinline
func V_liveMain(held, sent chan int, wg *sync.WaitGroup) {
	outside.Lock()
	outside.Unlock()
	held <- 1
	<-sent
	wg.Done()
	time.Sleep(2 * time.Hour)
	woken("V_liveMain")
}

//go:noinline
func L_stuckMutex(mu *sync.Mutex) { mu.Lock(); woken("L_stuckMutex") }

//go:noinline
func L_stuckReceive(c chan int) { <-c; woken("L_stuckReceive") }

// start runs a bubble, and survives the panic that tells of the goroutines left behind.
func start(run func()) {
	atomic.AddInt32(&running, 1)
	go func() {
		defer atomic.AddInt32(&running, -1)
		defer func() { fmt.Println("bubble:", recover()) }()
		run()
	}()
}

func dead() {
	go L_deadReceive(make(chan int))
	go L_deadSend(make(chan int))
	go L_deadSelect(make(chan int), make(chan int))
	wg := new(sync.WaitGroup)
	wg.Add(1)
	go L_deadWaitGroup(wg)
	go L_deadCond(sync.NewCond(new(sync.Mutex)))
	go L_deadNil()
	c := make(chan int)
	registry = append(registry, c)
	go V_deadGlobal(c)
	go V_deadTimer(make(chan int)) // since 1.25 its bubble's time stops; the timer is still set
}

func live() {
	go L_liveReceive(make(chan int))
	wg := new(sync.WaitGroup)
	wg.Add(1)
	go L_liveWaitGroup(wg)
	held, sent, theirs, waiters := make(chan int), make(chan int), make(chan int), make(chan int)
	go V_liveHeld(held)
	go V_liveSent(sent)
	mine := new(sync.WaitGroup)
	mine.Add(1)
	go V_liveWaitGroup(mine)
	c := make(chan int)
	time.AfterFunc(time.Hour, func() { close(c) })
	go V_liveTimer(c)
	go V_liveSleepersOwn(theirs)
	go V_liveSleeper(theirs)
	go V_liveWaitersOwn(waiters)
	go V_liveWaiter(waiters)
	V_liveMain(held, sent, mine)
}

// Who waits for a mutex is not durably blocked, so the bubble's root waits for ever.
func stuck() {
	mu := &struct {
		sync.Mutex
		pad [3]int
	}{}
	mu.Lock()
	go L_stuckMutex(&mu.Mutex)
	go L_stuckReceive(make(chan int))
}

func everything(bubble func(func())) {
	outside.Lock()
	bubble(dead)
	bubble(func() { L_deadMain(make(chan int)) })
	for atomic.LoadInt32(&running) != 0 {
		time.Sleep(time.Millisecond)
	}
	bubble(live)
	bubble(stuck)
	time.Sleep(300 * time.Millisecond)
	fmt.Println("READY", os.Getpid())
	input := bufio.NewReader(os.Stdin)
	input.ReadString('\n')
	outside.Unlock()
	for atomic.LoadInt32(&running) != 1 { // the stuck one
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("DONE")
	input.ReadString('\n')
}
