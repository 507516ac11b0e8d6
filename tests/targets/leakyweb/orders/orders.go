// Package orders leaks on channels.
package orders

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Price asks three suppliers and takes the first answer; the other two never get rid of theirs.
func Price(w http.ResponseWriter, r *http.Request) {
	answers := make(chan int)
	for supplier := 0; supplier < 3; supplier++ {
		go askSupplier(supplier, answers)
	}
	fmt.Fprintln(w, <-answers)
}

func askSupplier(supplier int, answers chan<- int) {
	time.Sleep(time.Duration(supplier) * time.Millisecond)
	answers <- 100 + supplier
}

// Export ranges over a channel that nobody closes.
func Export(w http.ResponseWriter, r *http.Request) {
	rows := make(chan string, 4)
	go writeRows(rows)
	rows <- "header"
	fmt.Fprintln(w, "exported")
}

func writeRows(rows <-chan string) {
	for row := range rows {
		_ = row
	}
}

// Import misjudges the capacity: two errors fit, the third worker waits for ever.
func Import(w http.ResponseWriter, r *http.Request) {
	errs := make(chan error, 2)
	for i := 0; i < 3; i++ {
		go importPart(errs)
	}
	fmt.Fprintln(w, "imported")
}

func importPart(errs chan<- error) { errs <- fmt.Errorf("bad part") }

// Watch makes a context that nobody cancels.
func Watch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go watchStock(ctx, make(chan int))
	fmt.Fprintln(w, "watching")
}

func watchStock(ctx context.Context, changes chan int) {
	select {
	case <-changes:
	case <-ctx.Done():
	}
}

// poller asks for news until its Stop is called.
type poller struct {
	asked int
	stop  chan struct{}
}

// Stop ends the poller.
func (p *poller) Stop() { close(p.stop) }

func (p *poller) run() {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.asked++
		case <-p.stop:
			return
		}
	}
}

// Follow stops its poller only where something went wrong.
func Follow(w http.ResponseWriter, r *http.Request) {
	p := &poller{stop: make(chan struct{})}
	go p.run()
	if _, err := fmt.Fprintln(w, "following"); err != nil {
		p.Stop()
	}
}

var audit chan string // never made

// Audit sends to a nil channel.
func Audit() { audit <- "started" }
