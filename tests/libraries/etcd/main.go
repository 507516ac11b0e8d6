// Clients of etcd, each with a watch, a lease that is kept alive and a mutex of its session.
package main

import (
	"context"
	"net/url"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"parked.test/libraries/lab"
)

func serve() string {
	config := embed.NewConfig()
	config.LogLevel = "error"
	folder, err := os.MkdirTemp("", "parked-etcd-")
	lab.Check(err)
	config.Dir = folder
	any := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.ListenPeerUrls = any, any
	server, err := embed.StartEtcd(config)
	lab.Check(err)
	<-server.Server.ReadyNotify()
	return server.Clients[0].Addr().String()
}

func open(address string) lab.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{address},
		DialTimeout: time.Minute,
		Logger:      zap.NewNop(),
	})
	lab.Check(err)
	session, err := concurrency.NewSession(client, concurrency.WithTTL(600))
	lab.Check(err)
	updates := client.Watch(context.Background(), "key")
	use := func() {
		_, err := client.Put(context.Background(), "key", "value")
		lab.Check(err)
		<-updates
	}
	end := func() {
		session.Close()
		client.Close()
	}
	return lab.Client{Handle: client, Use: use, Close: end}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
