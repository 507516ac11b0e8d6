//go:build withcgo

package main

// #include <unistd.h>
// static void wait_in_c(int *v) { pause(); }
// static void wait_plainly(void) { pause(); }
import "C"

import "parked.test/callers/truth"

type job struct{ value C.int }

func init() {
	start(new(job).run)
	truth.Expect()
	truth.Next("", truth.Own)
	go C.wait_plainly()
}

func (j *job) run() {
	truth.Next("", truth.Own)
	C.wait_in_c(&j.value)
}
