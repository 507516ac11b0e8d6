// Response bodies that nobody closes. What can still end their requests differs.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"time"
)

var (
	transport = &http.Transport{}
	cancel    context.CancelFunc
	abort     = make(chan struct{})
	pipe      *io.PipeWriter
	kept      *http.Response
)

type box struct{ response *http.Response }

func newRequest() *http.Request {
	request, err := http.NewRequest("GET", "http://localhost/", nil)
	if err != nil {
		panic(err)
	}
	return request
}

// Answers one request with the start of a body, whatever of its own body is still to come, and holds
// the connection. net/http's own server would read the request to its end first.
func serve(listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		panic(err)
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nbody", 1<<20)
	io.Copy(io.Discard, conn)
	runtime.KeepAlive(listener)
}

// Does the request with a server of its own, and prints its address.
//
//go:noinline
func open(name string, client *http.Client, request *http.Request) *http.Response {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(listener)
	request.URL, _ = url.Parse("http://" + listener.Addr().String())
	request.Host = request.URL.Host
	response, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	fmt.Println("BODY", name, request.URL)
	return response
}

//go:noinline
func leaked(b *box, c chan int) {
	<-c
	runtime.KeepAlive(b)
}

//go:noinline
func openAll() {
	client := &http.Client{Transport: transport}
	kept = open("kept", client, newRequest())
	open("lost", client, newRequest())
	go leaked(&box{open("leaked", client, newRequest())}, make(chan int))
	open("value", client, newRequest().WithContext(
		context.WithValue(context.Background(), box{}, "of a trace")))

	// Its connection's goroutines leak and hold the connection.
	open("dropped", &http.Client{Transport: &http.Transport{}}, newRequest())

	open("timeout", &http.Client{Transport: transport, Timeout: time.Hour}, newRequest())
	timed, _ := context.WithTimeout(context.Background(), time.Hour)
	open("deadline", client, newRequest().WithContext(timed))
	var cancelled context.Context
	cancelled, cancel = context.WithCancel(context.Background())
	open("cancel", client, newRequest().WithContext(cancelled))
	aborted := newRequest()
	aborted.Cancel = abort
	open("abort", client, aborted)
	var reader *io.PipeReader
	reader, pipe = io.Pipe()
	sent := newRequest()
	sent.Method = "POST"
	sent.Body = reader
	open("sending", client, sent)
	weakly()
}

func main() {
	openAll()
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	time.Sleep(400 * time.Millisecond)
	runtime.GC()
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
