package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/puddle/v2"
)

type conn struct{ number int }

type shop struct {
	pool   *puddle.Pool[*conn]
	orders chan int
}

func newShop(size int32) *shop {
	pool, err := puddle.NewPool(&puddle.Config[*conn]{
		Constructor: func(context.Context) (*conn, error) { return new(conn), nil },
		Destructor:  func(*conn) {},
		MaxSize:     size,
	})
	check(err)
	return &shop{pool: pool, orders: make(chan int)}
}

// Sends what it reads, with the connection in hand.
//
//go:noinline
func read(s *shop) {
	res, err := s.pool.Acquire(context.Background())
	check(err)
	defer res.Release()
	for i := 0; i < 3; i++ {
		s.orders <- res.Value().number + i
	}
}

// Needs a connection of the same pool before it receives the next one.
//
//go:noinline
func write(s *shop) {
	for {
		res, err := s.pool.Acquire(context.Background())
		check(err)
		fmt.Println(<-s.orders, res.Value().number)
		res.Release()
	}
}

// Receives as well, only later.
//
//go:noinline
func drain(s *shop) {
	time.Sleep(time.Hour)
	for order := range s.orders {
		fmt.Println(order)
	}
}

var shops []*shop

func open() *shop {
	s := newShop(2)
	shops = append(shops, s)
	go read(s)
	go read(s)
	until(func() bool { return s.pool.Stat().AcquiredResources() == 2 })
	go write(s)
	go write(s)
	return s
}

func puddleCircle() { open() }

func puddleHelped() { go drain(open()) }
