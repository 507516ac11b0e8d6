package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// Who holds what, as the goroutines themselves know it.
type truth struct {
	mu sync.Mutex
	// The lock a goroutine waits for, by name, and who holds a lock: 0, nobody who lives.
	Waits map[string]string
	Holds map[string][]int
	// By lock: who will unlock what somebody else has locked.
	Unlocks map[string][]int
	// Goroutines that wait for what they hold themselves, and circles of several.
	Again   []int
	Circles [][]int
}

var told = truth{Waits: map[string]string{}, Holds: map[string][]int{}, Unlocks: map[string][]int{}}

func self() int {
	var buffer [64]byte
	text := buffer[:runtime.Stack(buffer[:], false)]
	id, err := strconv.Atoi(string(bytes.Fields(text)[1]))
	if err != nil {
		panic(err)
	}
	return id
}

func waits(lock string) int {
	id := self()
	told.mu.Lock()
	told.Waits[strconv.Itoa(id)] = lock
	told.mu.Unlock()
	return id
}

func holds(lock string) int {
	id := self()
	told.mu.Lock()
	told.Holds[lock] = append(told.Holds[lock], id)
	told.mu.Unlock()
	return id
}

func again(lock string) {
	id := waits(lock)
	told.mu.Lock()
	told.Again = append(told.Again, id)
	told.mu.Unlock()
}

func unlocks(lock string) {
	id := self()
	told.mu.Lock()
	told.Unlocks[lock] = append(told.Unlocks[lock], id)
	told.mu.Unlock()
}

// Two goroutines that wait for each other.
type circle struct {
	ready sync.WaitGroup
	mu    sync.Mutex
	ids   []int
}

func (c *circle) join(has, wants string) {
	c.mu.Lock()
	c.ids = append(c.ids, holds(has))
	if len(c.ids) == 2 {
		told.mu.Lock()
		told.Circles = append(told.Circles, c.ids)
		told.mu.Unlock()
	}
	c.mu.Unlock()
	waits(wants)
	c.ready.Done()
	c.ready.Wait()
}

func newCircle() *circle {
	c := &circle{}
	c.ready.Add(2)
	return c
}

// Starts f and waits until it says that it has what it holds.
func start(f func(ready func())) {
	var ready sync.WaitGroup
	ready.Add(1)
	go f(ready.Done)
	ready.Wait()
}

// Everything stays reachable: reachability decides nothing here.
var kept []interface{}

func keep(object interface{}) { kept = append(kept, object) }

// ---- a helper that returns with the lock, and TryLock

type store struct {
	meta, data sync.Mutex
	n          int
}

//go:noinline
func (s *store) begin() { s.data.Lock() }

//go:noinline
func (s *store) end() { s.data.Unlock() }

//go:noinline
func slow(s *store, ready func()) {
	s.begin()
	holds("helper.data")
	ready()
	<-never
	s.end()
}

//go:noinline
func try(s *store, ready func()) {
	if s.data.TryLock() {
		holds("try.data")
		ready()
		<-never
		s.data.Unlock()
	}
}

//go:noinline
func update(s *store, name string) {
	s.meta.Lock()
	defer s.meta.Unlock()
	holds(name + ".meta")
	waits(name + ".data")
	s.data.Lock()
	defer s.data.Unlock()
	s.n++
}

//go:noinline
func touch(s *store, name string) {
	waits(name + ".meta")
	s.meta.Lock()
	s.n++
	s.meta.Unlock()
}

// Had the lock from a helper and gave it back through one.
//
//go:noinline
func had(s *store, ready func()) {
	s.data.Lock()
	s.end()
	s.begin()
	s.n++
	s.end()
	ready()
	<-never
}

func helpers() {
	for _, scene := range []struct {
		name string
		hold func(*store, func())
	}{{"helper", slow}, {"try", try}} {
		s := &store{}
		keep(s)
		start(func(ready func()) { had(s, ready) })
		start(func(ready func()) { scene.hold(s, ready) })
		go update(s, scene.name)
		settle()
		go touch(s, scene.name)
	}
}

// ---- a lock handed over to another goroutine

type job struct {
	state, busy sync.Mutex
	n           int
}

//go:noinline
func (j *job) run(ready func()) {
	j.busy.Lock()
	go func() {
		unlocks("job.busy")
		ready()
		<-never
		j.busy.Unlock()
	}()
}

//go:noinline
func (j *job) change() {
	j.state.Lock()
	defer j.state.Unlock()
	holds("job.state")
	waits("job.busy")
	j.busy.Lock()
	defer j.busy.Unlock()
	j.n++
}

// Waits for the end of what it started: not caught, although it locked this lock itself.
//
//go:noinline
func (j *job) await(ready func()) {
	j.busy.Lock()
	holds("await.busy")
	go func() {
		unlocks("await.busy")
		ready()
		<-never
		j.busy.Unlock()
	}()
	waits("await.busy")
	j.busy.Lock()
	j.n++
	j.busy.Unlock()
}

func handedOver() {
	j, a := &job{}, &job{}
	keep(j)
	keep(a)
	start(j.run)
	go j.change()
	start(a.await)
}

// ---- all on one line; gofmt would not have it

type line struct {
	mu sync.Mutex
	n  int
}

//go:noinline
func (l *line) deferred(ready func()) {
//line scenes.go:1000
	l.mu.Lock()
//line scenes.go:1000
	defer l.mu.Unlock()
//line scenes.go:1000
	holds("line.deferred")
//line scenes.go:1000
	ready()
//line scenes.go:1000
	<-never
}

//go:noinline
func (l *line) plain(ready func()) {
//line scenes.go:1010
	l.mu.Lock()
//line scenes.go:1010
	holds("line.plain")
//line scenes.go:1010
	ready()
//line scenes.go:1010
	<-never
//line scenes.go:1010
	l.mu.Unlock()
}

//line scenes.go:1020
//go:noinline
func (l *line) get(name string) int {
	waits(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func oneLine() {
	a, b := &line{}, &line{}
	keep(a)
	keep(b)
	start(a.deferred)
	start(b.plain)
	go a.get("line.deferred")
	go b.get("line.plain")
}

// ---- locked twice by its own goroutine

type logger struct {
	mu   sync.Mutex
	name string
}

//go:noinline
func (l *logger) output() {
	l.mu.Lock()
	holds(l.name)
	if err := l.create(); err != nil {
		l.exit(err)
	}
	l.mu.Unlock()
}

//go:noinline
func (l *logger) create() error { return fmt.Errorf("no disk") }

//go:noinline
func (l *logger) exit(error) {
	again(l.name)
	l.mu.Lock()
	defer l.mu.Unlock()
}

type hub struct {
	mu   sync.RWMutex
	n    int
	subs map[string]int
}

// Reads, and wants to write. The iterator over the map is zeroed in the frame, beside what the lock's address is
// kept in.
//
//go:noinline
func (h *hub) publish() {
	h.mu.RLock()
	defer h.mu.RUnlock()
	holds("hub.upgrade")
	for range h.subs {
		h.drop()
	}
}

//go:noinline
func (h *hub) drop() {
	again("hub.upgrade")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
}

//go:noinline
func (h *hub) read(name string, ready func()) {
	h.mu.RLock()
	holds(name)
	ready()
	<-never
	h.mu.RUnlock()
}

// Reads again while somebody waits to write.
//
//go:noinline
func (h *hub) rereads(ready func(), proceed chan int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	holds("hub.again")
	ready()
	<-proceed
	h.inner()
}

//go:noinline
func (h *hub) inner() {
	again("hub.again")
	h.mu.RLock()
	h.n++
	h.mu.RUnlock()
}

//go:noinline
func (h *hub) write(name string) {
	waits(name)
	h.mu.Lock()
	h.n++
	h.mu.Unlock()
}

func lockedAgain() {
	for i := 0; i < 12; i++ {
		l := &logger{name: fmt.Sprint("logger ", i)}
		keep(l)
		go l.output()
	}
	upgraded, twice := &hub{subs: map[string]int{"one": 1}}, &hub{}
	keep(upgraded)
	keep(twice)
	start(func(ready func()) { upgraded.read("hub.upgrade", ready) })
	go upgraded.publish()
	proceed := make(chan int)
	start(func(ready func()) { twice.rereads(ready, proceed) })
	go twice.write("hub.again")
	settle()
	proceed <- 1
}

// ---- AB-BA over static data, the heap, parameters

type cache struct {
	mu, other sync.Mutex
	m         map[string]int
}

var (
	static  = &cache{}
	dynamic *cache
)

//go:noinline
func static1(c *circle) { static.mu.Lock(); c.join("static.mu", "static.other"); static.other.Lock() }

//go:noinline
func static2(c *circle) { static.other.Lock(); c.join("static.other", "static.mu"); static.mu.Lock() }

//go:noinline
func dynamic1(c *circle) {
	dynamic.mu.Lock()
	c.join("dynamic.mu", "dynamic.other")
	dynamic.other.Lock()
}

//go:noinline
func dynamic2(c *circle) {
	dynamic.other.Lock()
	c.join("dynamic.other", "dynamic.mu")
	dynamic.mu.Lock()
}

//go:noinline
func given1(s *cache, c *circle) { s.mu.Lock(); c.join("given.mu", "given.other"); s.other.Lock() }

//go:noinline
func given2(s *cache, c *circle) { s.other.Lock(); c.join("given.other", "given.mu"); s.mu.Lock() }

//go:noinline
func deferred1(s *cache, c *circle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.join("deferred.mu", "deferred.other")
	s.other.Lock()
	defer s.other.Unlock()
	s.m = nil
}

//go:noinline
func deferred2(s *cache, c *circle) {
	s.other.Lock()
	defer s.other.Unlock()
	c.join("deferred.other", "deferred.mu")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m = nil
}

func circles() {
	dynamic = &cache{m: map[string]int{}}
	s, d := &cache{}, &cache{}
	keep(s)
	keep(d)
	for _, both := range [][2]func(*circle){
		{static1, static2},
		{dynamic1, dynamic2},
		{func(c *circle) { given1(s, c) }, func(c *circle) { given2(s, c) }},
		{func(c *circle) { deferred1(d, c) }, func(c *circle) { deferred2(d, c) }},
	} {
		c := newCircle()
		go both[0](c)
		go both[1](c)
	}
}

// ---- embedded locks, arrays of locks, locks behind pointers, lists

type embedded struct {
	n int
	sync.Mutex
}

//go:noinline
func (e *embedded) hold(ready func()) {
	e.Lock()
	holds("embedded")
	ready()
	<-never
	e.Unlock()
}

//go:noinline
func (e *embedded) add() {
	waits("embedded")
	e.Lock()
	e.n++
	e.Unlock()
}

type shards [8]struct {
	mu sync.Mutex
	n  [3]int
}

// Holds one shard and waits for another.
//
//go:noinline
func (s *shards) hold(i int, ready func()) {
	s[i].mu.Lock()
	holds(fmt.Sprint("shard ", i))
	ready()
	<-never
	s[i].mu.Unlock()
}

//go:noinline
func (s *shards) move(from, to int) {
	s[from].mu.Lock()
	defer s[from].mu.Unlock()
	holds(fmt.Sprint("shard ", from))
	waits(fmt.Sprint("shard ", to))
	s[to].mu.Lock()
	s[to].n[0]++
	s[to].mu.Unlock()
}

type outer struct{ inner *line }

//go:noinline
func (o *outer) hold(ready func()) {
	o.inner.mu.Lock()
	defer o.inner.mu.Unlock()
	holds("pointer")
	ready()
	<-never
}

type node struct {
	mu   sync.Mutex
	next *node
	name string
}

// Locks the next one before it lets go of the one it has.
//
//go:noinline
func walk(n *node) {
	n.mu.Lock()
	for n.next != nil {
		next := n.next
		if next.next == nil {
			holds(n.name)
			waits(next.name)
		}
		next.mu.Lock()
		n.mu.Unlock()
		n = next
	}
	n.mu.Unlock()
}

//go:noinline
func (n *node) hold(ready func()) {
	n.mu.Lock()
	holds(n.name)
	ready()
	<-never
	n.mu.Unlock()
}

//go:noinline
func (n *node) get() {
	waits(n.name)
	n.mu.Lock()
	n.mu.Unlock()
}

func placesOfLocks() {
	e, s, o := &embedded{}, &shards{}, &outer{&line{}}
	keep(e)
	keep(s)
	keep(o)
	start(e.hold)
	go e.add()
	start(func(ready func()) { s.hold(5, ready) })
	go s.move(3, 5)
	settle()
	go s.move(2, 3)
	start(o.hold)
	go o.inner.get("pointer")
	last := &node{name: "node 3"}
	before := &node{name: "node 2", next: last}
	list := &node{name: "node 0", next: &node{name: "node 1", next: before}}
	keep(list)
	start(last.hold)
	go walk(list)
	settle()
	go before.get()
}

// ---- who looks like a holder and is none

type queue struct {
	mu   sync.Mutex
	cond *sync.Cond
	n    int
}

// Stands behind a Lock; Cond.Wait has unlocked.
//
//go:noinline
func (q *queue) take() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 {
		q.cond.Wait()
	}
}

//go:noinline
func (q *queue) hold(ready func()) {
	q.mu.Lock()
	holds("queue")
	ready()
	<-never
	q.mu.Unlock()
}

//go:noinline
func (q *queue) put() {
	waits("queue")
	q.mu.Lock()
	q.n++
	q.mu.Unlock()
}

// Locks and unlocks in each turn of its loop.
//
//go:noinline
func (q *queue) turns(ready func()) {
	for i := 0; ; i++ {
		q.mu.Lock()
		q.n = 0
		q.mu.Unlock()
		if i == 3 {
			ready()
		}
		if i >= 3 {
			<-never
		}
	}
}

// Its caller holds the lock; this lets go of it while it waits.
//
//go:noinline
func (q *queue) flush(ready func()) {
	q.mu.Unlock()
	ready()
	<-never
	q.mu.Lock()
}

//go:noinline
func (q *queue) flushes(ready func()) {
	q.mu.Lock()
	q.n = 0
	q.flush(ready)
	q.mu.Unlock()
}

// Has panicked with the lock, which the deferred Unlock has given back.
//
//go:noinline
func (q *queue) fails(n int) {
	defer func() { recover() }()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n = 1 / n
}

//go:noinline
func (q *queue) failed(ready func()) {
	q.fails(0)
	q.n = 0
	ready()
	<-never
}

func lookalikes() {
	q := &queue{}
	q.cond = sync.NewCond(&q.mu)
	keep(q)
	go q.take()
	start(q.turns)
	start(q.flushes)
	start(q.failed)
	settle()
	start(q.hold)
	go q.put()
}

// Until everybody stands where he is going to.
func settle() { time.Sleep(100 * time.Millisecond) }

func scenes() string {
	helpers()
	handedOver()
	oneLine()
	lockedAgain()
	circles()
	placesOfLocks()
	lookalikes()
	settle()
	told.mu.Lock()
	defer told.mu.Unlock()
	text, err := json.Marshal(&told)
	if err != nil {
		panic(err)
	}
	return string(text)
}
