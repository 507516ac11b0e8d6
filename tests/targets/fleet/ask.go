//go:build ask

package main

func init() { leaks["ask"] = ask }

//go:noinline
func askSupplier(answer chan int) { answer <- 1 }

// ask leaves before the supplier has answered.
//
//go:noinline
func ask(count int) {
	for i := 0; i < count; i++ {
		go askSupplier(make(chan int))
	}
}
