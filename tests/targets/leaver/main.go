// Ends in the way that its second argument says, after it left goroutines behind if the first one is "leak".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What a process can see of how it was started.
type place struct {
	Group, Session int
	Leader         bool // of the session
	Files          []string
	Ignored        string
	Blocked        string
	Child          string // what waiting for any child says before there is one
}

//go:noinline
func ask() {
	c := make(chan int)
	go func() { c <- 1 }()
}

// Until they are parked: one that was just made is only runnable.
func leave() {
	for i := 0; i < 3; i++ {
		ask()
	}
	buffer := make([]byte, 1<<16)
	for strings.Count(string(buffer[:runtime.Stack(buffer, true)]), "[chan send") < 3 {
		time.Sleep(time.Millisecond)
	}
}

func status(name string) string {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, name+":") {
			return strings.TrimSpace(line[len(name)+1:])
		}
	}
	return ""
}

func look() place {
	var p place
	p.Group = syscall.Getpgrp()
	p.Session, _ = sessionOf(0)
	p.Leader = p.Session == os.Getpid()
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		link, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err == nil && !strings.HasPrefix(link, "/proc/") && !strings.HasPrefix(link, "anon_inode:") {
			p.Files = append(p.Files, entry.Name()+" "+link)
		}
	}
	p.Ignored, p.Blocked = status("SigIgn"), status("SigBlk")
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	p.Child = fmt.Sprint(err)
	return p
}

func sessionOf(pid int) (int, error) {
	id, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	return int(id), errno
}

// Tells each signal but the last one, by which it ends.
func wait() {
	c := make(chan os.Signal, 16)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGCONT)
	fmt.Println("READY", os.Getpid())
	for s := range c {
		fmt.Println("got", s)
	}
}

// threads makes n threads, and returns once they have ended: one that ends by itself just as the program does
// cannot be held.
func threads(n int) {
	var all sync.WaitGroup
	ids := make(chan int, n)
	for i := 0; i < n; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread() // the thread ends with the goroutine
			ids <- syscall.Gettid()
		}()
	}
	all.Wait()
	close(ids)
	for id := range ids {
		if id == os.Getpid() {
			continue // the first one stays
		}
		for _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", id)); err == nil; {
			time.Sleep(time.Millisecond)
			_, err = os.Stat(fmt.Sprintf("/proc/self/task/%d", id))
		}
	}
}

func again(n int) {
	stop := make(chan bool)
	for i := 0; i < 4; i++ {
		go func() {
			for {
				select {
				case <-stop:
				default:
					syscall.Getppid()
				}
			}
		}()
	}
	time.Sleep(time.Millisecond)
	end := "exit:5"
	if n > 0 {
		end = "again:" + strconv.Itoa(n-1)
	}
	err := syscall.Exec("/proc/self/exe", []string{os.Args[0], os.Args[1], end}, os.Environ())
	panic(err)
}

func children(n int, what string) {
	for i := 0; i < n; i++ {
		out, err := exec.Command("/proc/self/exe", what, "exit:3").CombinedOutput()
		if err == nil || err.Error() != "exit status 3" || len(out) != 0 {
			fmt.Println("child:", err, string(out))
		}
	}
}

func end(way string, n int) {
	switch way {
	case "return":
	case "exit":
		os.Exit(n)
	case "panic":
		panic("on purpose")
	case "nil":
		var p *place
		p.Group = 1
	case "kill":
		syscall.Kill(os.Getpid(), syscall.Signal(n))
		time.Sleep(time.Minute)
	case "raw":
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(n), 0, 0)
	case "many":
		for i := 0; i < 8; i++ {
			go func() {
				runtime.LockOSThread()
				syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(n), 0, 0)
			}()
		}
		time.Sleep(time.Minute)
	case "place":
		json.NewEncoder(os.Stdout).Encode(look())
	case "echo":
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println(lines.Text())
			fmt.Fprintln(os.Stderr, "err", lines.Text())
		}
	case "wait":
		wait()
	case "daemon", "service":
		child := exec.Command("sleep", strconv.Itoa(n))
		if way == "service" { // as itself
			child = exec.Command("/proc/self/exe", os.Args[1], "wait")
		}
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
	case "threads":
		threads(n)
	case "again":
		again(n)
	case "children":
		children(n, "clean")
	case "leakers":
		children(n, "leak")
	case "shell":
		out, err := exec.Command("sh", "-c", "exec "+os.Args[0]+" leak exit:3").CombinedOutput()
		fmt.Println(err, string(out))
	default:
		panic(way)
	}
}

func main() {
	way, number, _ := strings.Cut(os.Args[2], ":")
	n, _ := strconv.Atoi(number)
	if os.Args[1] == "leak" && way != "again" {
		leave()
	}
	end(way, n)
}
