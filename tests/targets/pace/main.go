// AfterFuncs that nobody has, made one after the other ("piles") or as healthy programs make them.
// READY comes once the process has run for so long that their pace tells something.
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// From the tenth second on the pace counts, and from so many on.
const (
	enough = 11 * time.Second
	many   = 40
)

var made int64

// A session each that is forgotten tomorrow.
func piles() {
	for {
		entry := &[64]byte{}
		time.AfterFunc(24*time.Hour, func() { entry[0]++ })
		atomic.AddInt64(&made, 1)
		time.Sleep(200 * time.Millisecond)
	}
}

// As many at a time, but each is gone before the process has run for long.
func expires() {
	for {
		entry := &[64]byte{}
		time.AfterFunc(4*time.Second, func() { entry[1]++ })
		atomic.AddInt64(&made, 1)
		time.Sleep(50 * time.Millisecond)
	}
}

// As many, made when the program started, and none since.
func starts() {
	for i := 0; i < 60; i++ {
		entry := &[64]byte{}
		time.AfterFunc(24*time.Hour, func() { entry[2]++ })
	}
}

func main() {
	start := time.Now()
	if len(os.Args) > 1 && os.Args[1] == "piles" {
		go piles()
	} else {
		go expires()
		starts()
	}
	for time.Since(start) < enough || atomic.LoadInt64(&made) < many {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
