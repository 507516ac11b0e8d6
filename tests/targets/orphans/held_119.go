//go:build go1.19

package main

import (
	"sync/atomic"
	"time"
)

func init() { held = append(held, V_atomicTyped, V_atomicBool) }

var typed [each]atomic.Pointer[worker]
var typedUsed int

//go:noinline
func V_atomicTyped() {
	w := newWorker()
	typed[typedUsed].Store(w)
	typedUsed++
	go w.run()
}

// boolFlag is too large to be packed together with what nobody has.
type boolFlag struct {
	set atomic.Bool
	_   [60]byte
}

var boolFlags []*boolFlag

// V_atomicBool looks at its flag each time its ticker fires.
//
//go:noinline
func V_atomicBool() {
	flag := new(boolFlag)
	boolFlags = append(boolFlags, flag)
	go func() {
		for range time.NewTicker(tick).C {
			if flag.set.Load() {
				return
			}
		}
	}()
}
