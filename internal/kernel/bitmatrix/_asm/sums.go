package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sums adds up sixteen leaves as a counter does: of two sums of the leaves with k bits each, which
// follow each other, the second goes to row k, and both together are one of k+1 bits.
func sums() {
	TEXT("sumsAVX2", 0, "func(sum *byte, rows *[4][]byte, leaves, x *byte, masks *[4]uint64, stride, n int)")
	Doc("sumsAVX2 is Sums for n times 32 bytes, of leaves that are stride bytes apart.")
	Pragma("noescape")
	sum := Load(Param("sum"), GP64())
	list := Load(Param("rows"), GP64())
	var row [4]reg.GPVirtual
	for b := range row {
		row[b] = GP64()
		MOVQ(Mem{Base: list, Disp: 24 * b}, row[b])
	}
	leaves := Load(Param("leaves"), GP64())
	x := Load(Param("x"), GP64())
	m := Load(Param("masks"), GP64())
	stride := Load(Param("stride"), GP64())
	n := Load(Param("n"), GP64())
	var mask [4]reg.VecVirtual
	for b := range mask {
		mask[b] = YMM()
		VPBROADCASTQ(Mem{Base: m, Disp: 8 * b}, mask[b])
	}
	at, offset := GP64(), GP64()
	XORQ(offset, offset)

	Label("loop")
	add := YMM()
	VMOVDQU(Mem{Base: x, Index: offset, Scale: 1}, add)
	var sums [4]reg.VecVirtual
	for b := range sums {
		sums[b] = YMM()
		VPAND(add, mask[b], sums[b])
	}
	var tree func(level int) reg.VecVirtual
	tree = func(level int) reg.VecVirtual {
		if level == 0 {
			leaf := YMM()
			VMOVDQU(Mem{Base: at}, leaf)
			ADDQ(stride, at)
			return leaf
		}
		left := tree(level - 1)
		right := tree(level - 1)
		VPXOR(right, sums[level-1], sums[level-1])
		VPXOR(right, left, left)
		return left
	}
	LEAQ(Mem{Base: leaves, Index: offset, Scale: 1}, at)
	all := tree(4)
	VPXOR(add, all, all)
	VMOVDQU(all, Mem{Base: sum, Index: offset, Scale: 1})
	for b := range row {
		VMOVDQU(sums[b], Mem{Base: row[b], Index: offset, Scale: 1})
	}
	ADDQ(U8(width), offset)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
