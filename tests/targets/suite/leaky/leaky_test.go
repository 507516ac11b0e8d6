package leaky

import "testing"

func TestFirst(t *testing.T) {
	for i := 0; i < 3; i++ {
		First()
	}
	Settle(3)
}

func TestNothing(t *testing.T) {}
