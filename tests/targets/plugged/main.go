// A program whose goroutines run code of a plugin: plugged PLUGIN.
package main

import (
	"fmt"
	"os"
	"plugin"
	"runtime"
	"time"
)

func main() {
	opened, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	start, err := opened.Lookup("Start")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	start.(func(int))(3)
	for i := 0; i < 3; i++ {
		time.Sleep(20 * time.Millisecond)
		runtime.GC()
	}
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
