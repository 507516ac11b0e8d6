// Dies in the way that its argument says; what Go prints then is the truth. With "stuck" it stays alive, its panics
// behind deferred calls that do not return.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

type code int

type name string

type ratio float64

type record struct {
	ID   int
	Name string
	next *record
}

type failure struct {
	Op   string
	Code int
	err  error
}

func (f *failure) Error() string { return fmt.Sprintf("%s failed with %d: %v", f.Op, f.Code, f.err) }

type speaker int

func (s speaker) String() string { return fmt.Sprintf("speaker number %d", int(s)) }

type shape interface{ Area() float64 }

var (
	sink     int
	table    map[string]int
	numbers      = []int{1, 2, 3}
	anything any = "text"
	nobody   *record
	index    = 5
)

// values are panicked with as they are.
var values = map[string]any{
	"string":   "out of biscuits",
	"long":     "first line\nsecond line \x1b[31m in red",
	"int":      42,
	"uint8":    uint8(200),
	"bool":     true,
	"float":    1.5,
	"complex":  complex(1, -2),
	"code":     code(7),
	"name":     name("left"),
	"ratio":    ratio(0.25),
	"struct":   record{1, "one", nil},
	"pointer":  &record{2, "two", nil},
	"slice":    []int{1, 2},
	"error":    errors.New("no such biscuit"),
	"wrapped":  fmt.Errorf("while baking: %w", errors.New("oven cold")),
	"path":     &fs.PathError{Op: "open", Path: "/no/where", Err: syscall.ENOENT},
	"failure":  &failure{"mixing", 3, errors.New("no flour")},
	"stringer": speaker(9),
	"errno":    syscall.EACCES,
}

// accidents panic by themselves.
var accidents = map[string]func(){
	"nilmap":    func() { table["x"] = 1 },
	"nilderef":  func() { sink = nobody.ID },
	"bounds":    func() { sink = numbers[index] },
	"slicing":   func() { sink = len(numbers[index:]) },
	"assertion": func() { sink = anything.(int) },
	"missing":   func() { sink = int(anything.(shape).Area()) },
	"divide":    func() { sink = 1 / (sink - sink) },
	"closed":    func() { c := make(chan int); close(c); close(c) },
	"address":   func() { debug.SetPanicOnFault(true); sink = *(*int)(wild()) },
	"nil":       func() { panic(nil) },
	"repanic": func() {
		defer func() { panic(fmt.Sprintf("again: %v", recover())) }()
		panic(errors.New("first"))
	},
	"nested": func() {
		defer func() { panic("second") }()
		panic(errors.New("first"))
	},
	"same": func() {
		defer func() { panic(recover()) }()
		panic(errors.New("twice"))
	},
	"goexit": func() {
		defer func() { panic("on the way out") }()
		runtime.Goexit()
	},
}

// last is where a user's program stands when it dies.
//
//go:noinline
func last(how string) {
	if value, ok := values[how]; ok {
		panic(value)
	}
	if accident, ok := accidents[how]; ok {
		accident()
	}
}

func asleep() {
	for i := 0; i < 3; i++ {
		go func() { <-make(chan int) }()
	}
	var lock chan struct{}
	go func() { lock <- struct{}{} }()
	runtime.Gosched()
	waiting := make(chan int)
	keep = waiting
	<-waiting
}

var keep chan int

func deeper(r *record) int {
	if r == nil {
		return 0
	}
	return 1 + deeper(r.next)
}

func overflow() {
	debug.SetMaxStack(1 << 20)
	r := &record{}
	r.next = r
	done := make(chan int)
	go func() { done <- deeper(r) }()
	fmt.Println(<-done)
}

func writes() {
	shared := make(map[int]int)
	for w := 0; w < 4; w++ {
		go func() {
			for i := 0; ; i++ {
				shared[i%100] = i
			}
		}()
	}
	time.Sleep(time.Hour)
}

// stuckCall panics, and its deferred call waits for ever.
func stuckCall(value any, release chan struct{}) {
	defer func() { <-release }()
	if value == nil {
		runtime.Goexit()
	}
	panic(value)
}

func stuck() {
	release := make(chan struct{})
	held = release
	for _, value := range []any{
		"stuck text", code(3), errors.New("stuck error"), fmt.Errorf("outer: %w", errors.New("inner")),
		&failure{"stuck", 4, errors.New("deep")}, nil, 2.5, record{5, "five", nil},
	} {
		go stuckCall(value, release)
	}
	go func() {
		defer func() { <-release }()
		sink = numbers[index]
	}()
	go func() {
		defer func() { <-release }()
		sink = nobody.ID
	}()
	go func() {
		defer func() { <-release }()
		sink = anything.(int)
	}()
	time.Sleep(50 * time.Millisecond)
	for runtime.NumGoroutine() < 12 {
		runtime.Gosched()
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
}

var held chan struct{}

func main() {
	how := os.Args[1]
	switch how {
	case "asleep":
		asleep()
	case "mainexit":
		go func() { <-make(chan int) }()
		runtime.Goexit()
	case "noone":
		runtime.Goexit()
	case "overflow":
		overflow()
	case "writes":
		writes()
	case "stuck":
		stuck()
	case "idle":
		fmt.Println("READY")
		time.Sleep(time.Hour)
	case "abort":
		inC()
	default:
		for i := 0; i < 3; i++ {
			go func() { time.Sleep(time.Hour) }()
		}
		done := make(chan int)
		go func() {
			defer close(done)
			last(how)
		}()
		<-done
		time.Sleep(time.Hour)
	}
}
