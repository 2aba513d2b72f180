package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// squares transposes two squares of 128 bits a side at a time, as eight of 64: a register has four
// words of a row, and the rows are of two halves.
func squares() {
	TEXT("squaresAVX2", 0, "func(dst *Elem, src *byte, stride, n int, planes *[2][64][4]uint64)")
	Doc("squaresAVX2 transposes n pairs of squares.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	stride := Load(Param("stride"), GP64())
	n := Load(Param("n"), GP64())
	planes := Load(Param("planes"), GP64())
	eighth := GP64() // of a half
	MOVQ(stride, eighth)
	SHLQ(U8(3), eighth)
	masks := [3]reg.VecVirtual{YMM(), YMM(), YMM()}
	row := registers()
	plane, from, at, count := GP64(), GP64(), GP64(), GP64()
	const half = 64 * width // bytes of the planes of 64 rows

	Label("pair")
	// Rows that are eight apart, from each of the first eight, of both halves.
	load(masks, 32, 16, 8)
	MOVQ(src, from)
	MOVQ(planes, plane)
	MOVQ(U32(rows), count)
	Label("first")
	MOVQ(from, at)
	for h := range 2 {
		for j := range row {
			VMOVDQU(Mem{Base: at}, row[j])
			ADDQ(eighth, at)
		}
		butterflies(row, masks, 32, 16, 8)
		for j := range row {
			VMOVDQU(row[j], Mem{Base: plane, Disp: half*h + width*rows*j})
		}
	}
	ADDQ(stride, from)
	ADDQ(U8(width), plane)
	DECQ(count)
	JNZ(LabelRef("first"))

	// Eights of rows that follow each other. The words of both halves make an element.
	load(masks, 4, 2, 1)
	MOVQ(planes, plane)
	MOVQ(U32(rows), count)
	Label("second")
	for h := 1; h >= 0; h-- {
		for j := range row {
			VMOVDQU(Mem{Base: plane, Disp: half*h + width*j}, row[j])
		}
		butterflies(row, masks, 4, 2, 1)
		for j := range row {
			upper := Mem{Base: plane, Disp: half + width*j}
			if h == 1 {
				VMOVDQU(row[j], upper)
				continue
			}
			word := func(k int) Mem { return Mem{Base: dst, Disp: 64*16*k + 16*j} }
			pair := YMM()
			VPUNPCKLQDQ(upper, row[j], pair) // words 0 and 2
			VMOVDQU(pair.AsX(), word(0))
			VEXTRACTI128(U8(1), pair, word(2))
			VPUNPCKHQDQ(upper, row[j], pair) // words 1 and 3
			VMOVDQU(pair.AsX(), word(1))
			VEXTRACTI128(U8(1), pair, word(3))
		}
	}
	ADDQ(U32(width*rows), plane)
	ADDQ(U32(16*rows), dst)
	DECQ(count)
	JNZ(LabelRef("second"))
	ADDQ(U32(3*64*16), dst)
	ADDQ(U8(width), src)
	DECQ(n)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
