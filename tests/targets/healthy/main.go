// A busy and healthy service: nothing in it leaks, whenever it is looked at. It does everything
// that leaks are made of, and ends it.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	_ "parked.test/fakedb"
)

var work int64 // done so far, by everybody

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func handler(db *sql.DB) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rows, err := db.QueryContext(r.Context(), "select")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer rows.Close()
		for i := 0; i < 10 && rows.Next(); i++ {
			fmt.Fprintln(w, i)
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(30 * time.Millisecond):
			io.WriteString(w, "late")
		case <-r.Context().Done():
		}
	})
	return mux
}

func request(client *http.Client, url string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	response, err := client.Do(must(http.NewRequestWithContext(ctx, "GET", url, nil)))
	if err != nil {
		return
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
}

func transaction(db *sql.DB) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return
	}
	defer tx.Rollback()
	must(tx.Query("select")).Close()
	tx.Commit()
}

// First answer wins, with room for the others.
func fastest() int {
	answers := make(chan int, 3)
	for i := 0; i < 3; i++ {
		go func() { answers <- 1 }()
	}
	return <-answers
}

// A pipeline whose every stage ends.
func pipeline() {
	source, squares := make(chan int), make(chan int, 4)
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range source {
				squares <- n * n
			}
		}()
	}
	go func() {
		for i := 0; i < 20; i++ {
			source <- i
		}
		close(source)
		group.Wait()
		close(squares)
	}()
	for range squares {
		atomic.AddInt64(&work, 1)
	}
}

type cache struct {
	mu      sync.RWMutex
	entries map[int]int
}

func (c *cache) use(i int) {
	c.mu.RLock()
	_, found := c.entries[i%100]
	c.mu.RUnlock()
	if !found {
		c.mu.Lock()
		c.entries[i%100] = i
		c.mu.Unlock()
	}
}

func readFile() {
	file := must(os.Open(os.Args[0]))
	defer file.Close()
	file.Read(make([]byte, 512))
}

func loop(each func(i int)) {
	go func() {
		for i := 0; ; i++ {
			each(i)
			atomic.AddInt64(&work, 1)
			time.Sleep(2 * time.Millisecond)
		}
	}()
}

func main() {
	log.SetOutput(io.Discard) // servers tell of dials that were given up
	db := must(sql.Open("fake", ""))
	db.SetMaxOpenConns(8)
	db.SetConnMaxLifetime(time.Minute)
	plain := httptest.NewServer(handler(db))
	secure := httptest.NewTLSServer(handler(db))
	two := httptest.NewUnstartedServer(handler(db))
	two.EnableHTTP2 = true
	two.StartTLS()
	limited := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 4}}

	for i := 0; i < 4; i++ {
		loop(func(int) { request(http.DefaultClient, plain.URL) })
		loop(func(int) { request(secure.Client(), secure.URL) })
		loop(func(int) { request(two.Client(), two.URL) })
		loop(func(int) { request(two.Client(), two.URL+"/slow") })
		loop(func(int) { request(limited, plain.URL+"/slow") })
		loop(func(int) { transaction(db) })
	}
	shared := &cache{entries: map[int]int{}}
	for i := 0; i < 3; i++ {
		loop(shared.use)
	}
	loop(func(int) { fastest() })
	loop(func(int) { pipeline() })
	loop(func(int) { readFile() })

	// Workers that wait for jobs, tickers, timers and contexts that are in use.
	jobs := make(chan func())
	for i := 0; i < 20; i++ {
		go func() {
			for job := range jobs {
				job()
			}
		}()
	}
	loop(func(int) { jobs <- func() { atomic.AddInt64(&work, 1) } })
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for i := 0; i < 3; i++ {
		go func() {
			ticker := time.NewTicker(10 * time.Millisecond)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					atomic.AddInt64(&work, 1)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	var rearm func()
	timer := time.AfterFunc(time.Hour, func() { rearm() })
	rearm = func() { timer.Reset(5 * time.Millisecond) }
	rearm()
	loop(func(int) {
		child, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		select {
		case <-child.Done():
		case <-time.After(time.Millisecond):
		}
	})
	condition := sync.NewCond(&sync.Mutex{})
	for i := 0; i < 2; i++ {
		loop(func(int) {
			condition.L.Lock()
			condition.Wait()
			condition.L.Unlock()
		})
	}
	loop(func(int) { condition.Broadcast() })
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	go func() {
		for range signals {
		}
	}()

	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	fmt.Println("READY")
	before := int64(0)
	for {
		time.Sleep(time.Second)
		now := atomic.LoadInt64(&work)
		if now == before {
			panic("nothing moves any more")
		}
		before = now
	}
}
