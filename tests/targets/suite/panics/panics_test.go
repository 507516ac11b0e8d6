// Package panics dies while tests wait for each other.
package panics

import "testing"

var never = make(chan bool) // not lost: what waits for it may or may not be there when the other panics

func TestOuter(t *testing.T) {
	ready := make(chan bool)
	t.Run("group", func(t *testing.T) {
		t.Run("waits", func(t *testing.T) {
			t.Parallel()
			ready <- true
			t.Run("within", func(t *testing.T) { <-never })
		})
		t.Run("panics", func(t *testing.T) {
			t.Parallel()
			<-ready
			panic("on purpose")
		})
	})
}
