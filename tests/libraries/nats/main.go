// Connections of nats.go, each with a subscription.
package main

import (
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"parked.test/libraries/lab"
)

func serve() string {
	server, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	lab.Check(err)
	go server.Start()
	if !server.ReadyForConnections(time.Minute) {
		panic("the server does not start")
	}
	return server.ClientURL()
}

func open(address string) lab.Client {
	conn, err := nats.Connect(address)
	lab.Check(err)
	_, err = conn.Subscribe("news", func(*nats.Msg) {})
	lab.Check(err)
	use := func() {
		lab.Check(conn.Publish("news", []byte("a")))
		lab.Check(conn.Flush())
	}
	return lab.Client{Handle: conn, Use: use, Close: conn.Close}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
