// Pools of libraries that have no connection left. What each scene has is told by its name.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

var scenes = map[string]func(){
	"puddle-circle":  puddleCircle,
	"puddle-helped":  puddleHelped,
	"redigo-held":    redigoHeld,
	"redigo-nested":  redigoNested,
	"redigo-free":    redigoFree,
	"go-redis-held":  goRedisHeld,
	"go-redis-free":  goRedisFree,
	"go-redis-outer": goRedisOuter,
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// until waits for what somebody else comes to.
func until(condition func() bool) {
	for !condition() {
		time.Sleep(time.Millisecond)
	}
}

func main() {
	scenes[os.Args[1]]()
	fmt.Println("READY")
	for { // a garbage collection notes since when goroutines are blocked
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
	}
}
