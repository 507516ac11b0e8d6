// Servers of net/http, each with a connection that is kept alive.
package main

import (
	"io"
	"net"
	"net/http"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	lab.Check(err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "ok")
	})}
	address := "http://" + listener.Addr().String()
	go server.Serve(listener)
	use := func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(address)
		lab.Check(err)
		response.Body.Close()
	}
	return lab.Client{Handle: server, Use: use, Close: func() { server.Close() }}
}

func main() { lab.Main(lab.Library{Open: open}) }
