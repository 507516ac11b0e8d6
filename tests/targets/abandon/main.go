// Command abandon starts workers at random, hands what stops them around, drops some of it and stops
// others. Who was called ORPHAN, and was not being stopped already, must never end.
package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func goid() int {
	var buffer [64]byte
	fields := bytes.Fields(buffer[:runtime.Stack(buffer[:], false)])
	id, _ := strconv.Atoi(string(fields[1]))
	return id
}

var output sync.Mutex

func say(words ...any) {
	output.Lock()
	fmt.Println(words...)
	output.Unlock()
}

// Numbers tell who is who: a pointer would be one more way to the worker.
func begin(number int)    { say("begin", number, goid()) }
func end()                { say("end", goid()) }
func stopping(number int) { say("stopping", number) }

const tick = 3 * time.Millisecond

// Each kind starts a worker and returns what stops it.
var kinds = []func(int) func(){channel, flag, field, cancelled, polled, pair}

func channel(number int) func() {
	stop := make(chan struct{})
	go func() {
		begin(number)
		defer end()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	}()
	return func() { stopping(number); close(stop) }
}

func flag(number int) func() {
	stop := new(int32)
	go func() {
		begin(number)
		defer end()
		for atomic.LoadInt32(stop) == 0 {
			time.Sleep(tick)
		}
	}()
	return func() { stopping(number); atomic.StoreInt32(stop, 1) }
}

type state struct {
	mu   sync.Mutex
	stop bool
}

func (s *state) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

func field(number int) func() {
	s := &state{}
	go func() {
		begin(number)
		defer end()
		for !s.stopped() {
			time.Sleep(tick)
		}
	}()
	return func() {
		stopping(number)
		s.mu.Lock()
		s.stop = true
		s.mu.Unlock()
	}
}

func cancelled(number int) func() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		begin(number)
		defer end()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { stopping(number); cancel() }
}

func polled(number int) func() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		begin(number)
		defer end()
		for ctx.Err() == nil {
			time.Sleep(tick)
		}
	}()
	return func() { stopping(number); cancel() }
}

// pair: one feeds the other, and both end.
func pair(number int) func() {
	work := make(chan int)
	stop := make(chan struct{})
	go func() {
		begin(number)
		defer end()
		for range work {
		}
	}()
	go func() {
		begin(number)
		defer end()
		defer close(work)
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				work <- 1
			case <-stop:
				return
			}
		}
	}()
	return func() { stopping(number); close(stop) }
}

var (
	byNumber = map[int]func(){}
	buffer   = make(chan func(), 64)
)

func main() {
	fmt.Println("READY")
	var mine []func()
	for i := 0; i < 20000; i++ {
		stop := kinds[rand.Intn(len(kinds))](i)
		switch rand.Intn(7) {
		case 0:
			byNumber[i] = stop
		case 1:
			mine = append(mine, stop)
		case 2:
			select {
			case buffer <- stop:
			default:
				stop()
			}
		case 3: // a goroutine has it that somebody else wakes
			now := make(chan struct{})
			go func() {
				<-now
				stop()
			}()
			mine = append(mine, func() { close(now) })
		case 4: // a timeout
			go func() {
				time.Sleep(time.Duration(rand.Intn(200)) * time.Millisecond)
				stop()
			}()
		case 5:
			time.AfterFunc(time.Duration(rand.Intn(200))*time.Millisecond, stop)
		default: // lost
		}
		switch rand.Intn(3) {
		case 0:
			for number, stop := range byNumber {
				stop()
				delete(byNumber, number)
				break
			}
		case 1:
			if len(mine) > 0 {
				mine[0]()
				mine = mine[1:]
			}
		default:
			select {
			case stop := <-buffer:
				stop()
			default:
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
}
