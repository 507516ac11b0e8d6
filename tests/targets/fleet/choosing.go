//go:build choosing

package main

func init() { leaks["choosing"] = choosing }

//go:noinline
func chooseRoute(short, long chan int) {
	select {
	case <-short:
	case <-long:
	}
}

// choosing asks two who have both failed.
//
//go:noinline
func choosing(count int) {
	for i := 0; i < count; i++ {
		go chooseRoute(make(chan int), make(chan int))
	}
}
