// Package clean leaves nothing behind.
package clean

// Sum adds in goroutines, and waits for them.
func Sum(numbers ...int) int {
	c := make(chan int)
	for _, n := range numbers {
		go func(n int) { c <- n }(n)
	}
	sum := 0
	for range numbers {
		sum += <-c
	}
	return sum
}
