//go:build go1.24 && !go1.25

package main

const ownGoroutines = false // cleanups are in the queue of finalizers
