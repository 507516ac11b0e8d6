//go:build withcgo

package main

// #include <stdlib.h>
// #include <string.h>
// #include <unistd.h>
// static char global[4096];
// static void plant(const char *secret, int size, int number) {
//   char *copy = malloc(200);
//   memcpy(copy + 20, secret, size);
//   memcpy(global + number * 100, secret, size);
// }
// static void wait_in_c(const char *secret, int size) {
//   char local[200] = {0};
//   memcpy(local + 50, secret, size);
//   for (;;) { pause(); write(-1, local, 1); }
// }
import "C"

import "unsafe"

func plantC() {
	for i := 0; i < each; i++ {
		secret := bytes("C heap", i)
		C.plant((*C.char)(unsafe.Pointer(&secret[0])), length, C.int(i))
		hold(C.CString(text("CString", i)))
	}
	for i := 0; i < 3; i++ {
		i := i
		park(func() {
			secret := bytes("C stack", i)
			C.wait_in_c((*C.char)(unsafe.Pointer(&secret[0])), length)
		})
	}
}
