// Package fuzzed has a fuzz test, whose workers are processes of their own.
package fuzzed

import "testing"

func FuzzLength(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, text string) {
		c := make(chan int, 1)
		go func() { c <- len(text) }()
		<-c
	})
}
