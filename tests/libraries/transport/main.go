// Transports of net/http, one for each request.
package main

import (
	"io"
	"net/http"
	"net/http/httptest"

	"parked.test/libraries/lab"
)

func serve() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "ok")
	})).URL
}

func open(address string) lab.Client {
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	use := func() {
		response, err := client.Get(address)
		lab.Check(err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	return lab.Client{Handle: client, Use: use, Close: transport.CloseIdleConnections}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
