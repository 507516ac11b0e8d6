// Package cache leaks timers and locks.
package cache

import (
	"sync"
	"time"
)

// Store is a cache whose entries are refreshed by timers that nobody stops.
type Store struct {
	mu      sync.Mutex
	rw      sync.RWMutex
	entries map[string]int
	loaded  sync.WaitGroup
	changed *sync.Cond
}

// New makes a store.
func New() *Store {
	s := &Store{entries: map[string]int{}}
	s.changed = sync.NewCond(&sync.Mutex{})
	return s
}

// Refresh arms a timer that arms itself again, and a ticker whose reader waits for ever.
func (s *Store) Refresh() {
	time.AfterFunc(time.Hour, s.reload)
	ticker := time.NewTicker(30 * time.Minute)
	go s.tick(ticker)
}

func (s *Store) reload() {
	s.entries["reloaded"]++
	time.AfterFunc(time.Hour, s.reload)
}

func (s *Store) tick(t *time.Ticker) {
	for range t.C {
		s.entries["ticked"]++
	}
}

// Contend leaves locks held and counters unfinished, with n waiters each.
func (s *Store) Contend(n int) {
	s.mu.Lock()
	s.rw.Lock()
	s.loaded.Add(1)
	for i := 0; i < n; i++ {
		go s.put()
		go s.get()
		go s.wait()
		go s.follow()
	}
}

func (s *Store) put() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries["put"]++
}

func (s *Store) get() int {
	s.rw.RLock()
	defer s.rw.RUnlock()
	return s.entries["get"]
}

func (s *Store) wait() { s.loaded.Wait() }

func (s *Store) follow() {
	s.changed.L.Lock()
	s.changed.Wait()
	s.changed.L.Unlock()
}
