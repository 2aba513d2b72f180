// Command asm writes the kernels of package oblivious.
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
	Package("github.com/dujiang-dev/dujiang/internal/kernel/oblivious")
	ConstraintExpr("amd64,!purego")
	addAt512()
	addAt256()
	pairs512()
	pairs256()
	Generate()
}

// words makes a read-only table of 64-bit words.
func words(name string, w ...uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, v := range w {
		DATA(8*i, U64(v))
	}
	return m
}

// loops runs body for width registers while that many are left, then for one.
// Registers hold per blocks.
func loops(n reg.Register, width, per int, body func(width int)) {
	for _, w := range []int{width, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(n, U8(w*per))
		JL(LabelRef(next))
		body(w)
		SUBQ(U8(w*per), n)
		JMP(LabelRef(loop))
		Label(next)
	}
}

func addAt512() {
	TEXT("addAtAVX512", 0, "func(b *Block, n int, place uint64, v *Block)")
	Doc("addAtAVX512 adds v to b[place].")
	Pragma("noescape")
	b := Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	at, place, step, v := ZMM(), ZMM(), ZMM(), ZMM()
	VPBROADCASTQ(Load(Param("place"), GP64()), place)
	VBROADCASTI32X4(Mem{Base: Load(Param("v"), GP64())}, v)
	VMOVDQU64(words("lanes", 0, 0, 1, 1, 2, 2, 3, 3), at)
	four := GP64()
	MOVQ(U64(4), four)
	VPBROADCASTQ(four, step)
	loops(n, 4, 4, func(width int) {
		for i := range width {
			k, x := K(), ZMM()
			VPCMPEQQ(place, at, k)
			VPADDQ(step, at, at)
			VMOVDQU64(Mem{Base: b, Disp: 64 * i}, x)
			VPXORQ(v, x, k, x)
			VMOVDQU64(x, Mem{Base: b, Disp: 64 * i})
		}
		ADDQ(U32(64*width), b)
	})
	// Fewer than four blocks remain.
	TESTQ(n, n)
	JZ(LabelRef("done"))
	k, tail, x := K(), K(), ZMM()
	ones, bits := GP64(), GP64()
	ADDQ(n, n)
	MOVQ(I64(-1), ones)
	BZHIQ(n, ones, bits)
	KMOVB(bits.As32(), tail)
	VPCMPEQQ(place, at, k)
	VMOVDQU64_Z(Mem{Base: b}, tail, x)
	VPXORQ(v, x, k, x)
	VMOVDQU64(x, tail, Mem{Base: b})
	Label("done")
	VZEROUPPER()
	RET()
}

func addAt256() {
	TEXT("addAtAVX2", 0, "func(b *Block, n int, place uint64, v *Block)")
	Doc("addAtAVX2 is addAtAVX512 with half the width.")
	Pragma("noescape")
	b := Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	at, place, step, v := YMM(), YMM(), YMM(), YMM()
	p := XMM()
	VMOVQ(Load(Param("place"), GP64()), p)
	VPBROADCASTQ(p, place)
	VBROADCASTI128(Mem{Base: Load(Param("v"), GP64())}, v)
	VMOVDQU(words("pair", 0, 0, 1, 1), at)
	VMOVDQU(words("two", 2, 2, 2, 2), step)
	loops(n, 4, 2, func(width int) {
		for i := range width {
			m := YMM()
			VPCMPEQQ(place, at, m)
			VPADDQ(step, at, at)
			VPAND(v, m, m)
			VPXOR(Mem{Base: b, Disp: 32 * i}, m, m)
			VMOVDQU(m, Mem{Base: b, Disp: 32 * i})
		}
		ADDQ(U32(32*width), b)
	})
	TESTQ(n, n)
	JZ(LabelRef("done"))
	m := YMM()
	VPCMPEQQ(place, at, m)
	VPAND(v, m, m)
	VPXOR(Mem{Base: b}, m.AsX(), m.AsX())
	VMOVDQU(m.AsX(), Mem{Base: b})
	Label("done")
	VZEROUPPER()
	RET()
}

func pairs512() {
	TEXT("pairsAVX512", 0, "func(dst, src *Block, n int, place uint64, v *Block)")
	Doc("pairsAVX512 puts zero, or v at the place, before every block of src.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	at, place, step, v := ZMM(), ZMM(), ZMM(), ZMM()
	VPBROADCASTQ(Load(Param("place"), GP64()), place)
	VBROADCASTI32X4(Mem{Base: Load(Param("v"), GP64())}, v)
	// The lanes of src count from where no place can be.
	VMOVDQU64(words("even", 0, 0, 1<<40, 1<<40, 1, 1, 1<<40, 1<<40), at)
	two, odd := GP64(), GP64()
	MOVQ(U64(2), two)
	VPBROADCASTQ(two, step)
	MOVQ(U64(0xcc), odd)
	lanes := K()
	KMOVB(odd.As32(), lanes)
	loops(n, 8, 2, func(width int) {
		for i := range width {
			k, x := K(), ZMM()
			VMOVDQU(Mem{Base: src, Disp: 32 * i}, x.AsY())
			VPEXPANDQ_Z(x, lanes, x)
			VPCMPEQQ(place, at, k)
			VPADDQ(step, at, at)
			VMOVDQA64(v, k, x)
			VMOVDQU64(x, Mem{Base: dst, Disp: 64 * i})
		}
		ADDQ(U32(32*width), src)
		ADDQ(U32(64*width), dst)
	})
	TESTQ(n, n)
	JZ(LabelRef("done"))
	k, x := K(), ZMM()
	VMOVDQU(Mem{Base: src}, x.AsX())
	VPEXPANDQ_Z(x, lanes, x)
	VPCMPEQQ(place, at, k)
	VMOVDQA64(v, k, x)
	VMOVDQU(x.AsY(), Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
}

func pairs256() {
	TEXT("pairsAVX2", 0, "func(dst, src *Block, n int, place uint64, v *Block)")
	Doc("pairsAVX2 is pairsAVX512 with half the width.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	at, place, step, v := XMM(), XMM(), XMM(), XMM()
	VMOVQ(Load(Param("place"), GP64()), place)
	VPBROADCASTQ(place, place)
	VMOVDQU(Mem{Base: Load(Param("v"), GP64())}, v)
	VPXOR(at, at, at)
	VMOVDQU(words("one", 1, 1), step)
	loops(n, 4, 1, func(width int) {
		for i := range width {
			x := YMM()
			VPCMPEQQ(place, at, x.AsX())
			VPADDQ(step, at, at)
			VPAND(v, x.AsX(), x.AsX())
			VINSERTI128(U8(1), Mem{Base: src, Disp: 16 * i}, x, x)
			VMOVDQU(x, Mem{Base: dst, Disp: 32 * i})
		}
		ADDQ(U32(16*width), src)
		ADDQ(U32(32*width), dst)
	})
	VZEROUPPER()
	RET()
}
