// Package fsnotify stands for the real one, whose goroutines parked knows by name: a Watcher has a descriptor,
// and a goroutine that sends events until the Watcher is closed.
package fsnotify

import "os"

type Watcher struct {
	Events chan string
	done   chan struct{}
	file   *os.File
}

// NewWatcher calls started on the Watcher's goroutine.
func NewWatcher(file *os.File, started func()) *Watcher {
	w := &Watcher{make(chan string), make(chan struct{}), file}
	go w.readEvents(started)
	return w
}

func (w *Watcher) Close() { close(w.done) }

func (w *Watcher) readEvents(started func()) {
	defer w.file.Close()
	started()
	for w.sendEvent("created") {
	}
}

func (w *Watcher) sendEvent(event string) bool {
	select {
	case w.Events <- event:
		return true
	case <-w.done:
		return false
	}
}
