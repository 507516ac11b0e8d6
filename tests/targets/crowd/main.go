// crowd healthy N, crowd stuck N: many goroutines at each of many places. What the first does is what servers
// with N idle connections do; the second has the pile-ups that look alike. It prints how many stand where.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

var (
	kept     []any
	expected = map[string]int{} // function to the number of goroutines that are blocked in it
	listener net.Listener
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A connection to the program itself, by a socket: what it accepts and what it dialled.
func connect() (server, client net.Conn) {
	client = must(net.Dial("unix", listener.Addr().String()))
	server = must(listener.Accept())
	kept = append(kept, client)
	return server, client
}

// Waits until as many goroutines are blocked as there should be in each function, and a collection has seen
// them so twice.
func settle() {
	for i := 0; i < 2; i++ {
		time.Sleep(300 * time.Millisecond)
		runtime.GC()
	}
	text := must(json.Marshal(expected))
	fmt.Printf("%s\nREADY\n", text)
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}

func main() {
	n := must(strconv.Atoi(os.Args[2]))
	listener = must(net.Listen("unix", filepath.Join(must(os.MkdirTemp("", "crowd")), "socket")))
	switch os.Args[1] {
	case "healthy":
		healthy(n)
	case "stuck":
		stuck(n)
	}
	settle()
}
