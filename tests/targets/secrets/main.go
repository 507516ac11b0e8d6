// Secrets: a program that has some in every place that one can think of. All are made of the seed
// in its first argument, as tests/support/secrets.py makes them again.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	letters = "abcdefghijklmnopqrstuvwxyz234567"
	each    = 30 // of each kind
	length  = 24
)

var seed uint64

// Mirrors splitmix64.
func random(kind string, i, step int) uint64 {
	x := seed
	for _, c := range []byte(kind) {
		x = x*31 + uint64(c)
	}
	x += 0x9e3779b97f4a7c15 * uint64(i*64+step+1)
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// text is a secret of 24 letters.
func text(kind string, i int) string { return string(bytes(kind, i)) }

func bytes(kind string, i int) []byte {
	out := make([]byte, length)
	for at := range out {
		out[at] = letters[random(kind, i, at)%32]
	}
	return out
}

func array(kind string, i int) (out [length]byte) {
	copy(out[:], bytes(kind, i))
	return out
}

// number is a secret of eight bytes, none of which is zero.
func number(kind string, i int) int64 { return int64(random(kind, i, 0) | 0x0101010101010101) }

var (
	keep  []interface{}
	never = make(chan struct{})
	ready sync.WaitGroup
)

func hold(values ...interface{}) { keep = append(keep, values) }

// park starts a goroutine that says when it is about to block.
func park(block func()) {
	ready.Add(1)
	go func() {
		ready.Done()
		block()
	}()
}

func main() {
	var err error
	if seed, err = strconv.ParseUint(os.Args[1], 10, 64); err != nil {
		panic(err)
	}
	plantGlobals()
	plantHeap()
	plantGarbage()
	plantStacks()
	plantWaits()
	plantLabels()
	plantPanics()
	plantNetwork()
	plantFiles()
	plantMemory()
	plantC()
	ready.Wait()
	time.Sleep(50 * time.Millisecond)
	fmt.Println("READY")
	os.Stdin.Read(make([]byte, 1))
}
