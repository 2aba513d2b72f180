// Command asm writes the kernels of package bitpack.
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
	Package("github.com/dujiang-dev/dujiang/internal/kernel/bitpack")
	ConstraintExpr("amd64,!purego")
	unpack("unpack", "reads groups of eight numbers, and returns the places in which some are beyond the limit.", nil)
	unpack("unpackAdd", "adds groups of eight numbers to dst modulo limit + 1, and returns the places in which some are beyond the limit.",
		func(limit reg.VecVirtual) func(dst Mem, v reg.VecVirtual) {
			q := YMM()
			VPCMPEQQ(q, q, q) // -1
			VPSUBQ(q, limit, q)
			return func(dst Mem, v reg.VecVirtual) {
				t := YMM()
				VPADDQ(dst, v, v)
				VPSUBQ(q, v, t)
				VBLENDVPD(t, v, t, v)
			}
		})
	unpack("unpackSum", "adds groups of eight numbers to dst, and returns the places in which some are beyond the limit.",
		func(reg.VecVirtual) func(dst Mem, v reg.VecVirtual) {
			return func(dst Mem, v reg.VecVirtual) { VPADDQ(dst, v, v) }
		})
	pack()
	Generate()
}

// The layout, as package bitpack has it.
const (
	layoutOffset  = 0
	layoutShuffle = layoutOffset + 4*8
	layoutShift   = layoutShuffle + 2*32
	layoutMask    = layoutShift + 2*32
)

// unpack reads four pairs of numbers a turn, each pair with one load, from which
// a shuffle takes the eight bytes that have the one and those that have the other.
// unpack makes a kernel that reads numbers. What begin returns makes of each four of
// them and what dst has what dst is to have.
func unpack(name, doc string, begin func(limit reg.VecVirtual) func(dst Mem, v reg.VecVirtual)) {
	TEXT(name+"AVX2", 0, "func(dst *uint64, src *byte, groups, width int, limit uint64, layout *uint64) (over uint64)")
	Doc(name + "AVX2 " + doc)
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("groups"), GP64())
	width := Load(Param("width"), GP64())
	l := Load(Param("layout"), GP64())
	at := func(disp int) Mem { return Mem{Base: l, Disp: disp} }
	var offset [4]reg.GPVirtual
	for i := range offset {
		offset[i] = GP64()
		MOVQ(at(layoutOffset+8*i), offset[i])
	}
	over, mask, limit := YMM(), YMM(), YMM()
	var shuffle, shift [2]reg.VecVirtual
	for i := range shuffle {
		shuffle[i], shift[i] = YMM(), YMM()
		VMOVDQU(at(layoutShuffle+32*i), shuffle[i])
		VMOVDQU(at(layoutShift+32*i), shift[i])
	}
	VPBROADCASTQ(at(layoutMask), mask)
	b, err := Param("limit").Resolve()
	if err != nil {
		panic(err)
	}
	VPBROADCASTQ(b.Addr, limit)
	var add func(dst Mem, v reg.VecVirtual)
	if begin != nil {
		add = begin(limit)
	}
	VPXOR(over, over, over)
	Label("loop")
	for i := range 2 {
		v := YMM()
		VMOVDQU(Mem{Base: src, Index: offset[2*i], Scale: 1}, v.AsX())
		VINSERTI128(U8(1), Mem{Base: src, Index: offset[2*i+1], Scale: 1}, v, v)
		VPSHUFB(shuffle[i], v, v)
		VPSRLVQ(shift[i], v, v)
		VPAND(mask, v, v)
		t := YMM()
		VPSUBQ(v, limit, t)
		VPOR(t, over, over)
		if add != nil {
			add(Mem{Base: dst, Disp: 32 * i}, v)
		}
		VMOVDQU(v, Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(width, src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	r := GP32()
	VMOVMSKPD(over, r)
	VZEROUPPER()
	wide := r.As64()
	Store(wide, ReturnIndex(0))
	RET()
}

// The layout of packing, as package bitpack has it.
const (
	packOffset = 0
	packLow    = packOffset + 4*8
	packHigh   = packLow + 32
	packShift  = packHigh + 2*32
	packCarry  = packShift + 2*32
)

// pack writes four pairs of numbers a turn. A pair becomes sixteen bytes, of which
// the first gets what the pair before has in it.
func pack() {
	TEXT("packAVX2", 0, "func(dst *byte, src *uint64, groups, width int, layout *uint64)")
	Doc("packAVX2 writes groups of eight numbers, and up to sixteen bytes behind them.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("groups"), GP64())
	width := Load(Param("width"), GP64())
	l := Load(Param("layout"), GP64())
	at := func(disp int) Mem { return Mem{Base: l, Disp: disp} }
	var offset [4]reg.GPVirtual
	for i := range offset {
		offset[i] = GP64()
		MOVQ(at(packOffset+8*i), offset[i])
	}
	low := YMM()
	VMOVDQU(at(packLow), low)
	var high, shift [2]reg.VecVirtual
	for i := range high {
		high[i], shift[i] = YMM(), YMM()
		VMOVDQU(at(packHigh+32*i), high[i])
		VMOVDQU(at(packShift+32*i), shift[i])
	}
	var carry [3]reg.VecVirtual
	for i := range carry {
		carry[i] = XMM()
		VMOVDQU(at(packCarry+16*i), carry[i])
	}
	Label("loop")
	var pairs [4]reg.VecVirtual
	for i := range 2 {
		v, t := YMM(), YMM()
		VMOVDQU(Mem{Base: src, Disp: 32 * i}, v)
		VPSLLVQ(shift[i], v, v)
		VPSHUFB(high[i], v, t)
		VPSHUFB(low, v, v)
		VPOR(t, v, v)
		first, second := XMM(), XMM()
		VMOVDQA(v.AsX(), first)
		VEXTRACTI128(U8(1), v, second)
		pairs[2*i], pairs[2*i+1] = first, second
	}
	VMOVDQU(pairs[0], Mem{Base: dst, Index: offset[0], Scale: 1})
	for i := range carry {
		t := XMM()
		VPSHUFB(carry[i], pairs[i], t)
		VPOR(t, pairs[i+1], t)
		VMOVDQU(t, Mem{Base: dst, Index: offset[i+1], Scale: 1})
	}
	ADDQ(U8(64), src)
	ADDQ(width, dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
