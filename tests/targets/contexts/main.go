// Trees of contexts, and what the program itself knows of them: it prints the truth as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

type userKey struct{}

// A type of one's own between two of the library's.
type tracing struct {
	context.Context
	span string
}

// Truth is what the tests compare with. Addresses are those of the contexts' objects.
type Truth struct {
	Address  map[string]uint64 `json:"address"`
	Parent   map[string]string `json:"parent"`
	Waiting  map[string]int    `json:"waiting"`  // goroutines that wait for it
	Children map[string]int    `json:"children"` // that end with it
	Deadline map[string]int64  `json:"deadline"` // wall clock, ns
	Lost     int               `json:"lost"`
	Now      int64             `json:"now"`
}

var truth = Truth{
	Address:  map[string]uint64{},
	Parent:   map[string]string{},
	Waiting:  map[string]int{},
	Children: map[string]int{},
	Deadline: map[string]int64{},
}

var (
	root, server, request, traced, below, ended context.Context

	cancels []context.CancelFunc
	kept    []context.Context
)

// The data word of an interface.
func addressOf(c context.Context) uint64 {
	return uint64((*[2]uintptr)(unsafe.Pointer(&c))[1])
}

func note(name string, c context.Context, parent string) context.Context {
	truth.Address[name] = addressOf(c)
	truth.Parent[name] = parent
	return c
}

func wait(c context.Context, ready *sync.WaitGroup) {
	done := c.Done()
	ready.Done()
	<-done
}

//go:noinline
func lose(parent context.Context) {
	_, _ = context.WithCancel(parent) // nolint: the point of it
}

//go:noinline
func loseTimeout() {
	context.WithTimeout(context.Background(), time.Hour) // nolint: the point of it
}

func main() {
	var cancel context.CancelFunc
	root, cancel = context.WithCancel(context.Background())
	cancels = append(cancels, cancel)
	note("root", root, "")
	server, cancel = context.WithTimeout(root, 2*time.Hour)
	cancels = append(cancels, cancel)
	note("server", server, "root")
	deadline, _ := server.Deadline()
	truth.Deadline["server"] = deadline.UnixNano()
	request = note("request", context.WithValue(server, userKey{}, 7), "server")
	traced = note("traced", &tracing{request, "span"}, "request")
	below, cancel = context.WithCancel(traced)
	cancels = append(cancels, cancel)
	note("below", below, "traced")
	ended, cancel = context.WithCancel(root)
	cancel()
	note("ended", ended, "root")
	for i := 0; i < 2000; i++ {
		child, cancelChild := context.WithCancel(root)
		cancels = append(cancels, cancelChild)
		kept = append(kept, child)
	}
	for i := 0; i < 20; i++ {
		lose(server)
	}
	for i := 0; i < 15; i++ {
		loseTimeout()
	}
	truth.Lost = 35
	truth.Children["root"] = 2001
	truth.Children["server"] = 21
	var ready sync.WaitGroup
	for name, c := range map[string]context.Context{"root": root, "below": below} {
		for i := 0; i < 3; i++ {
			ready.Add(1)
			go wait(c, &ready)
			truth.Waiting[name]++
		}
	}
	ready.Wait()
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	truth.Now = time.Now().UnixNano()
	if err := json.NewEncoder(os.Stdout).Encode(&truth); err != nil {
		panic(err)
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}
