package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type account struct {
	id    int64
	name  [length]byte
	next  *account
	key   string
	after int64
	seen  [3]int64
	any   interface{}
	tail  [length]byte
}

type plain struct {
	a int64
	b [length]byte
	c int64
}

var (
	globalText    string
	globalBytes   []byte
	globalArray   [length]byte
	globalNumber  int64
	globalNumbers [each]int64
	globalArrays  [each][length]byte
	globalAccount account
	globalPlain   [each]plain
	globalMap     = map[string]string{}
	globalAny     interface{}
	// Beside pointers, so that it is in data or bss with a mask.
	globalMixed [each]struct {
		number int64
		p      *account
		after  int64
	}
)

func plantGlobals() {
	globalText = text("global text", 0)
	globalBytes = bytes("global bytes", 0)
	globalArray = array("global array", 0)
	globalNumber = number("global number", 0)
	globalAccount = *newAccount("global account", 0)
	globalAny = text("global any", 0)
	for i := 0; i < each; i++ {
		globalNumbers[i] = number("global numbers", i)
		globalArrays[i] = array("global arrays", i)
		globalPlain[i] = plain{number("global plain a", i), array("global plain b", i), number("global plain c", i)}
		globalMap[text("global map key", i)] = text("global map value", i)
		globalMixed[i].number = number("global mixed", i)
		globalMixed[i].p = &globalAccount
		globalMixed[i].after = number("global mixed after", i)
	}
}

func newAccount(kind string, i int) *account {
	return &account{
		id:    number(kind+" id", i),
		name:  array(kind+" name", i),
		next:  &globalAccount,
		key:   text(kind+" key", i),
		after: number(kind+" after", i),
		seen:  [3]int64{number(kind+" seen 0", i), number(kind+" seen 1", i), number(kind+" seen 2", i)},
		any:   number(kind+" any", i),
		tail:  array(kind+" tail", i),
	}
}

type guarded struct {
	mu    sync.Mutex
	token [length]byte
	n     int64
}

func plantHeap() {
	texts, numbers, arrays := []string{}, []int64{}, [][length]byte{}
	maps := []interface{}{map[string]string{}, map[int64]int64{}, map[[length]byte]*account{}, map[string]interface{}{}, map[interface{}]bool{}}
	accounts, slices, anys, pointers := []account{}, [][]byte{}, []interface{}{}, []*account{}
	var shared sync.Map
	var value atomic.Value
	pool := &sync.Pool{}
	var builder strings.Builder
	for i := 0; i < each; i++ {
		texts = append(texts, text("slice of strings", i))
		numbers = append(numbers, number("slice of numbers", i))
		arrays = append(arrays, array("slice of arrays", i))
		slices = append(slices, bytes("slice of bytes", i))
		maps[0].(map[string]string)[text("map key", i)] = text("map value", i)
		maps[1].(map[int64]int64)[number("map number key", i)] = number("map number value", i)
		maps[2].(map[[length]byte]*account)[array("map array key", i)] = newAccount("account in map", i)
		maps[3].(map[string]interface{})[text("map of any key", i)] = text("map of any value", i)
		maps[4].(map[interface{}]bool)[number("map any key", i)] = true
		accounts = append(accounts, *newAccount("account in slice", i))
		pointers = append(pointers, newAccount("account", i))
		anys = append(anys, text("any text", i), number("any number", i), array("any array", i), bytes("any bytes", i), plain{a: number("any plain", i)})
		shared.Store(text("sync.Map key", i), number("sync.Map value", i))
		pool.Put(text("sync.Pool", i))
		builder.WriteString(text("strings.Builder", i))
		hold(fmt.Errorf("failed: %w", errors.New(text("wrapped error", i))))
		hold([]rune(text("runes", i)), []string{text("one string", i)}, new(plain))
		hold(&plain{number("plain a", i), array("plain b", i), number("plain c", i)})
		captured, count := text("captured", i), number("captured number", i)
		hold(func() (string, int64) { return captured, count })
		hold(time.AfterFunc(time.Hour, func() { fmt.Println(captured, count, text("x", int(count))) }))
		object := newAccount("finalized", i)
		runtime.SetFinalizer(object, func(*account) { fmt.Println(captured) })
		hold(object)
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), text("context key", i), text("context value", i)))
		hold(ctx, cancel, context.WithValue(ctx, number("context number key", i), number("context number", i)))
	}
	value.Store(text("atomic.Value", 0))
	large := make([]byte, 0, 100000)
	for i := 0; len(large)+length < cap(large); i++ {
		large = append(large, bytes("large", i%each)...)
	}
	wide := make([]account, 2000)
	for i := range wide {
		wide[i] = *newAccount("wide", i%each)
	}
	reader := bufio.NewReader(strings.NewReader(text("bufio", 0)))
	reader.Peek(8)
	hold(texts, numbers, arrays, slices, maps, accounts, pointers, anys, &shared, &value, pool, &builder, large, wide, reader)
}

// What the collector has freed is still in memory.
func plantGarbage() {
	for i := 0; i < each; i++ {
		lost := []interface{}{text("garbage text", i), newAccount("garbage account", i), make([]*account, 10)}
		lost[1].(*account).key = text("garbage key", i)
		runtime.KeepAlive(lost)
	}
	runtime.GC()
	runtime.GC()
}
