package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Objects that composite literals at package level made: they are no part of the heap, and whoever
// has the variable can change them.
func init() {
	lost = append(lost, L_usesShared, L_countsInVariable)
	held = append(held, V_literal, V_literalFlag, V_literalLocked, V_literalBehindField,
		V_variableAddress, V_literalSleeper, V_literalReader, V_literalInMap, V_sharedField,
		V_variableBesideLostStop, V_variableAddressBehindField, V_consumersFlag, V_consumersVariable)
}

type toggle struct {
	name   string
	mu     sync.Mutex
	closed bool
}

type plainToggle struct {
	count, closed int32
}

var (
	literal       = &toggle{name: "literal"}
	literalFlag   = &plainToggle{count: 1}
	address       plainToggle
	literalsByKey     = map[string]*toggle{"one": {name: "one"}}
	anyToggle     any = &plainToggle{count: 2}
)

// until polls beside a stop channel that nobody has.
//
//go:noinline
func until(stopped func() bool) {
	ticker, stop := time.NewTicker(tick), make(chan struct{})
	for {
		select {
		case <-ticker.C:
			if stopped() {
				return
			}
		case <-stop:
			return
		}
	}
}

//go:noinline
func (t *toggle) poll() {
	ticker, stop := time.NewTicker(tick), make(chan struct{})
	for {
		select {
		case <-ticker.C:
			if t.closed {
				return
			}
		case <-stop:
			return
		}
	}
}

//go:noinline
func (t *plainToggle) poll() {
	ticker, stop := time.NewTicker(tick), make(chan struct{})
	for {
		select {
		case <-ticker.C:
			if atomic.LoadInt32(&t.closed) != 0 {
				return
			}
		case <-stop:
			return
		}
	}
}

//go:noinline
func V_literal() { go literal.poll() }

//go:noinline
func V_literalFlag() { go literalFlag.poll() }

//go:noinline
func V_literalLocked() {
	t := literal
	go until(func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.closed
	})
}

type toggled struct {
	by   *plainToggle
	stop chan struct{}
}

//go:noinline
func (t *toggled) poll() {
	ticker := time.NewTicker(tick)
	for {
		select {
		case <-ticker.C:
			if atomic.LoadInt32(&t.by.closed) != 0 {
				return
			}
		case <-t.stop:
			return
		}
	}
}

//go:noinline
func V_literalBehindField() { go (&toggled{literalFlag, make(chan struct{})}).poll() }

//go:noinline
func V_variableAddress() { go address.poll() }

//go:noinline
func V_variableAddressBehindField() { go (&toggled{&address, make(chan struct{})}).poll() }

//go:noinline
func V_literalSleeper() {
	t := literal
	go func() {
		for !t.closed {
			time.Sleep(tick)
		}
	}()
}

//go:noinline
func V_literalReader() {
	c, t := dial(), anyToggle.(*plainToggle)
	go func() {
		buffer := make([]byte, 16)
		for atomic.LoadInt32(&t.closed) == 0 {
			if _, err := c.Read(buffer); err != nil {
				return
			}
		}
	}()
}

//go:noinline
func V_literalInMap() { go literalsByKey["one"].poll() }

type service struct {
	name    string
	workers map[int]*sharing
	mu      sync.Mutex
	closed  bool
}

type sharing struct {
	service *service
	stop    chan struct{}
}

var services []*service

// V_sharedField: the flag is in what the worker's field points to, and that has pointers.
//
//go:noinline
func V_sharedField() {
	s := &service{name: "shared", workers: map[int]*sharing{}}
	services = append(services, s)
	go (&sharing{s, make(chan struct{})}).poll()
}

//go:noinline
func (s *sharing) poll() {
	ticker := time.NewTicker(tick)
	for {
		select {
		case <-ticker.C:
			s.service.mu.Lock()
			closed := s.service.closed
			s.service.mu.Unlock()
			if closed {
				return
			}
		case <-s.stop:
			return
		}
	}
}

// L_usesShared works on the same, but does not end by it.
//
//go:noinline
func L_usesShared() {
	s := &service{name: "used", workers: map[int]*sharing{}}
	services = append(services, s)
	go (&sharing{s, make(chan struct{})}).use()
}

//go:noinline
func (s *sharing) use() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.service.mu.Lock()
			if s.service.closed {
				s.service.name = "closed"
			}
			s.service.mu.Unlock()
		case <-s.stop:
			return
		}
	}
}

var ticks int

// L_countsInVariable looks at a variable, which does not end it either.
//
//go:noinline
func L_countsInVariable() {
	go func() {
		ticker, stop, work := time.NewTicker(tick), make(chan struct{}), make(chan int)
		for {
			select {
			case <-ticker.C:
				if ticks++; ticks > 3 {
					ticks = 0
				}
			case n, ok := <-work:
				if !ok {
					return
				}
				ticks += n
			case <-stop:
				return
			}
		}
	}()
}

//go:noinline
func V_variableBesideLostStop() {
	go func() {
		ticker, stop := time.NewTicker(tick), make(chan struct{})
		for {
			select {
			case <-ticker.C:
				if atomic.LoadInt32(&stopAll) != 0 {
					return
				}
			case <-stop:
				return
			}
		}
	}()
}

// V_consumersFlag: nobody has the channel, but who receives from it looks at a flag each time. Its
// feeder is lost, and is the consumer's way to be woken.
//
//go:noinline
func V_consumersFlag() {
	work, flag := make(chan int), new(boolFlagged)
	keepers.any = append(keepers.any, flag)
	feed(work)
	go func() {
		for n := range work {
			runtime.KeepAlive(n)
			if atomic.LoadInt32(&flag.set) != 0 {
				return
			}
		}
	}()
}

//go:noinline
func V_consumersVariable() {
	work := make(chan int)
	feed(work)
	go func() {
		for n := range work {
			runtime.KeepAlive(n)
			if atomic.LoadInt32(&stopAll) != 0 {
				return
			}
		}
	}()
}

type boolFlagged struct {
	set int32
	_   [60]byte
}

// feed is none of those that are looked for: once the consumer has left, its feeder is stuck.
func feed(work chan int) {
	feeders.start(func() {
		for n := 0; ; n++ {
			time.Sleep(tick)
			work <- n
		}
	})
}

type starter struct{}

var feeders starter

//go:noinline
func (starter) start(f func()) { go f() }
