//go:build !go1.23

package main

import "runtime"

func turns() {
	for {
		runtime.Gosched()
	}
}
