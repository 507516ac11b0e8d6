// Clients of go-redis, each with a subscription.
package main

import (
	"context"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"parked.test/libraries/lab"
)

func serve() string {
	server := miniredis.NewMiniRedis()
	lab.Check(server.Start())
	return server.Addr()
}

type subscriber struct {
	client *redis.Client
	pubsub *redis.PubSub
}

func open(address string) lab.Client {
	ctx := context.Background()
	s := &subscriber{client: redis.NewClient(&redis.Options{Addr: address})}
	s.pubsub = s.client.Subscribe(ctx, "news")
	s.pubsub.Channel()
	return lab.Client{
		Handle: s,
		Use:    func() { lab.Check(s.client.Set(ctx, "a", "b", 0).Err()) },
		Close: func() {
			s.pubsub.Close()
			s.client.Close()
		},
	}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
