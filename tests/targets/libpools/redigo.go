package main

import (
	"fmt"

	"github.com/gomodule/redigo/redis"
)

type silent struct{}

func (silent) Close() error                   { return nil }
func (silent) Err() error                     { return nil }
func (silent) Do(string, ...any) (any, error) { return nil, nil }
func (silent) Send(string, ...any) error      { return nil }
func (silent) Flush() error                   { return nil }
func (silent) Receive() (any, error)          { return nil, nil }

var answers = make(chan int)

func newRedigo() *redis.Pool {
	return &redis.Pool{
		Dial:      func() (redis.Conn, error) { return silent{}, nil },
		MaxActive: 2,
		Wait:      true,
	}
}

// Has a connection for as long as somebody else thinks.
//
//go:noinline
func keep(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	c.Do("SET", "answer", <-answers)
}

//go:noinline
func ask(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	fmt.Println(c.Do("PING"))
}

// Asks the pool for a second connection, with the first one in hand.
//
//go:noinline
func nest(pool *redis.Pool, first chan bool) {
	c := pool.Get()
	defer c.Close()
	<-first
	ask(pool)
	c.Do("PING")
}

var pools []*redis.Pool

func redigoHeld() {
	pool := newRedigo()
	pools = append(pools, pool)
	go keep(pool)
	go keep(pool)
	until(func() bool { return pool.ActiveCount() == 2 })
	for i := 0; i < 3; i++ {
		go ask(pool)
	}
}

func redigoNested() {
	pool := newRedigo()
	pools = append(pools, pool)
	first := make(chan bool)
	go nest(pool, first)
	go nest(pool, first)
	until(func() bool { return pool.ActiveCount() == 2 })
	close(first)
}

// Both have given theirs back.
func redigoFree() {
	redigoHeld()
	answers <- 1
	answers <- 2
}
