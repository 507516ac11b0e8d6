// Connections of gorilla/websocket with a pump for each direction, as its examples have them.
package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"parked.test/libraries/lab"
)

func serve() string {
	upgrader := websocket.Upgrader{}
	return "ws" + strings.TrimPrefix(httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})).URL, "http")
}

type client struct {
	conn *websocket.Conn
	send chan []byte
	done chan struct{}
}

func (c *client) readPump() {
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			return
		}
	}
}

func (c *client) writePump() {
	ping := time.NewTicker(time.Second)
	defer ping.Stop()
	for {
		var err error
		select {
		case message := <-c.send:
			err = c.conn.WriteMessage(websocket.TextMessage, message)
		case <-ping.C:
			err = c.conn.WriteMessage(websocket.PingMessage, nil)
		case <-c.done:
			c.conn.Close()
			return
		}
		if err != nil {
			return
		}
	}
}

func open(address string) lab.Client {
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	lab.Check(err)
	c := &client{conn: conn, send: make(chan []byte), done: make(chan struct{})}
	go c.readPump()
	go c.writePump()
	return lab.Client{Handle: c, Use: func() { c.send <- []byte("a") }, Close: func() { close(c.done) }}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
