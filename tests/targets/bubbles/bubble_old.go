//go:build !go1.25

package main

import "testing/synctest"

func main() {
	everything(func(f func()) { start(func() { synctest.Run(f) }) })
}
