//go:build pricing

package main

import "sync"

func init() { leaks["pricing"] = pricing }

type prices struct{ sync.Mutex }

//go:noinline
func updatePrices(p *prices) {
	p.Lock()
	p.Unlock()
}

// pricing returns with the lock held.
//
//go:noinline
func pricing(count int) {
	for i := 0; i < count; i++ {
		p := &prices{}
		p.Lock()
		go updatePrices(p)
	}
}
