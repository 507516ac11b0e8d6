package grpc

import (
	"sync/atomic"
	"time"

	"google.golang.org/grpc/internal/transport"
)

// Pooled is a client whose buffers are of a pool for all. It looks whether it is closed before it
// sends.
type Pooled struct {
	closed int32
	done   chan struct{}
	framer transport.Framer
}

func NewPooled(every time.Duration) *Pooled {
	p := &Pooled{done: make(chan struct{}), framer: transport.NewFramer(64)}
	go p.ping(every)
	return p
}

func (p *Pooled) ping(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for atomic.LoadInt32(&p.closed) == 0 {
		p.framer.Write(1)
		select {
		case <-ticker.C:
		case <-p.done:
			return
		}
	}
}

func (p *Pooled) Close() {
	atomic.StoreInt32(&p.closed, 1)
	close(p.done)
}
