// Goroutines in system calls that do not return. It prints which, and on what, by the function that
// makes each.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A pipe that the runtime's poller does not know of, so that its ends block in the kernel.
func pipe() (reader, writer int) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		panic(err)
	}
	return ends[0], ends[1]
}

//go:noinline
func fill(writer int) {
	buffer := make([]byte, 1<<12)
	for {
		if _, err := syscall.Write(writer, buffer); err != nil {
			panic(err)
		}
	}
}

//go:noinline
func drain(reader int) {
	syscall.Read(reader, make([]byte, 1))
}

//go:noinline
func lock(fd int) {
	syscall.Flock(fd, syscall.LOCK_EX)
}

//go:noinline
func attend(command *exec.Cmd) {
	command.Wait()
}

//go:noinline
func poll(queue int) {
	for { // who is stopped and goes on has been interrupted
		syscall.EpollWait(queue, make([]syscall.EpollEvent, 1), -1)
	}
}

func described(fd int) string {
	return fmt.Sprintf("fd %d (%s)", fd, must(os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))))
}

func main() {
	full, writer := pipe()
	empty, end := pipe()
	const name = "locked"
	held := must(syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600))
	wanted := must(syscall.Open(name, syscall.O_RDWR|syscall.O_CLOEXEC, 0))
	if err := syscall.Flock(held, syscall.LOCK_EX); err != nil {
		panic(err)
	}
	queue := must(syscall.EpollCreate1(syscall.EPOLL_CLOEXEC))
	command := exec.Command("cat")
	input := must(command.StdinPipe())
	if err := command.Start(); err != nil {
		panic(err)
	}
	go fill(writer)
	go drain(empty)
	go lock(wanted)
	go attend(command)
	go poll(queue)
	truth := must(json.Marshal(map[string]string{
		"main.fill":   "write to " + described(writer),
		"main.drain":  "read from " + described(empty),
		"main.lock":   "flock on " + described(wanted),
		"main.attend": fmt.Sprintf("wait for child %d", command.Process.Pid),
		"main.poll":   "epoll_wait on " + described(queue),
	}))
	fmt.Println(string(truth))
	fmt.Println("READY")
	time.Sleep(time.Hour)
	fmt.Println(full, end, input)
}
