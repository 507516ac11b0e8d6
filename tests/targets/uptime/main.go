// Never collects, so that nothing but tickers and sleeps knows of its clock.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

const period = 100 * time.Millisecond

func tick(c <-chan time.Time) {
	for range c {
	}
}

func main() {
	debug.SetGCPercent(-1)
	begin := time.Now()
	go tick(time.NewTicker(period).C)
	time.Sleep(300 * time.Millisecond)
	fmt.Printf("{\"slept\": %d, \"period\": %d}\n", time.Since(begin), period)
	fmt.Println("READY", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
}
