package main

import (
	"bufio"
	"log"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	programs = &chatter{name: new(string)} // on the heap: a literal would be a variable itself
	lost = append(lost, L_sharedLogger, L_boxed, W_inotify)
	held = append(held, V_loggerOfProgram, V_readersVariable, V_inotify)
}

// L_sharedLogger has what a variable of the standard library leads to; that stops nobody.
//
//go:noinline
func L_sharedLogger() {
	logger := log.Default()
	stop := make(chan struct{})
	go func() {
		ticker := time.NewTicker(tick)
		for {
			select {
			case <-ticker.C:
				logger.Println("still here")
			case <-stop:
				return
			}
		}
	}()
}

// pace is a number behind an interface, which has a copy of it that nobody writes again.
type pace int64

func (p pace) every() time.Duration { return tick + time.Duration(p) }

type paced interface{ every() time.Duration }

type pacer struct {
	stop chan struct{}
	pace paced
}

func (p *pacer) run() {
	ticker := time.NewTicker(p.pace.every())
	for {
		select {
		case <-ticker.C:
		case <-p.stop:
			return
		}
	}
}

var neighbours []*int64
var between *int64

// L_boxed: the copy lies in one block of small objects with something that a variable has.
//
//go:noinline
func L_boxed() {
	for n := pace(1000); ; n++ {
		neighbour := new(int64)
		own := &pacer{make(chan struct{}), n}
		box := (*[2]uintptr)(unsafe.Pointer(&own.pace))[1]
		if box&^15 == uintptr(unsafe.Pointer(neighbour))&^15 {
			neighbours = append(neighbours, neighbour)
			go own.run()
			return
		}
		between = new(int64) // the two come in the same block next time
	}
}

type chatter struct {
	name   *string
	silent int32
}

var programs *chatter

// V_loggerOfProgram: the same, of the program itself, which may have a flag.
//
//go:noinline
func V_loggerOfProgram() {
	c := programs
	stop := make(chan struct{})
	go func() {
		ticker := time.NewTicker(tick)
		for atomic.LoadInt32(&c.silent) == 0 {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	}()
}

// V_readersVariable looks at a variable of the program whenever it has read.
//
//go:noinline
func V_readersVariable() {
	c := dial()
	go func() {
		r := bufio.NewReader(c)
		for atomic.LoadInt32(&stopAll) == 0 {
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
	}()
}

func watchFiles() *os.File {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		panic(err)
	}
	return os.NewFile(uintptr(fd), "inotify")
}

//go:noinline
func readEvents(f *os.File) {
	events := make([]byte, 4096)
	for {
		if _, err := f.Read(events); err != nil {
			return
		}
	}
}

// W_inotify is an orphan where the kernel can be asked what its descriptor is: not in a core.
//
//go:noinline
func W_inotify() { go readEvents(watchFiles()) }

//go:noinline
func V_inotify() {
	f := watchFiles()
	keepers.any = append(keepers.any, f)
	go readEvents(f)
}
