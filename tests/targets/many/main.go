// many KIND N: so many of one thing, then READY. Each kind is a shape in which work that is not linear would show:
// one queue, one tree, one map or one chain of N.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type key struct{}

type node struct {
	next *node
	text string
}

var (
	kept    []any                       // what shall live on
	byID    = map[int]context.Context{} // contexts in a map
	cancels []context.CancelFunc
	list    *node
	one     = make(chan int)
	lock    sync.Mutex
	group   sync.WaitGroup
	signal  = sync.NewCond(&sync.Mutex{})
)

//go:noinline
func receive(c chan int) { <-c }

//go:noinline
func deep(left int, c chan int) int {
	if left == 0 {
		return <-c
	}
	return deep(left-1, c) + 1
}

//go:noinline
func deferred(left int, c chan int) {
	for i := 0; i < left; i++ {
		defer receive(c)
	}
	<-c
}

//go:noinline
func hold(mine, next *sync.Mutex, ready *sync.WaitGroup, start chan struct{}) {
	mine.Lock()
	ready.Done()
	<-start
	next.Lock()
	next.Unlock()
	mine.Unlock()
}

// poller has a stop channel that nobody else has, but for the poller before it.
type poller struct {
	stop chan struct{}
	next *poller
}

//go:noinline
func (p *poller) run() {
	ticker := time.NewTicker(time.Hour)
	for {
		select {
		case <-ticker.C:
		case <-p.stop:
			return
		}
	}
}

var kinds = map[string]func(n int){
	// Timers.
	"timers": func(n int) {
		for i := 0; i < n; i++ {
			n := &node{text: "payload"}
			kept = append(kept, time.AfterFunc(time.Hour, func() { fmt.Println(n.text) }))
		}
	},
	"idle-timers": func(n int) {
		for i := 0; i < n; i++ {
			kept = append(kept, time.NewTimer(time.Hour))
		}
	},
	"sleepers": func(n int) {
		for i := 0; i < n; i++ {
			go time.Sleep(time.Hour)
		}
	},
	// Contexts.
	"context-children": func(n int) {
		root, cancel := context.WithCancel(context.Background())
		cancels = append(cancels, cancel)
		for i := 0; i < n; i++ {
			c, cancel := context.WithCancel(root)
			kept = append(kept, c)
			cancels = append(cancels, cancel)
		}
	},
	"context-deadlines": func(n int) {
		for i := 0; i < n; i++ {
			c, cancel := context.WithTimeout(context.Background(), time.Hour)
			kept = append(kept, c)
			cancels = append(cancels, cancel)
		}
	},
	"context-chain": func(n int) {
		c := context.Background()
		for i := 0; i < n; i++ {
			var cancel context.CancelFunc
			c, cancel = context.WithCancel(c)
			cancels = append(cancels, cancel)
		}
		kept = append(kept, c)
	},
	"context-values": func(n int) {
		c := context.Background()
		for i := 0; i < n; i++ {
			c = context.WithValue(c, key{}, i)
		}
		kept = append(kept, c)
	},
	"context-map": func(n int) {
		root, cancel := context.WithCancel(context.Background())
		cancels = append(cancels, cancel)
		for i := 0; i < n; i++ {
			byID[i] = root
		}
	},
	"context-waiters": func(n int) {
		root, cancel := context.WithCancel(context.Background())
		cancels = append(cancels, cancel)
		for i := 0; i < n; i++ {
			go func() { <-root.Done() }()
		}
	},
	// Queues.
	"one-channel": func(n int) {
		for i := 0; i < n; i++ {
			go receive(one)
		}
	},
	"one-mutex": func(n int) {
		lock.Lock()
		for i := 0; i < n; i++ {
			go lock.Lock()
		}
	},
	"one-group": func(n int) {
		group.Add(1)
		for i := 0; i < n; i++ {
			go group.Wait()
		}
	},
	"one-cond": func(n int) {
		for i := 0; i < n; i++ {
			go func() {
				signal.L.Lock()
				signal.Wait()
			}()
		}
	},
	"select-cases": func(n int) { // of goroutines with 16 cases each
		var channels [16]chan int
		for i := range channels {
			channels[i] = make(chan int)
		}
		for i := 0; i < n/16; i++ {
			go wideSelect(&channels)
		}
	},
	"lock-ring": func(n int) {
		locks := make([]sync.Mutex, n)
		var ready sync.WaitGroup
		start := make(chan struct{})
		ready.Add(n)
		for i := 0; i < n; i++ {
			go hold(&locks[i], &locks[(i+1)%n], &ready, start)
		}
		ready.Wait()
		close(start)
	},
	// Chains and stacks.
	"list": func(n int) {
		for i := 0; i < n; i++ {
			list = &node{next: list}
		}
		c := make(chan int)
		kept = append(kept, c)
		go receive(c)
	},
	"deep-stack": func(n int) { go deep(n, one) },
	"stacks": func(n int) { // a hundredth as many, of up to 1000 frames
		for i := 0; i < n/100; i++ {
			if i%2 == 0 {
				go deep(i%1000, one)
			} else {
				go deferred(i%1000, one)
			}
		}
	},
	"finalizers": func(n int) {
		for i := 0; i < n; i++ {
			n := &node{text: "final"}
			runtime.SetFinalizer(n, func(n *node) { fmt.Println(n.text) })
			kept = append(kept, n)
		}
	},
	// Orphans: who only a ticker wakes, and nobody can stop.
	"islands": func(n int) {
		for i := 0; i < n; i++ {
			go (&poller{stop: make(chan struct{})}).run()
		}
	},
	"island-chain": func(n int) { // each can stop the next
		var next *poller
		for i := 0; i < n; i++ {
			next = &poller{make(chan struct{}), next}
			go next.run()
		}
	},
	"island-of-all": func(n int) {
		p := &poller{stop: make(chan struct{})}
		for i := 0; i < n; i++ {
			go p.run()
		}
	},
	// Connections, a hundredth as many: of a client whose bodies nobody closes, and their server.
	"http": func(n int) {
		listener, err := net.Listen("unix", "socket")
		if err != nil {
			panic(err)
		}
		go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", 1<<10))
		}))
		transport := &http.Transport{
			DialContext:         func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", "socket") },
			MaxIdleConnsPerHost: n,
		}
		client := &http.Client{Transport: transport}
		for i := 0; i < n/100; i++ {
			response, err := client.Get("http://example/")
			if err != nil {
				panic(err)
			}
			kept = append(kept, response)
		}
	},
}

func wideSelect(c *[16]chan int) {
	select {
	case <-c[0]:
	case <-c[1]:
	case <-c[2]:
	case <-c[3]:
	case <-c[4]:
	case <-c[5]:
	case <-c[6]:
	case <-c[7]:
	case <-c[8]:
	case <-c[9]:
	case <-c[10]:
	case <-c[11]:
	case <-c[12]:
	case <-c[13]:
	case <-c[14]:
	case <-c[15]:
	}
}

func main() {
	if len(os.Args) != 3 || kinds[os.Args[1]] == nil {
		var names []string
		for name := range kinds {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Println("many KIND N; KIND is one of", strings.Join(names, " "))
		os.Exit(2)
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	kinds[os.Args[1]](n)
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	fmt.Println("READY", os.Getpid(), runtime.NumGoroutine())
	for {
		time.Sleep(time.Hour)
		runtime.KeepAlive(kept)
		runtime.KeepAlive(cancels)
		one <- 1
	}
}
