// Caches of ristretto.
package main

import (
	"github.com/dgraph-io/ristretto"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	cache, err := ristretto.NewCache(&ristretto.Config{NumCounters: 100, MaxCost: 10, BufferItems: 64})
	lab.Check(err)
	return lab.Client{Handle: cache, Use: func() { cache.Set("a", 1, 1) }, Close: cache.Close}
}

func main() { lab.Main(lab.Library{Open: open}) }
