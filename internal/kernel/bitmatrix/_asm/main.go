// Command asm writes the kernels of package bitmatrix.
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
	Package("github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix")
	ConstraintExpr("amd64,!purego")
	fold()
	squares("AVX2", 2, YMM, func(o ...Op) { VMOVDQU(o[0], o[1]) }, butterflies, func(o ...Op) { VEXTRACTI128(o[0], o[1], o[2]) })
	squares("AVX512", 4, ZMM, VMOVDQU64, butterflies512, VEXTRACTI64X2)
	sums()
	Generate()
}

const (
	groups  = 8  // of four blocks
	subsets = 16 // of four blocks
	width   = 32 // bytes of a register, of four words
	rows    = 8  // of a matrix in registers
)

// fold builds the tables, looks up the planes of the sums, and transposes four matrices at
// once, in two passes of three levels each.
func fold() {
	TEXT("foldAVX2", 0, "func(dst *Elem, bits *uint64, stride int, at *[64][8]uint16, tables *[128][4]uint64, planes *[64][4]uint64)")
	Doc("foldAVX2 is Fold for four words that follow each other, of blocks that are stride bytes apart.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	bits := Load(Param("bits"), GP64())
	stride := Load(Param("stride"), GP64())
	at := Load(Param("at"), GP64())
	tables := Load(Param("tables"), GP64())
	planes := Load(Param("planes"), GP64())
	combine(bits, stride, tables)

	// Rows that are eight apart, from each of the first eight.
	n, offset := GP64(), GP64()
	masks := [3]reg.VecVirtual{YMM(), YMM(), YMM()}
	load(masks, 32, 16, 8)
	row := registers()
	MOVQ(U32(rows), n)
	Label("lookup")
	for j := range row {
		for g := range groups {
			MOVWQZX(Mem{Base: at, Disp: 2 * (j*rows*groups + g)}, offset)
			table := Mem{Base: tables, Index: offset, Scale: 1}
			if g == 0 {
				VMOVDQU(table, row[j])
			} else {
				VPXOR(table, row[j], row[j])
			}
		}
	}
	butterflies(row, masks, 32, 16, 8)
	for j := range row {
		VMOVDQU(row[j], Mem{Base: planes, Disp: width * rows * j})
	}
	ADDQ(U8(2*groups), at)
	ADDQ(U8(width), planes)
	DECQ(n)
	JNZ(LabelRef("lookup"))

	// Eights of rows that follow each other, of which each word becomes an element.
	SUBQ(U32(rows*width), planes)
	load(masks, 4, 2, 1)
	zero, pair := YMM(), YMM()
	VPXOR(zero, zero, zero)
	MOVQ(U32(rows), n)
	Label("store")
	for j := range row {
		VMOVDQU(Mem{Base: planes, Disp: width * j}, row[j])
	}
	butterflies(row, masks, 4, 2, 1)
	const matrix = 64 * 16 // bytes of the elements of a word
	for j := range row {
		word := func(k int) Mem { return Mem{Base: dst, Disp: matrix*k + 16*j} }
		VPUNPCKLQDQ(zero, row[j], pair) // words 0 and 2
		VMOVDQU(pair.AsX(), word(0))
		VEXTRACTI128(U8(1), pair, word(2))
		VPUNPCKHQDQ(zero, row[j], pair) // words 1 and 3
		VMOVDQU(pair.AsX(), word(1))
		VEXTRACTI128(U8(1), pair, word(3))
	}
	ADDQ(U32(width*rows), planes)
	ADDQ(U32(16*rows), dst)
	DECQ(n)
	JNZ(LabelRef("store"))
	VZEROUPPER()
	RET()
}

// combine sets the tables to the sums of all subsets of four blocks each.
func combine(bits, stride, tables reg.Register) {
	t := registers()
	VPXOR(t[0], t[0], t[0])
	third, fourth := YMM(), YMM()
	n, table := GP64(), GP64()
	MOVQ(tables, table)
	MOVQ(U32(groups), n)
	Label("combine")
	for _, v := range []reg.VecVirtual{t[1], t[2], third, fourth} {
		VMOVDQU(Mem{Base: bits}, v)
		ADDQ(stride, bits)
	}
	VPXOR(t[1], t[2], t[3])
	for i := range 4 {
		VPXOR(t[i], third, t[4+i])
	}
	for i, v := range t {
		VMOVDQU(v, Mem{Base: table, Disp: width * i})
	}
	sum := YMM()
	for i, v := range t {
		VPXOR(v, fourth, sum)
		VMOVDQU(sum, Mem{Base: table, Disp: width * (8 + i)})
	}
	ADDQ(U32(width*subsets), table)
	DECQ(n)
	JNZ(LabelRef("combine"))
}

func registers() (r [rows]reg.VecVirtual) {
	for i := range r {
		r[i] = YMM()
	}
	return r
}

// load sets masks to those of the lower halves of bits of these block sizes.
func load(masks [3]reg.VecVirtual, sizes ...int) {
	t := GP64()
	for i, size := range sizes {
		mask := ^uint64(0)
		for s := 32; s >= size; s /= 2 {
			mask ^= mask << s
		}
		MOVQ(U64(mask), t)
		VMOVQ(t, masks[i].AsX())
		VPBROADCASTQ(masks[i].AsX(), masks[i])
	}
}

// butterflies exchanges bits of rows for three levels. Rows are apart by a fourth of the
// first size.
func butterflies(row [rows]reg.VecVirtual, masks [3]reg.VecVirtual, sizes ...int) {
	t, u := YMM(), YMM()
	for level, distance := range []int{4, 2, 1} {
		size := sizes[level]
		for i := range row {
			if i&distance != 0 {
				continue
			}
			lower, upper := row[i], row[i+distance]
			VPSRLQ(U8(size), lower, t)
			VPXOR(upper, t, t)
			VPAND(masks[level], t, t)
			VPSLLQ(U8(size), t, u)
			VPXOR(u, lower, lower)
			VPXOR(t, upper, upper)
		}
	}
}
