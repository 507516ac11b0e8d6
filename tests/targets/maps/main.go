// maps makes maps of all sizes and kinds and tells what is in them: a line each with the address of
// the header, the address of the map's type, the number of entries and a digest of them that does
// not depend on their order.
package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"time"
	"unsafe"
)

type (
	point struct {
		x, y uint32
		name string
	}
	large [200]byte // keys and elements of more than 128 bytes lie outside of the map
	edge  [128]byte
)

type entry struct{ kind, data unsafe.Pointer } // an interface value

var keep []interface{}

func bytesOf[T any](value *T) []byte {
	if text, ok := interface{}(*value).(string); ok {
		return []byte(text)
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))
}

func hash[T any](value *T) uint64 {
	h := fnv.New64a()
	h.Write(bytesOf(value))
	return h.Sum64()
}

func tell[K comparable, E any](m map[K]E) {
	var digest uint64
	count := 0
	for k, e := range m {
		k, e := k, e
		digest += hash(&k)*31 + hash(&e)
		count++
	}
	var value interface{} = m
	keep = append(keep, value)
	e := (*entry)(unsafe.Pointer(&value))
	fmt.Printf("MAP %d %d %d %d %T\n", uintptr(e.data), uintptr(e.kind), count, digest, m)
}

// make2 fills a map; of what was put in, every `drop`th goes again (0: none).
func make2[K comparable, E any](n, drop int, key func(int) K, element func(int) E) {
	m := map[K]E{}
	for i := 0; i < n; i++ {
		m[key(i)] = element(i)
	}
	for i := 0; drop > 0 && i < n; i += drop {
		delete(m, key(i))
	}
	tell(m)
}

func all(n, drop int) {
	number := func(i int) int { return i * 7919 }
	text := func(i int) string { return fmt.Sprintf("key %d", i) }
	place := func(i int) point { return point{uint32(i), uint32(i * i), names[i%len(names)]} }
	long := func(i int) (l large) { l[0], l[1], l[199] = byte(i), byte(i>>8), byte(i); return }
	just := func(i int) (l edge) { l[0], l[1], l[127] = byte(i), byte(i>>8), byte(i); return }
	nothing := func(int) struct{} { return struct{}{} }
	flag := func(i int) bool { return i%3 == 0 }
	small := func(i int) uint16 { return uint16(i) }
	anything := func(i int) interface{} { return i }
	make2(n, drop, number, number)
	make2(n, drop, text, text)
	make2(n, drop, text, place)
	make2(n, drop, place, text)
	make2(n, drop, number, nothing)
	make2(n, drop, small, flag)
	make2(n, drop, number, anything)
	if n <= 300 {
		make2(n, drop, long, number)
		make2(n, drop, number, long)
		make2(n, drop, long, long)
		make2(n, drop, just, just)
	}
}

var names = []string{"", "north", "south"}

// churned grows into the same size again: many were deleted, others put in.
func churned(rounds int) {
	m := map[int]string{}
	for round := 0; round < rounds; round++ {
		for i := 0; i < 200; i++ {
			m[round*1000+i] = names[i%len(names)]
		}
		for i := 0; i < 190; i++ {
			delete(m, round*1000+i)
		}
	}
	tell(m)
}

func main() {
	var none map[string]int
	tell(none)
	tell(make(map[string]int, 10))
	tell(make(map[int]string, 1000))
	for n := 0; n < 64; n++ {
		all(n, 0)
	}
	// Around where tables grow, split and are half moved.
	for _, n := range []int{105, 106, 113, 114, 120, 208, 209, 225, 256, 300, 417, 420, 449, 833,
		840, 897, 900, 1025, 1700, 1793, 1800, 2500, 3329, 3500, 3585, 3600, 5000} {
		all(n, 0)
		all(n, 3)
	}
	all(300, 1)
	all(5000, 1)
	for _, drop := range []int{2, 5} {
		all(7, drop)
		all(40, drop)
	}
	for rounds := 1; rounds < 40; rounds++ {
		churned(rounds)
	}
	fmt.Println("READY")
	for {
		time.Sleep(time.Hour)
		fmt.Fprintln(os.Stderr, len(keep))
	}
}
