#include "textflag.h"

// func spin(general, low, high uintptr)
TEXT ·spin(SB), NOSPLIT, $0-24
	MOVD $0x5555555555555555, R1
	MOVD general+0(FP), R19
	EOR  R1, R19
	MOVD low+8(FP), R2
	EOR  R1, R2
	VMOV R2, V7.D[0]
	MOVD high+16(FP), R2
	EOR  R1, R2
	VMOV R2, V9.D[1]
	MOVD ZR, R2
loop:
	YIELD
	JMP  loop
