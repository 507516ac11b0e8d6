//go:build go1.24

package main

import (
	"net/http"
	"weak"
)

var response weak.Pointer[http.Response]

// What a leaked goroutine has is there for ever; who has a weak pointer to it can close the body.
//
//go:noinline
func weakly() {
	held := open("weak", &http.Client{Transport: transport}, newRequest())
	response = weak.Make(held)
	go leaked(&box{held}, make(chan int))
}
