// Pools of ants.
package main

import (
	"github.com/panjf2000/ants/v2"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	pool, err := ants.NewPool(10, ants.WithDisablePurge(false))
	lab.Check(err)
	use := func() {
		done := make(chan struct{})
		lab.Check(pool.Submit(func() { close(done) }))
		<-done
	}
	return lab.Client{Handle: pool, Use: use, Close: pool.Release}
}

func main() { lab.Main(lab.Library{Open: open}) }
