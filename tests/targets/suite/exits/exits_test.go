// Package exits ends in the middle of a test, others of which wait for it, and for each other.
package exits

import (
	"os"
	"testing"
)

func TestOuter(t *testing.T) {
	t.Run("paused", func(t *testing.T) {
		t.Parallel()
	})
	t.Run("middle", func(t *testing.T) {
		t.Run("inner", func(t *testing.T) {
			os.Exit(4)
		})
	})
}
