//go:build go1.21

package main

import (
	"context"
	"time"
)

func init() { held = append(held, V_contextAfterFunc, V_causeOfContext) }

var ended, end = context.WithCancel(context.Background())

// V_contextAfterFunc: the end of a context that somebody can cancel stops it.
//
//go:noinline
func V_contextAfterFunc() {
	w := newWorker()
	context.AfterFunc(ended, w.Stop)
	go w.run()
}

var causes []context.CancelCauseFunc

//go:noinline
func V_causeOfContext() {
	ctx, cancel := context.WithCancelCause(context.Background())
	causes = append(causes, cancel)
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}
