package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

//go:noinline
func arguments(n int64, a [length]byte, s string, block chan struct{}, m int64) int64 {
	local, numbers := array("local array", int(n&15)), [4]int64{n + 1, m + 1, n ^ m, number("local number", 3)}
	use(&local, &numbers)
	<-block
	return n + m + numbers[2] + int64(len(s)) + int64(a[3]) + int64(local[2])
}

//go:noinline
func use(values ...interface{}) { runtime.KeepAlive(values) }

// What it leaves on the stack is dead when the caller parks.
//
//go:noinline
func scribble(i int) int {
	var space [64]int64
	for at := range space {
		space[at] = number("dead slot", (i+at)%each)
	}
	var a [10][length]byte
	for at := range a {
		a[at] = array("dead array", (i+at)%each)
	}
	use(&space, &a)
	return int(space[3]) + int(a[2][3])
}

//go:noinline
func deferred(i int) {
	secret, n := text("deferred", i), number("deferred number", i)
	for j := 0; j < 1+i%2; j++ {
		defer func(m int64) { fmt.Println(secret, m) }(n)
	}
	<-never
}

func plantStacks() {
	for i := 0; i < each; i++ {
		i := i
		park(func() {
			scribble(i)
			arguments(number("argument", i), array("argument array", i), text("argument text", i), never, number("last argument", i))
		})
		park(func() { deferred(i) })
	}
	for i := 0; i < 2; i++ { // runs while it is looked at
		a, n := array("running", i), number("running number", i)
		go func() {
			for b := a; ; n += int64(b[3]) - int64(a[3]) {
				copy(b[:], a[:])
			}
		}()
	}
}

func plantWaits() {
	for i := 0; i < each; i++ {
		i := i
		texts, numbers := make(chan string, 4), make(chan int64, 4)
		arrays, accounts := make(chan [length]byte, 4), make(chan account, 2)
		for j := 0; j < cap(texts); j++ {
			texts <- text("channel text", i)
			numbers <- number("channel number", i)
			arrays <- array("channel array", i)
		}
		accounts <- *newAccount("channel account", i)
		hold(texts, numbers, arrays)
		park(func() { texts <- text("sent text", i) })
		park(func() { numbers <- number("sent number", i) })
		park(func() { arrays <- array("sent array", i) })
		unbuffered := make(chan [length]byte)
		park(func() { unbuffered <- array("lost array", i) })
		park(func() {
			select {
			case numbers <- number("select number", i):
			case texts <- text("select text", i):
			case <-never:
			}
		})
		g := &guarded{token: array("beside a lock", i), n: number("beside a lock number", i)}
		g.mu.Lock()
		park(func() { g.mu.Lock() })
		w := &struct {
			before int64
			wg     sync.WaitGroup
			token  [length]byte
		}{before: number("before a WaitGroup", i), token: array("beside a WaitGroup", i)}
		w.wg.Add(1)
		park(func() { w.wg.Wait() })
		c := &struct {
			token [length]byte
			mu    sync.Mutex
			cond  sync.Cond
			n     int64
		}{token: array("beside a Cond", i), n: number("beside a Cond number", i)}
		c.cond.L = &c.mu
		park(func() {
			c.mu.Lock()
			c.cond.Wait()
		})
		ctx := context.WithValue(context.Background(), text("waited key", i), newAccount("waited context", i))
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		hold(cancel)
		park(func() { <-ctx.Done() })
		park(func() {
			ticker := time.NewTicker(time.Hour + time.Duration(i))
			secret := text("beside a ticker", i)
			for range ticker.C {
				fmt.Println(secret)
			}
		})
	}
}

func plantLabels() {
	for i := 0; i < each; i++ {
		labels := pprof.Labels("tenant", text("label value", i), text("label key", i), text("label", i))
		park(func() { pprof.Do(context.Background(), labels, func(context.Context) { <-never }) })
	}
}

type failure struct {
	code   int64
	reason string
	token  [length]byte
}

func plantPanics() {
	for i := 0; i < 6; i++ {
		values := []interface{}{
			text("panic text", i), number("panic number", i), &failure{number("panic code", i), text("panic reason", i), array("panic token", i)},
			failure{code: number("panic struct", i), reason: text("panic struct reason", i)},
			errors.New(text("panic error", i)), fmt.Errorf("no: %s", text("panic wrapped", i)),
		}
		park(func() {
			defer func() { <-never }()
			panic(values[i])
		})
	}
}
