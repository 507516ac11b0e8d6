//go:build importing

package main

func init() { leaks["importing"] = importing }

//go:noinline
func importRows(rows chan string) {
	for range rows {
	}
}

// importing never closes what it has nothing more to send on.
//
//go:noinline
func importing(count int) {
	for i := 0; i < count; i++ {
		rows := make(chan string)
		go importRows(rows)
		rows <- "one"
	}
}
