// Command asm writes the kernels of package exconv.
package main

import (
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	// Package is loaded for its types only, and without the code that needs the
	// stubs which are being written.
	if err := os.Setenv("GOFLAGS", "-tags=purego"); err != nil {
		panic(err)
	}
	Package("github.com/dujiang-dev/dujiang/internal/kernel/exconv")
	ConstraintExpr("amd64,!purego")
	for _, lanes := range []int{1, 2} {
		convolve512(lanes)
		convolve256(lanes)
		expand256(lanes)
	}
	Generate()
}

// table32 makes a read-only table of 32-bit words.
func table32(name string, w ...uint32) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, v := range w {
		DATA(4*i, U32(v))
	}
	return m
}

func suffix(lanes int) string {
	if lanes == 2 {
		return "Pairs"
	}
	return ""
}
