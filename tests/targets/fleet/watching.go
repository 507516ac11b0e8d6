//go:build watching

package main

import "time"

func init() { leaks["watching"] = watching }

type watcher struct {
	stop  chan struct{}
	looks int
}

func (w *watcher) Stop() { close(w.stop) }

//go:noinline
func (w *watcher) watchStock() {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.looks++
		case <-w.stop:
			return
		}
	}
}

// watching keeps no watcher, and so nobody can stop one.
//
//go:noinline
func watching(count int) {
	for i := 0; i < count; i++ {
		w := &watcher{stop: make(chan struct{})}
		go w.watchStock()
	}
}
