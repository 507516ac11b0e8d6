// Package upstream leaks HTTP connections.
package upstream

import (
	"io"
	"net"
	"net/http"
	"time"
)

// FetchAndForget never closes the response's body.
func FetchAndForget(url string) {
	response, err := http.Get(url)
	if err != nil {
		return
	}
	_ = response
}

// OwnTransport makes a transport for one request and never closes it.
func OwnTransport(url string) {
	client := &http.Client{Transport: &http.Transport{}}
	response, err := client.Get(url)
	if err != nil {
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

// HangInHandshake talks TLS to a peer that accepts and never answers. http.DefaultTransport gives up after 10 s:
// here later, so that the program is the same however long somebody takes to look at it.
func HangInHandshake() {
	http.DefaultTransport.(*http.Transport).TLSHandshakeTimeout = time.Hour
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	go accept(silent)
	go http.Get("https://" + silent.Addr().String() + "/")
}

func accept(l net.Listener) {
	var held []net.Conn
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		held = append(held, conn)
	}
}

// Starve uses up MaxConnsPerHost with requests that are never answered, and queues two more.
func Starve(url string, most int) {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: most}}
	for i := 0; i < most+2; i++ {
		go client.Get(url)
		time.Sleep(5 * time.Millisecond)
	}
}
