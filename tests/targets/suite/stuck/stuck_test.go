// Package stuck does not come to an end: go test ends it.
package stuck

import "testing"

func TestStuck(t *testing.T) {
	t.Run("other", func(t *testing.T) {
		t.Parallel()
	})
	t.Run("for ever", func(t *testing.T) {
		<-make(chan int)
	})
}
