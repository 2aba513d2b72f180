package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// squares transposes some squares of 128 bits a side at a time, each as four of 64: a register has
// two words of a row of each, and the rows are of two halves. The planes are aligned.
func squares(suffix string, squares int, register func() reg.VecVirtual, move func(...Op), butterflies func(row [rows]reg.VecVirtual, masks [3]reg.VecVirtual, sizes ...int), extract func(...Op)) {
	TEXT("squares"+suffix, 0, "func(dst *Elem, src *byte, stride, n int, planes *[1032]uint64)")
	Doc(fmt.Sprintf("squares%s transposes n times %d squares.", suffix, squares))
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	stride := Load(Param("stride"), GP64())
	n := Load(Param("n"), GP64())
	planes := Load(Param("planes"), GP64())
	ADDQ(U8(63), planes)
	ANDQ(I32(-64), planes)
	eighth := GP64() // of a half
	MOVQ(stride, eighth)
	SHLQ(U8(3), eighth)
	var row [rows]reg.VecVirtual
	for j := range row {
		row[j] = register()
	}
	masks := [3]reg.VecVirtual{register(), register(), register()}
	plane, from, at, count := GP64(), GP64(), GP64(), GP64()
	width := 16 * squares
	half := 64 * width // bytes of the planes of 64 rows

	Label("some")
	// Rows that are eight apart, from each of the first eight, of both halves.
	load(masks, 32, 16, 8)
	MOVQ(src, from)
	MOVQ(planes, plane)
	MOVQ(U32(rows), count)
	Label("first")
	MOVQ(from, at)
	for h := range 2 {
		for j := range row {
			move(Mem{Base: at}, row[j])
			ADDQ(eighth, at)
		}
		butterflies(row, masks, 32, 16, 8)
		for j := range row {
			move(row[j], Mem{Base: plane, Disp: half*h + width*rows*j})
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
			move(Mem{Base: plane, Disp: half*h + width*j}, row[j])
		}
		butterflies(row, masks, 4, 2, 1)
		for j := range row {
			upper := Mem{Base: plane, Disp: half + width*j}
			if h == 1 {
				move(row[j], upper)
				continue
			}
			for word, unpack := range []func(...Op){VPUNPCKLQDQ, VPUNPCKHQDQ} {
				pair := register()
				unpack(upper, row[j], pair)
				for k := range squares {
					to := Mem{Base: dst, Disp: 16 * (128*k + 64*word + j)}
					if k == 0 {
						VMOVDQU(pair.AsX(), to)
					} else {
						extract(U8(k), pair, to)
					}
				}
			}
		}
	}
	ADDQ(U32(width*rows), plane)
	ADDQ(U32(16*rows), dst)
	DECQ(count)
	JNZ(LabelRef("second"))
	ADDQ(U32((128*squares-64)*16), dst)
	ADDQ(U8(width), src)
	DECQ(n)
	JNZ(LabelRef("some"))
	VZEROUPPER()
	RET()
}

// butterflies512 is butterflies for wider registers.
func butterflies512(row [rows]reg.VecVirtual, masks [3]reg.VecVirtual, sizes ...int) {
	t, u := ZMM(), ZMM()
	for level, distance := range []int{4, 2, 1} {
		size := sizes[level]
		for i := range row {
			if i&distance != 0 {
				continue
			}
			lower, upper := row[i], row[i+distance]
			VPSRLQ(U8(size), lower, t)
			VPTERNLOGQ(U8(0x28), masks[level], upper, t) // (t xor upper) and mask
			VPSLLQ(U8(size), t, u)
			VPXORQ(u, lower, lower)
			VPXORQ(t, upper, upper)
		}
	}
}
