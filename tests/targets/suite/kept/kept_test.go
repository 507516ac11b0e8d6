// Package kept has workers that live as long as the program, and are meant to.
package kept

import (
	"testing"
	"time"
)

var work = make(chan func())

func init() {
	for i := 0; i < 2; i++ {
		go func() {
			for f := range work {
				f()
			}
		}()
	}
	go refresh()
}

func refresh() {
	for range time.Tick(time.Hour) {
	}
}

func TestWork(t *testing.T) {
	done := make(chan bool)
	work <- func() { close(done) }
	<-done
}
