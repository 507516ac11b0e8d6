package main

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func init() {
	lost = append(lost, L_endless)
	held = append(held, V_closing)
}

func tickUntil(done <-chan struct{}) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-done:
			return
		}
	}
}

// L_endless waits for a channel that a variable has and nobody closes.
//
//go:noinline
func L_endless() { go tickUntil(clientv3.Endless(context.Background()).Done()) }

// V_closing: another variable of the same package, whose channel can be closed.
//
//go:noinline
func V_closing() { go tickUntil(clientv3.Closing()) }
