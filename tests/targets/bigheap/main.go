// A live heap of a given size in the shapes services have: maps, slices of pointers, linked structs,
// strings, buffers without pointers; and some goroutines that are leaked. bigheap MEGABYTES [TICKERS]: so
// many more are woken by a ticker, and nobody can stop them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

type record struct {
	id      int
	name    string
	next    *record
	tags    []string
	payload []byte
	by      map[string]*record
}

type shard struct {
	byName map[string]*record
	all    []*record
	head   *record
}

var shards []*shard

//go:noinline
func fill(n int) *shard {
	s := &shard{byName: map[string]*record{}}
	for i := 0; i < n; i++ {
		r := &record{id: i, name: "record-" + strconv.Itoa(i), next: s.head}
		for t := 0; t < i%4; t++ {
			r.tags = append(r.tags, "tag-"+strconv.Itoa(i+t))
		}
		r.payload = make([]byte, 64+i%3*256)
		if i%16 == 0 {
			r.by = map[string]*record{"self": r, r.name: s.head}
		}
		s.byName[r.name] = r
		s.all = append(s.all, r)
		s.head = r
	}
	return s
}

//go:noinline
func lost(c chan *shard) {
	s := fill(100)
	<-c
	fmt.Println(s)
}

//go:noinline
func poll(stop chan *shard) {
	s := fill(10)
	ticker := time.NewTicker(time.Hour)
	for {
		select {
		case <-ticker.C:
			fmt.Println(s)
		case <-stop:
			return
		}
	}
}

func main() {
	megabytes, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	debug.SetGCPercent(20)
	var stats runtime.MemStats
	for stats.HeapAlloc < uint64(megabytes)<<20 {
		for i := 0; i < 4; i++ {
			shards = append(shards, fill(10000))
		}
		runtime.ReadMemStats(&stats)
	}
	for i := 0; i < 1000; i++ {
		go lost(make(chan *shard))
	}
	if len(os.Args) > 2 {
		tickers, err := strconv.Atoi(os.Args[2])
		if err != nil {
			panic(err)
		}
		for i := 0; i < tickers; i++ {
			go poll(make(chan *shard))
		}
	}
	time.Sleep(time.Second)
	runtime.GC()
	runtime.ReadMemStats(&stats)
	fmt.Println("HEAP", stats.HeapAlloc)
	fmt.Println("READY")
	time.Sleep(time.Hour)
	fmt.Println(len(shards))
}
