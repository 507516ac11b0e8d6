#include "textflag.h"

// func spin(general, low, high uintptr)
TEXT ·spin(SB), NOSPLIT, $0-24
	MOVQ $0x5555555555555555, BX
	MOVQ general+0(FP), R12
	XORQ BX, R12
	MOVQ low+8(FP), AX
	XORQ BX, AX
	MOVQ AX, X7
	MOVQ high+16(FP), AX
	XORQ BX, AX
	MOVQ AX, X8
	VINSERTI128 $1, X8, Y9, Y9
	PXOR X8, X8
	XORQ AX, AX
loop:
	PAUSE
	JMP  loop
