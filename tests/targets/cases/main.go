// cases: goroutines in selects of which some cases can still become ready, and others cannot, because nobody
// else has their channels.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

type poller struct {
	stop    chan struct{}
	results chan int
}

var (
	jobs  = make(chan int)
	kept  []*poller
	ready sync.WaitGroup
)

// lost: nobody has its poller any more.
func lost(p *poller) {
	ticker := time.NewTicker(time.Hour)
	ready.Done()
	select {
	case <-ticker.C:
	case <-p.stop:
	case <-jobs:
	case p.results <- 1:
	}
}

// held: a global has its poller.
func held(p *poller) {
	ticker := time.NewTicker(time.Hour)
	ready.Done()
	select {
	case <-ticker.C:
	case <-p.stop:
	case <-jobs:
	case p.results <- 1:
	}
}

// local: main has its poller, on its stack.
func local(p *poller) {
	ready.Done()
	select {
	case <-p.stop:
	case <-jobs:
	}
}

// ending: the deadline's timer ends its context.
func ending(ctx context.Context, own chan int) {
	ready.Done()
	select {
	case <-ctx.Done():
	case <-own:
	}
}

// shared: the other one has the channel, too, and both are woken by jobs.
func shared(c chan int) {
	ready.Done()
	select {
	case <-c:
	case <-jobs:
	}
}

func newPoller() *poller { return &poller{make(chan struct{}), make(chan int)} }

//go:noinline
func start() (*poller, context.CancelFunc) {
	ready.Add(6)
	go lost(newPoller())
	kept = append(kept, newPoller())
	go held(kept[0])
	mine := newPoller()
	go local(mine)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	go ending(ctx, make(chan int))
	c := make(chan int)
	go shared(c)
	go shared(c)
	ready.Wait()
	return mine, cancel
}

func main() {
	mine, cancel := start()
	fmt.Println("READY", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	close(mine.stop)
	cancel()
}
