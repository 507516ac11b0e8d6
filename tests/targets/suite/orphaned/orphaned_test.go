// Package orphaned starts what nobody can stop.
package orphaned

import (
	"testing"
	"time"
)

type poller struct {
	stop  chan struct{}
	every time.Duration
	polls int
}

func (p *poller) run() {
	t := time.NewTicker(p.every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			p.polls++
		case <-p.stop:
			return
		}
	}
}

func start() *poller {
	p := &poller{stop: make(chan struct{}), every: time.Hour}
	go p.run()
	return p
}

func TestPoller(t *testing.T) {
	for i := 0; i < 6; i++ {
		start()
	}
	time.Sleep(20 * time.Millisecond)
}
