package main

import "unsafe"

func wild() unsafe.Pointer { return unsafe.Pointer(uintptr(0x1230000)) }
