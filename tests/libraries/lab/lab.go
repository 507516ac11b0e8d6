// Package lab runs a library as a service does that forgets to close its clients, and as one that does
// not. The server, if the library has one, is a process of its own, so that all new goroutines are
// the library's; which these are the program tells itself.
//
//	program leaked N   N clients made and used, and nobody has them any more
//	program closed N   the same, each closed
//	program kept N     the same, and a variable has them
//	program shared N   one client, which N workers use
//
// Each prints a line of JSON, the goroutines that are there beyond those at the start, then READY.
package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Client is what a library made for its user.
type Client struct {
	Handle any    // what its user keeps
	Use    func() // what its user does with it
	Close  func() // what its user has to call in the end
}

// Library is one under test.
type Library struct {
	Serve func() string               // starts its server and returns the address; nil: there is none
	Open  func(address string) Client // makes a client
}

const (
	atRest   = 20 // looks one after the other at which the goroutines are the same
	longest  = 30 * time.Second
	between  = 50 * time.Millisecond
	requests = 64 // that a service serves between two clients it makes
	lifetime = 10 * time.Minute
)

var (
	kept    []any
	jobs    = make(chan struct{})
	running sync.WaitGroup
)

// Main is the whole program.
func Main(library Library) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve(library)
		return
	}
	count, err := strconv.Atoi(os.Args[2])
	Check(err)
	address := ""
	if library.Serve != nil {
		address = startServer()
	}
	before := goroutines()
	run(os.Args[1], count, address, library)
	after := settle(before)
	truth, err := json.Marshal(map[string]any{"goroutines": after})
	Check(err)
	fmt.Println(string(truth))
	fmt.Println("READY")
	time.Sleep(lifetime)
	runtime.KeepAlive(kept)
}

// Check ends the program if there is an error.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

//go:noinline
func run(mode string, count int, address string, library Library) {
	if mode == "shared" {
		share(count, library.Open(address))
		return
	}
	for range count {
		serveRequests()
		client := library.Open(address)
		client.Use()
		switch mode {
		case "closed":
			client.Close()
		case "kept":
			kept = append(kept, client.Handle)
		case "leaked":
		default:
			panic("unknown mode " + mode)
		}
	}
}

// serveRequests is what else a service does: goroutines that come and go.
func serveRequests() {
	var all sync.WaitGroup
	for range requests {
		all.Add(1)
		go all.Done()
	}
	all.Wait()
}

func share(count int, client Client) {
	client.Use()
	for range count {
		running.Add(1)
		go func() {
			running.Done()
			for range jobs {
				client.Use()
			}
		}()
	}
	running.Wait()
}

// settle waits until the same goroutines are there for a while, and returns those that are new.
func settle(before map[int]bool) []int {
	deadline := time.Now().Add(longest)
	var last string
	var fresh []int
	for same := 0; same < atRest && time.Now().Before(deadline); time.Sleep(between) {
		runtime.GC()
		fresh = []int{}
		for id := range goroutines() {
			if !before[id] {
				fresh = append(fresh, id)
			}
		}
		now := fmt.Sprint(len(fresh))
		if now == last {
			same++
		} else {
			same = 0
		}
		last = now
	}
	return fresh
}

var header = regexp.MustCompile(`(?m)^goroutine (\d+) `)

// goroutines has all user goroutines that exist now.
func goroutines() map[int]bool {
	text := make([]byte, 16<<20)
	text = text[:runtime.Stack(text, true)]
	ids := map[int]bool{}
	for _, found := range header.FindAllSubmatch(text, -1) {
		id, err := strconv.Atoi(string(found[1]))
		Check(err)
		ids[id] = true
	}
	return ids
}

// startServer runs the same program as the server. It ends when its standard input does, with us.
func startServer() string {
	self, err := os.Executable()
	Check(err)
	server := exec.Command(self, "serve")
	server.Stderr = os.Stderr
	_, err = server.StdinPipe()
	Check(err)
	output, err := server.StdoutPipe()
	Check(err)
	Check(server.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	Check(err)
	kept = append(kept, server)
	return strings.TrimSpace(line)
}

func serve(library Library) {
	fmt.Println(library.Serve())
	_, err := io.Copy(io.Discard, os.Stdin)
	Check(err)
}
