//go:build !purego

#include "textflag.h"

// func vaes() bool
TEXT ·vaes(SB), NOSPLIT, $0-1
	MOVL $7, AX
	XORL CX, CX
	CPUID
	NOTL CX
	TESTL $0x600, CX
	SETEQ ret+0(FP)
	RET
