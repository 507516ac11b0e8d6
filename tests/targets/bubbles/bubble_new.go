//go:build go1.25

package main

import (
	"testing"
	"testing/synctest"
)

func main() {
	test := func(t *testing.T) {
		everything(func(f func()) {
			start(func() { synctest.Test(t, func(*testing.T) { f() }) })
		})
	}
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Bubbles", F: test}}, nil, nil)
}
