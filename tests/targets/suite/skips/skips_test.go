// Package skips has tests that end early, in every way there is.
package skips

import (
	"runtime"
	"testing"
)

func TestSkip(t *testing.T) { t.Skip("not today") }

func TestFails(t *testing.T) {
	t.Run("fatal", func(t *testing.T) { t.Parallel(); t.Fatal("on purpose") })
	t.Run("cleanup", func(t *testing.T) { t.Cleanup(func() { t.Log("done") }) })
}

func TestGoexit(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.Goexit()
	}()
	<-done
}
