package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"
)

// Hosts are reached over a connection to this machine, whatever they are called.
func plantNetwork() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, text("response", 0))
		w.(http.Flusher).Flush()
		<-never
	})}
	go server.Serve(listener)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", listener.Addr().String())
	}
	transport := &http.Transport{DialContext: dial}
	for i := 0; i < 8; i++ {
		url := "http://" + text("host", i%2) + ".example/" + text("url path", i) + "?token=" + text("url query", i)
		request, _ := http.NewRequest("GET", url, nil)
		request.Header.Set("Authorization", text("header", i))
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			panic(err)
		}
		if i%2 == 0 {
			response = nil // never closed
		}
		hold(response)
	}
	hold(transport, server)
	for i := 0; i < 4; i++ {
		socket, err := net.Listen("unix", filepath.Join(os.Args[2], text("unix socket", i)))
		if err != nil {
			panic(err)
		}
		park(func() { socket.Accept() })
	}
}

func plantFiles() {
	for i := 0; i < each; i++ {
		file, err := os.Create(filepath.Join(os.Args[2], text("file name", i)))
		if err != nil {
			panic(err)
		}
		file.WriteString(text("file content", i))
		if i%2 == 0 {
			hold(file)
		}
	}
	for i := 0; i < 3; i++ {
		reader, writer, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		hold(writer)
		park(func() { reader.Read(make([]byte, 100)) })
	}
	command := exec.Command("sleep", "100000")
	command.Env = append(os.Environ(), "CHILD="+text("child environment", 0))
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Args[0] = text("child argument", 0)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // it ends with the thread that started it
		started <- command.Start()
		command.Wait()
	}()
	if err := <-started; err != nil {
		panic(err)
	}
}

// What the allocator does not know, and the name of a thread.
func plantMemory() {
	memory, err := syscall.Mmap(-1, 0, 1<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for i := 0; i < each; i++ {
		copy(memory[i*5000:], bytes("mapped", i))
	}
	file, err := os.Open(filepath.Join(os.Args[2], text("file name", 0)))
	if err != nil {
		panic(err)
	}
	if mapped, err := syscall.Mmap(int(file.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_PRIVATE); err == nil {
		hold(mapped)
	}
	hold(memory)
	name := append(bytes("thread name", 0)[:15], 0)
	for _, tid := range []bool{false, true} {
		if tid {
			park(func() {
				runtime.LockOSThread()
				other := append(bytes("other thread name", 0)[:15], 0)
				syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_NAME, uintptr(unsafe.Pointer(&other[0])), 0)
				syscall.Syscall(syscall.SYS_PAUSE, 0, 0, 0)
			})
			continue
		}
		os.WriteFile("/proc/self/comm", name[:15], 0)
	}
}
