//go:build withcgo

package main

/*
#include <stdlib.h>
static void worse(void) { abort(); }
static void bad(void) { worse(); }
*/
import "C"

import "time"

func inC() {
	go callC()
	time.Sleep(time.Hour)
}

//go:noinline
func callC() { C.bad() }
