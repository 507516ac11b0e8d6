//go:build packing

package main

import "sync"

func init() { leaks["packing"] = packing }

//go:noinline
func awaitParcels(parcels *sync.WaitGroup) { parcels.Wait() }

// packing counts a parcel that nobody packs.
//
//go:noinline
func packing(count int) {
	for i := 0; i < count; i++ {
		parcels := &sync.WaitGroup{}
		parcels.Add(1)
		go awaitParcels(parcels)
	}
}
