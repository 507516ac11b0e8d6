// Descriptors of every kind a Go program has, and goroutines that wait for them. It prints what it
// knows of each, and what the kernel says of all.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

var kept []any

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Goroutine that calls it.
func goid() int {
	header := make([]byte, 64)
	header = header[:runtime.Stack(header, false)]
	return must(strconv.Atoi(strings.Fields(string(header))[1]))
}

// The descriptor behind a file or connection; it stays in the poller.
func fdOf(object any) int {
	raw := must(object.(syscall.Conn).SyscallConn())
	number := -1
	raw.Control(func(fd uintptr) { number = int(fd) })
	return number
}

func keepFile(file *os.File) *os.File {
	kept = append(kept, file)
	fmt.Printf("FD %d file name=%s\n", fdOf(file), file.Name())
	return file
}

func addressOf(address net.Addr) string {
	if address == nil {
		return ""
	}
	text := address.String()
	if text == "" || text == "@" {
		return ""
	}
	return text
}

func printConn(object any, network string, local, remote net.Addr) {
	kept = append(kept, object)
	fmt.Printf("FD %d network network=%s local=%s remote=%s\n", fdOf(object), network,
		addressOf(local), addressOf(remote))
}

func keepConn(conn net.Conn) net.Conn {
	printConn(conn, conn.LocalAddr().Network(), conn.LocalAddr(), conn.RemoteAddr())
	return conn
}

func keepListener(listener net.Listener) net.Listener {
	printConn(listener, listener.Addr().Network(), listener.Addr(), nil)
	return listener
}

func unix(address syscall.Sockaddr, err error) string {
	return must(address, err).(*syscall.SockaddrUnix).Name
}

// A goroutine that waits for the descriptor: it prints in which direction, and until when.
func wait(object any, direction string, deadline time.Duration, work func()) {
	ready := make(chan int)
	go func() {
		ready <- goid()
		work()
	}()
	fmt.Printf("WAIT %d %s goroutine=%d deadline=%d\n", fdOf(object), direction, <-ready, deadline)
}

func read(object interface{ Read([]byte) (int, error) }) func() {
	return func() { object.Read(make([]byte, 16)) }
}

// The other end does not read: the buffers of the two run full.
func write(object interface{ Write([]byte) (int, error) }) func() {
	return func() { object.Write(make([]byte, 64<<20)) }
}

func pair(network, address string) (net.Listener, net.Conn, net.Conn) {
	listener := keepListener(must(net.Listen(network, address)))
	accepted := make(chan net.Conn)
	go func() { accepted <- must(listener.Accept()) }()
	client := keepConn(must(net.Dial(network, listener.Addr().String())))
	return listener, client, keepConn(<-accepted)
}

//go:noinline
func loseFile() {
	file := must(os.Create("lost"))
	fmt.Printf("LOST %d file name=lost\n", fdOf(file))
}

//go:noinline
func loseListener() {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	fmt.Printf("LOST %d network local=%s\n", fdOf(listener), listener.Addr())
}

// Leaked goroutines that have a file: the garbage collector goes by their stacks, too. Their deferred
// Close never comes.
func convert(file *os.File, answer chan<- int, ready chan<- bool) {
	defer file.Close()
	name := file.Name()
	fmt.Printf("HELD %d file goroutine=%d name=%s\n", fdOf(file), goid(), name)
	ready <- true
	answer <- len(name) // nobody receives any more
}

func fetch(conn net.Conn, answer chan<- int, ready chan<- bool) {
	defer conn.Close()
	fmt.Printf("HELD %d network goroutine=%d local=%s\n", fdOf(conn), goid(), conn.LocalAddr())
	ready <- true
	answer <- 1
}

// A Watcher whose events nobody receives, and that nobody closes; its file has no name.
func watch() {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		panic(err)
	}
	file := os.NewFile(uintptr(pipe[0]), "")
	ready := make(chan bool)
	fsnotify.NewWatcher(file, func() {
		fmt.Printf("HELD %d file goroutine=%d\n", fdOf(file), goid())
		ready <- true
	})
	<-ready
}

// Three files of the same place, a connection, a watcher.
func hold() {
	quiet := keepListener(must(net.Listen("tcp", "127.0.0.1:0")))
	ready := make(chan bool)
	for i := 0; i < 3; i++ {
		go convert(must(os.Open("/proc/self/status")), make(chan int), ready)
		<-ready
	}
	go fetch(must(net.Dial("tcp", quiet.Addr().String())), make(chan int), ready)
	<-ready
	watch()
}

func rawSockets(port int) {
	fd := must(syscall.Open("/dev/zero", syscall.O_RDONLY, 0))
	fmt.Printf("RAW %d name=/dev/zero\n", fd)
	tcp := must(syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0))
	peer := &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	if err := syscall.Connect(tcp, peer); err != nil {
		panic(err)
	}
	local := must(syscall.Getsockname(tcp)).(*syscall.SockaddrInet4)
	fmt.Printf("RAW %d network=tcp local=127.0.0.1:%d remote=127.0.0.1:%d\n", tcp, local.Port, port)
	udp := must(syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0))
	if err := syscall.Bind(udp, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		panic(err)
	}
	local = must(syscall.Getsockname(udp)).(*syscall.SockaddrInet4)
	fmt.Printf("RAW %d network=udp local=127.0.0.1:%d remote=\n", udp, local.Port)
	listener := must(syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0))
	if err := syscall.Bind(listener, &syscall.SockaddrUnix{Name: "raw.sock"}); err != nil {
		panic(err)
	}
	fmt.Printf("RAW %d network=unix local=%s remote=\n", listener, unix(syscall.Getsockname(listener)))
	both := must(syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0))
	fmt.Printf("RAW %d network=unix local= remote=\n", both[0])
	fmt.Printf("RAW %d network=unix local= remote=\n", both[1])
}

// All that the kernel knows, but for the directory that is read for it.
func kernel() {
	folder := must(os.Open("/proc/self/fd"))
	names := must(folder.Readdirnames(-1))
	own := fdOf(folder)
	folder.Close()
	for _, name := range names {
		if name == strconv.Itoa(own) {
			continue
		}
		fmt.Printf("KERNEL %s %s\n", name, must(os.Readlink("/proc/self/fd/"+name)))
	}
}

func main() {
	keepFile(must(os.Create("plain")))
	keepFile(must(os.Open("/dev/null")))

	out, in := must2(os.Pipe())
	keepFile(out)
	keepFile(in)
	wait(out, "reader", 0, read(out))
	out2, in2 := must2(os.Pipe())
	keepFile(out2)
	keepFile(in2)
	in2.SetWriteDeadline(time.Now().Add(time.Hour))
	wait(in2, "writer", time.Hour, write(in2))

	listener, client, server := pair("tcp", "127.0.0.1:0")
	wait(listener, "reader", 0, func() { listener.Accept() })
	client.SetReadDeadline(time.Now().Add(2 * time.Hour))
	wait(client, "reader", 2*time.Hour, read(client))
	wait(client, "writer", 0, write(client))
	kept = append(kept, server)
	if six, err := net.Listen("tcp", "[::1]:0"); err == nil {
		six.Close()
		pair("tcp", "[::1]:0")
	}

	packets := must(net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	printConn(packets, "udp", packets.LocalAddr(), nil)
	wait(packets, "reader", 0, read(packets))
	keepConn(must(net.Dial("udp", packets.LocalAddr().String())))

	_, local, _ := pair("unix", "service.sock")
	wait(local, "reader", 0, read(local))
	pair("unix", "@parked-test-"+strconv.Itoa(os.Getpid()))

	hold()
	// From here on nobody collects garbage.
	debug.SetGCPercent(-1)
	runtime.GC()
	loseFile()
	loseListener()
	quiet := must(net.Listen("tcp", "127.0.0.1:0"))
	keepListener(quiet)
	rawSockets(quiet.Addr().(*net.TCPAddr).Port)
	for i := 0; i < 3; i++ { // numbers that are free again
		must(os.Open("/dev/null")).Close()
	}

	time.Sleep(100 * time.Millisecond)
	kernel()
	fmt.Println("READY")
	os.Stdout.Sync()
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}

func must2[T, U any](a T, b U, err error) (T, U) {
	if err != nil {
		panic(err)
	}
	return a, b
}
