// Subscriptions of redigo, each with the goroutine that its user starts for it.
package main

import (
	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"

	"parked.test/libraries/lab"
)

func serve() string {
	server := miniredis.NewMiniRedis()
	lab.Check(server.Start())
	return server.Addr()
}

func receive(subscription redis.PubSubConn) {
	for {
		switch subscription.Receive().(type) {
		case error:
			return
		}
	}
}

func open(address string) lab.Client {
	pool := &redis.Pool{Dial: func() (redis.Conn, error) { return redis.Dial("tcp", address) }}
	subscription := redis.PubSubConn{Conn: pool.Get()}
	lab.Check(subscription.Subscribe("news"))
	go receive(subscription)
	return lab.Client{
		Handle: subscription,
		Use:    func() { lab.Check(subscription.Ping("")) },
		Close: func() {
			subscription.Unsubscribe()
			pool.Close()
			subscription.Close()
		},
	}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
