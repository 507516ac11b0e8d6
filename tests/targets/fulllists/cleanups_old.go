//go:build !go1.24

package main

func cleanups(bool) {}

// queued finalizers behind the one that is stuck.
func queued(blocked bool) (int, int) {
	if blocked {
		return behindStuck, 0
	}
	return 0, 0
}
