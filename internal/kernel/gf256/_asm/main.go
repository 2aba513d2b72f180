// Command asm writes the kernel of package gf256.
package main

import (
	"fmt"
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
	Package("github.com/dujiang-dev/dujiang/internal/kernel/gf256")
	ConstraintExpr("amd64,!purego")
	combine()
	Generate()
}

const (
	sliceSize = 24 // bytes of a slice's header
	tableSize = 32
	step      = 32 // bytes of a register
)

func combine() {
	TEXT("combineAVX2", 0, "func(dst *byte, src *[]byte, at int, tables *[2][16]byte, k, n int)")
	Doc("combineAVX2 sets n bytes of dst, a multiple of 32, to the linear combination",
		"of the bytes from at on of k vectors, by the tables of their coefficients.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	at := Load(Param("at"), GP64())
	tables := Load(Param("tables"), GP64())
	k := Load(Param("k"), GP64())
	n := Load(Param("n"), GP64())
	mask, x := YMM(), XMM()
	g := GP64()
	MOVQ(U64(0x0f0f0f0f0f0f0f0f), g)
	VMOVQ(g, x)
	VPBROADCASTQ(x, mask)
	// Registers hold four steps, while that many are left, then one.
	for _, width := range []int{4, 1} {
		name := func(s string) string { return fmt.Sprintf("%s%d", s, width) }
		Label(name("loop"))
		CMPQ(n, U32(width*step))
		JL(LabelRef(name("after")))
		sums := make([]reg.VecVirtual, width)
		for i := range sums {
			sums[i] = YMM()
			VPXOR(sums[i], sums[i], sums[i])
		}
		header, table, left := GP64(), GP64(), GP64()
		MOVQ(src, header)
		MOVQ(tables, table)
		MOVQ(k, left)
		Label(name("vector"))
		v := GP64()
		MOVQ(Mem{Base: header}, v)
		low, high := YMM(), YMM()
		VBROADCASTI128(Mem{Base: table}, low)
		VBROADCASTI128(Mem{Base: table, Disp: 16}, high)
		for i, sum := range sums {
			b, h := YMM(), YMM()
			VMOVDQU(Mem{Base: v, Index: at, Scale: 1, Disp: step * i}, b)
			VPSRLQ(U8(4), b, h)
			VPAND(mask, b, b)
			VPAND(mask, h, h)
			VPSHUFB(b, low, b)
			VPSHUFB(h, high, h)
			VPXOR(b, sum, sum)
			VPXOR(h, sum, sum)
		}
		ADDQ(U8(sliceSize), header)
		ADDQ(U8(tableSize), table)
		DECQ(left)
		JNZ(LabelRef(name("vector")))
		for i, sum := range sums {
			VMOVDQU(sum, Mem{Base: dst, Disp: step * i})
		}
		ADDQ(U32(width*step), dst)
		ADDQ(U32(width*step), at)
		SUBQ(U32(width*step), n)
		JMP(LabelRef(name("loop")))
		Label(name("after"))
	}
	VZEROUPPER()
	RET()
}
