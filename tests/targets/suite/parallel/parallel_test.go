// Package parallel leaves one goroutine in each of its tests that are named so.
package parallel

import (
	"testing"

	"parked.test/suite/leaky"
)

func TestAll(t *testing.T) {
	t.Run("group", func(t *testing.T) {
		for _, name := range []string{"leaks", "is clean", "leaks too"} {
			name := name
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if name != "is clean" {
					leaky.First()
				}
			})
		}
	})
	leaky.Settle(2)
}
