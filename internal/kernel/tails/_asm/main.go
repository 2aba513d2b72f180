// Command asm writes the kernel of package tails.
package main

import (
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	// Package is loaded for its types only, and without the code that needs the
	// stubs which are being written.
	if err := os.Setenv("GOFLAGS", "-tags=purego"); err != nil {
		panic(err)
	}
	Package("github.com/dujiang-dev/dujiang/internal/kernel/tails")
	ConstraintExpr("amd64,!purego")
	sample()
	Generate()
}

// sample compares sixteen words with one tail after another.
func sample() {
	TEXT("sampleAVX2", 0, "func(x *uint64, blocks int, tails *uint64, n int)")
	Doc("sampleAVX2 makes numbers of blocks of sixteen words, by n tails.")
	Pragma("noescape")
	x := Load(Param("x"), GP64())
	blocks := Load(Param("blocks"), GP64())
	tails := Load(Param("tails"), GP64())
	n := Load(Param("n"), GP64())
	i := GP64()
	zero, t, m := YMM(), YMM(), YMM()
	var w, count [4]reg.VecVirtual
	VPXOR(zero, zero, zero)
	Label("block")
	for j := range w {
		w[j], count[j] = YMM(), YMM()
		VMOVDQU(Mem{Base: x, Disp: 32 * j}, w[j])
		VPSRLQ(U8(1), w[j], w[j])
		VPXOR(count[j], count[j], count[j])
	}
	XORQ(i, i)
	Label("tail")
	VPBROADCASTQ(Mem{Base: tails, Index: i, Scale: 8}, t)
	for j := range w {
		c := YMM()
		VPCMPGTQ(w[j], t, c) // -1 if it is below
		VPSUBQ(c, count[j], count[j])
	}
	INCQ(i)
	CMPQ(i, n)
	JNE(LabelRef("tail"))
	for j := range w {
		VMOVDQU(Mem{Base: x, Disp: 32 * j}, m)
		VPSLLQ(U8(63), m, m)
		VPCMPGTQ(m, zero, m) // -1 if the last bit is set
		VPXOR(m, count[j], count[j])
		VPSUBQ(m, count[j], count[j])
		VMOVDQU(count[j], Mem{Base: x, Disp: 32 * j})
	}
	SUBQ(I8(-128), x)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
