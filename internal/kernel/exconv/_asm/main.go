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

var tables = map[string]Mem{}

// table32 makes a read-only table of 32-bit words. One of the same name is the same.
func table32(name string, w ...uint32) Mem {
	if m, ok := tables[name]; ok {
		return m
	}
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, v := range w {
		DATA(4*i, U32(v))
	}
	tables[name] = m
	return m
}

// tableOf32 makes a register full of one word.
func tableOf32(name string, w uint32) Mem { return table32(name, w, w, w, w, w, w, w, w) }

// tableOf makes a register of bytes.
func tableOf(name string, f func(i int) byte) Mem {
	var w [8]uint32
	for i := range 32 {
		w[i/4] |= uint32(f(i)) << (8 * (i % 4))
	}
	return table32(name, w[:]...)
}

func suffix(lanes int) string {
	if lanes == 2 {
		return "Pairs"
	}
	return ""
}
