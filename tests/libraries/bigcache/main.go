// Caches of bigcache.
package main

import (
	"context"
	"time"

	"github.com/allegro/bigcache/v3"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	config := bigcache.DefaultConfig(time.Minute)
	config.Shards, config.MaxEntriesInWindow, config.Verbose = 16, 1000, false
	cache, err := bigcache.New(context.Background(), config)
	lab.Check(err)
	return lab.Client{
		Handle: cache,
		Use:    func() { lab.Check(cache.Set("a", []byte("b"))) },
		Close:  func() { cache.Close() },
	}
}

func main() { lab.Main(lab.Library{Open: open}) }
