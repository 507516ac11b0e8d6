package grpc

import (
	"time"

	"google.golang.org/grpc/internal/channelz"
)

// Watched is a client that gRPC's list of connections knows.
type Watched struct {
	done   chan struct{}
	remove func()
	pings  int64
}

func NewWatched(every time.Duration) *Watched {
	w := &Watched{done: make(chan struct{})}
	w.remove = channelz.RegisterSocket(w.metrics)
	go w.ping(every)
	return w
}

func (w *Watched) metrics() int64 { return w.pings }

func (w *Watched) ping(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.pings++
		case <-w.done:
			return
		}
	}
}

func (w *Watched) Close() {
	w.remove()
	close(w.done)
}
