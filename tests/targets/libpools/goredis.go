package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// serve answers every command but BLPOP.
func serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		var words, length int
		if _, err := fmt.Fscanf(in, "*%d\r\n", &words); err != nil {
			return
		}
		command := ""
		for i := 0; i < words; i++ {
			fmt.Fscanf(in, "$%d\r\n", &length)
			line, _ := in.ReadString('\n')
			if i == 0 {
				command = strings.ToUpper(strings.TrimSpace(line))
			}
		}
		switch command {
		case "BLPOP":
		case "HELLO":
			fmt.Fprint(c, "-ERR unknown command\r\n")
		default:
			fmt.Fprint(c, "+OK\r\n")
		}
	}
}

func newGoRedis() *redis.Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			c, err := listener.Accept()
			check(err)
			go serve(c)
		}
	}()
	return redis.NewClient(&redis.Options{
		Addr:        listener.Addr().String(),
		PoolSize:    2,
		PoolTimeout: time.Hour,
		ReadTimeout: -1,
	})
}

//go:noinline
func pop(client *redis.Client) { fmt.Println(client.BLPop(context.Background(), 0, "list")) }

//go:noinline
func get(client *redis.Client) { fmt.Println(client.Get(context.Background(), "key")) }

var clients []*redis.Client

func goRedisHeld() {
	client := newGoRedis()
	clients = append(clients, client)
	for i := uint32(1); i <= 2; i++ {
		go pop(client)
		until(func() bool { return client.PoolStats().TotalConns == i })
	}
	for i := 0; i < 3; i++ {
		go get(client)
	}
}

// They have what they asked for.
func goRedisFree() {
	client := newGoRedis()
	clients = append(clients, client)
	for i := 0; i < 3; i++ {
		get(client)
	}
}

// Has one connection, in which a transaction goes on, and asks the same client for others.
//
//go:noinline
func watch(client *redis.Client, entered chan bool) {
	client.Watch(context.Background(), func(tx *redis.Tx) error {
		entered <- true
		<-answers
		return nil
	}, "key")
}

func goRedisOuter() {
	client := newGoRedis()
	clients = append(clients, client)
	entered := make(chan bool)
	for i := 0; i < 2; i++ {
		go watch(client, entered)
		<-entered
	}
	go get(client)
}
