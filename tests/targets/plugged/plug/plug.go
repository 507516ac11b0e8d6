// The plugin: its own types, variables and goroutines.
package main

type order struct {
	id    int
	reply chan string
}

// orders is what keeps the goroutines of wait from being leaked.
var orders = map[int]*order{}

func wait(o *order) { <-o.reply }

func leak() {
	c := make(chan order)
	c <- order{id: 7}
}

// Start starts n goroutines of each kind.
func Start(n int) {
	for i := 0; i < n; i++ {
		orders[i] = &order{id: i, reply: make(chan string)}
		go wait(orders[i])
		go leak()
	}
}
