// Works without a pause and checks itself: that no message, lock, memory, timer or signal goes wrong
// while somebody reads the process. Says ANOMALY and ends if something does; at the end of its
// standard input it finishes its work and says FINE.
package main

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	stop    int32
	working sync.WaitGroup
	kept    []*node // some pointers to copy
)

type node struct {
	next *node
	name string
	sum  uint32
}

func anomaly(format string, arguments ...interface{}) {
	fmt.Printf("ANOMALY "+format+"\n", arguments...)
	os.Exit(3)
}

func stopped() bool { return atomic.LoadInt32(&stop) != 0 }

func start(work func()) {
	working.Add(1)
	go func() {
		defer working.Done()
		work()
	}()
}

// messages arrive complete, in order and once.
func messages() {
	type message struct {
		number uint64
		text   []byte
		sum    uint32
	}
	c := make(chan message, 16)
	start(func() {
		for n := uint64(0); !stopped(); n++ {
			text := []byte("message " + strconv.FormatUint(n, 10))
			c <- message{n, text, crc32.ChecksumIEEE(text)}
		}
		close(c)
	})
	start(func() {
		want := uint64(0)
		for m := range c {
			if m.number != want || m.sum != crc32.ChecksumIEEE(m.text) {
				anomaly("message %d instead of %d", m.number, want)
			}
			want++
		}
	})
}

// accounts never lose a coin under their lock.
func accounts() {
	const coins = 1000
	var lock sync.Mutex
	balance := [8]int{coins}
	for i := 0; i < 3; i++ {
		i := i
		start(func() {
			for n := i; !stopped(); n++ {
				lock.Lock()
				from, to := n%len(balance), (n*7+3)%len(balance)
				half := balance[from] / 2
				balance[from] -= half
				balance[to] += half
				sum := 0
				for _, each := range balance {
					sum += each
				}
				lock.Unlock()
				if sum != coins {
					anomaly("%d coins", sum)
				}
			}
		})
	}
}

// garbage: lists that the collector moves through keep what was put into them.
func garbage() {
	start(func() {
		for n := 0; !stopped(); n++ {
			var head *node
			for i := 0; i < 1000; i++ {
				name := "node " + strconv.Itoa(n+i)
				head = &node{head, name, crc32.ChecksumIEEE([]byte(name))}
			}
			for at := head; at != nil; at = at.next {
				if at.sum != crc32.ChecksumIEEE([]byte(at.name)) {
					anomaly("a node changed")
				}
			}
		}
	})
}

// echo over a socket: system calls are interrupted by whoever stops the process, and go on.
func echo() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		anomaly("%v", err)
	}
	start(func() {
		connection, err := listener.Accept()
		if err != nil {
			anomaly("accept: %v", err)
		}
		if _, err := io.Copy(connection, connection); err != nil {
			anomaly("echo: %v", err)
		}
		connection.Close()
	})
	start(func() {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			anomaly("dial: %v", err)
		}
		buffer := make([]byte, 8)
		for n := 0; !stopped(); n++ {
			text := fmt.Sprintf("%08d", n%100000000)
			if _, err := connection.Write([]byte(text)); err != nil {
				anomaly("write: %v", err)
			}
			if _, err := io.ReadFull(connection, buffer); err != nil || string(buffer) != text {
				anomaly("read %q instead of %q: %v", buffer, text, err)
			}
		}
		connection.Close()
	})
}

// pipe: blocking system calls on threads of their own.
func pipe() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		anomaly("pipe: %v", err)
	}
	start(func() {
		for n := 0; !stopped(); n++ {
			if got, err := syscall.Write(ends[1], []byte{byte(n)}); err != nil || got != 1 {
				anomaly("write to the pipe: %d, %v", got, err)
			}
			if n%64 == 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		syscall.Close(ends[1])
	})
	start(func() {
		one := make([]byte, 1)
		for n := 0; ; n++ {
			got, err := syscall.Read(ends[0], one)
			if err != nil || (got == 1 && one[0] != byte(n)) {
				anomaly("read from the pipe: %v, %d instead of %d", err, one[0], byte(n))
			}
			if got == 0 {
				return
			}
		}
	})
}

// timers never fire early, and a ticker goes on.
func timers() {
	start(func() {
		for !stopped() {
			before := time.Now()
			select {
			case <-time.After(2 * time.Millisecond):
			case <-time.After(time.Minute):
				anomaly("the wrong timer")
			}
			if time.Since(before) < 2*time.Millisecond {
				anomaly("a timer fired early")
			}
		}
	})
}

// heartbeat tells that all of it goes on, and answers each SIGUSR1.
func heartbeat() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGUSR1)
	signal.Notify(signals, syscall.SIGCONT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR2)
	beats := time.NewTicker(20 * time.Millisecond)
	start(func() {
		for n := 0; !stopped(); {
			select {
			case got := <-signals:
				if got != syscall.SIGUSR1 {
					anomaly("the signal %v", got)
				}
				fmt.Println("SIGNAL")
			case <-beats.C:
				n++
				fmt.Println("BEAT", n)
			}
		}
	})
}

// outside uses memory that is not the heap's, as C code does.
func outside(megabytes string) {
	size, _ := strconv.Atoi(megabytes)
	flags := syscall.MAP_PRIVATE | syscall.MAP_ANON
	memory, err := syscall.Mmap(-1, 0, size<<20, syscall.PROT_READ|syscall.PROT_WRITE, flags)
	if err != nil {
		anomaly("mmap: %v", err)
	}
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
}

//go:noinline
func lost(c chan int) { <-c }

func main() {
	megabytes := 64
	if len(os.Args) > 1 {
		megabytes, _ = strconv.Atoi(os.Args[1])
	}
	for i := 0; i < megabytes<<20/128; i++ {
		name := "kept " + strconv.Itoa(i)
		kept = append(kept, &node{nil, name, crc32.ChecksumIEEE([]byte(name))})
	}
	for i := 0; i < 10; i++ {
		go lost(make(chan int))
	}
	if len(os.Args) > 2 {
		outside(os.Args[2])
	}
	messages()
	accounts()
	garbage()
	echo()
	pipe()
	timers()
	heartbeat()
	fmt.Println("READY")
	bufio.NewReader(os.Stdin).ReadString('\n')
	atomic.StoreInt32(&stop, 1)
	working.Wait()
	for _, each := range kept {
		if each.sum != crc32.ChecksumIEEE([]byte(each.name)) {
			anomaly("what was kept changed")
		}
	}
	runtime.KeepAlive(kept)
	fmt.Println("FINE")
}
