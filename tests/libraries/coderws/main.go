// Connections of coder/websocket, each with who reads from it.
package main

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/coder/websocket"

	"parked.test/libraries/lab"
)

func serve() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for {
			if _, _, err := conn.Read(r.Context()); err != nil {
				return
			}
		}
	})).URL
}

func open(address string) lab.Client {
	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, address, nil)
	lab.Check(err)
	conn.CloseRead(ctx)
	return lab.Client{
		Handle: conn,
		Use:    func() { lab.Check(conn.Write(ctx, websocket.MessageText, []byte("a"))) },
		Close:  func() { conn.CloseNow() },
	}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
