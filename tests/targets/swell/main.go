// swell: takes more and more memory, a megabyte at a time, when it is told so on stdin ("go"), until
// somebody kills it. Each megabyte is kept by a goroutine that leaks (leak).
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

const (
	megabyte = 1 << 20
	page     = 4096
)

//go:noinline
func leak(block []byte, never chan []byte) { never <- block }

func main() {
	fmt.Println("READY", os.Getpid())
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() || in.Text() != "go" {
		return
	}
	for {
		block := make([]byte, megabyte)
		for i := 0; i < len(block); i += page {
			block[i] = 1
		}
		go leak(block, make(chan []byte))
		time.Sleep(100 * time.Millisecond)
	}
}
