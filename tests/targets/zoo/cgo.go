//go:build withcgo

package main

// #include <unistd.h>
// static void wait_in_c(void) { pause(); }
import "C"

func init() { go waitInC() }

//go:noinline
func waitInC() { C.wait_in_c() }
