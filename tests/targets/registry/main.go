// registry: goroutines that wait each on a channel of its own, twenty for each way in which a program
// keeps what leads to all of them.
package main

import (
	"container/list"
	"fmt"
	"os"
	"runtime"
	"sync"
)

const count = 20

type session struct {
	id   int
	done chan struct{}
}

type hub struct {
	name     string
	sessions map[string]*session
}

type shard struct {
	mu       sync.Mutex
	sessions map[int]*session
}

var (
	byMap    = map[int]*session{}
	bySlice  []*session
	bySync   sync.Map
	byList   = list.New()
	theHub   = &hub{name: "hub", sessions: map[string]*session{}}
	channels = map[int]chan struct{}{}
	shards   [16]shard
	pool     = make([]*session, count) // as many as there will ever be
	array    [count]*session
	first    = map[int]*session{}
	second   []*session
	ready    sync.WaitGroup
)

func inMap(s *session)             { wait(s.done) }
func inSlice(s *session)           { wait(s.done) }
func inSync(s *session)            { wait(s.done) }
func inList(s *session)            { wait(s.done) }
func inField(s *session)           { wait(s.done) }
func inChannels(c chan struct{})   { wait(c) }
func inShards(s *session)          { wait(s.done) }
func inPool(s *session)            { wait(s.done) }
func inArray(s *session)           { wait(s.done) }
func inTwo(s *session)             { wait(s.done) }
func onStack(s *session)           { wait(s.done) }
func onOneChannel(c chan struct{}) { wait(c) }

func wait(c chan struct{}) {
	ready.Done()
	<-c
}

func start(run func(*session), i int) *session {
	s := &session{i, make(chan struct{})}
	ready.Add(1)
	go run(s)
	return s
}

//go:noinline
func fill() {
	one := make(chan struct{})
	channels[-1] = one
	for i := 0; i < count; i++ {
		byMap[i] = start(inMap, i)
		bySlice = append(bySlice, start(inSlice, i))
		bySync.Store(i, start(inSync, i))
		byList.PushBack(start(inList, i))
		theHub.sessions[fmt.Sprint(i)] = start(inField, i)
		c := make(chan struct{})
		channels[i] = c
		ready.Add(2)
		go inChannels(c)
		go onOneChannel(one)
		at := &shards[i%len(shards)]
		if at.sessions == nil {
			at.sessions = map[int]*session{}
		}
		at.sessions[i] = start(inShards, i)
		pool[i], array[i] = start(inPool, i), start(inArray, i)
		if s := start(inTwo, i); i%2 == 0 {
			first[i] = s
		} else {
			second = append(second, s)
		}
	}
}

func main() {
	fill()
	local := map[int]*session{}
	for i := 0; i < count; i++ {
		local[i] = start(onStack, i)
	}
	ready.Wait()
	runtime.GC()
	fmt.Println("READY", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	runtime.KeepAlive(local)
}
