// Command asm writes the kernels of package aes128.
package main

import (
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Every bulk kernel has the shape out = pi(pre(x)) ^ feed(x). A mode fills in
// pre and feed; the loops are the same for all.
type mode struct {
	name string // of the function, without the width
	doc  string
	// tweak XORs the running tweak into the input, after feed was taken.
	tweak bool
	// feed XORs pi's input (before the tweak) into its output.
	feed bool
	// counter makes the input itself the running counter.
	counter bool
}

var modes = []mode{
	{name: "encrypt", doc: "sets dst[i] = pi(src[i])."},
	{name: "hashCR", doc: "sets dst[i] = pi(src[i]) ^ src[i].", feed: true},
	{name: "feedTweak", doc: "sets dst[i] = pi(src[i] ^ (tweak + i)) ^ src[i].", tweak: true, feed: true},
	{name: "counter", doc: "sets dst[i] = pi(tweak + i).", counter: true},
}

func main() {
	// Package is loaded for its types only, and without the code that needs the
	// stubs which are being written.
	if err := os.Setenv("GOFLAGS", "-tags=purego"); err != nil {
		panic(err)
	}
	Package("github.com/dujiang-dev/dujiang/internal/kernel/aes128")
	ConstraintExpr("amd64,!purego")
	for _, m := range modes {
		bulk512(m)
		bulk256(m)
		bulk128(m)
	}
	double512()
	double256()
	double128()
	manyKeys512()
	manyKeys256()
	manyKeys128()
	expand128()
	Generate()
}

func signature(m mode) string {
	dst := "dst *Block"
	if m.counter {
		return "func(rk *[11]Block, dst *byte, n int, tweak uint64)"
	}
	if m.tweak {
		return "func(rk *[11]Block, " + dst + ", src *Block, n int, tweak uint64)"
	}
	return "func(rk *[11]Block, " + dst + ", src *Block, n int)"
}

func roundKey(rk reg.Register, r int) Mem { return Mem{Base: rk, Disp: 16 * r} }

// words makes a read-only table of 64-bit words.
func words(name string, w ...uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, v := range w {
		DATA(8*i, U64(v))
	}
	return m
}

var (
	lane4   = lazy("lane4", 0, 0, 1, 0, 2, 0, 3, 0)
	add4    = lazy("add4", 4, 0, 4, 0, 4, 0, 4, 0)
	lane2   = lazy("lane2", 0, 0, 1, 0)
	add2    = lazy("add2", 2, 0, 2, 0)
	one     = lazy("one", 1, 0)
	rotWord = lazy("rotword", 0x0c0f0e0d0c0f0e0d, 0x0c0f0e0d0c0f0e0d)
	pairLo  = lazy("pairlo", 0, 1, 8, 9, 2, 3, 10, 11)
	pairHi  = lazy("pairhi", 4, 5, 12, 13, 6, 7, 14, 15)
)

// lazy defers the definition of a table to its first use, since DATA belongs
// to the file and not to a function.
func lazy(name string, w ...uint64) func() Mem {
	var m *Mem
	return func() Mem {
		if m == nil {
			v := words(name, w...)
			m = &v
		}
		return *m
	}
}
