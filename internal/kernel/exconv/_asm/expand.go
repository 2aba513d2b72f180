package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const weight = 7

// expand256 makes all places of an output at once and takes them from the stack
// one by one. If they crossed a cache line there, as they do in three of eight places, the
// loads would wait for the store, and all would take five times as long. Out-of-order execution keeps the loads of a dozen outputs under
// way; prefetching ahead gains nothing over that.
func expand256(lanes int) {
	sig := "func(first, size *[8]uint32, dst, x, words *Block, n int)"
	if lanes == 2 {
		sig = "func(first, size *[8]uint32, even, odd, x, words *Block, n int)"
	}
	TEXT("expand"+suffix(lanes)+"AVX2", 0, sig)
	Doc(fmt.Sprintf("expand%sAVX2 makes n outputs.", suffix(lanes)))
	Pragma("noescape")
	first, size, odd := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: Load(Param("first"), GP64())}, first)
	VMOVDQU(Mem{Base: Load(Param("size"), GP64())}, size)
	VPSRLQ(U8(32), size, odd)
	var dst [2]reg.Register
	if lanes == 1 {
		dst[0] = Load(Param("dst"), GP64())
	} else {
		dst[0] = Load(Param("even"), GP64())
		dst[1] = Load(Param("odd"), GP64())
	}
	x := Load(Param("x"), GP64())
	words := Load(Param("words"), GP64())
	n := Load(Param("n"), GP64())
	places := GP64()
	LEAQ(AllocLocal(32+32), places)
	ADDQ(U8(31), places)
	ANDQ(I32(-32), places)

	Label("loop")
	// The high words of words * size, by two multiplications of half of them.
	w, o := YMM(), YMM()
	VMOVDQU(Mem{Base: words}, w)
	VPSRLQ(U8(32), w, o)
	VPMULUDQ(size, w, w)
	VPMULUDQ(odd, o, o)
	VPSRLQ(U8(32), w, w)
	VPBLENDD(U8(0xaa), o, w, w)
	VPADDD(first, w, w)
	VPSLLD(U8(lanes), w, w) // in units of eight bytes
	VMOVDQU(w, Mem{Base: places})
	if lanes == 1 {
		sum := XMM()
		VMOVDQU(Mem{Base: dst[0]}, sum)
		for j := range weight {
			at := GP64()
			MOVL(Mem{Base: places, Disp: 4 * j}, at.As32())
			VPXOR(Mem{Base: x, Index: at, Scale: 8}, sum, sum)
		}
		VMOVDQU(sum, Mem{Base: dst[0]})
		ADDQ(U8(16), dst[0])
	} else {
		sum, high := YMM(), XMM()
		for j := range weight {
			at := GP64()
			MOVL(Mem{Base: places, Disp: 4 * j}, at.As32())
			if j == 0 {
				VMOVDQU(Mem{Base: x, Index: at, Scale: 8}, sum)
			} else {
				VPXOR(Mem{Base: x, Index: at, Scale: 8}, sum, sum)
			}
		}
		VEXTRACTI128(U8(1), sum, high)
		VPXOR(Mem{Base: dst[0]}, sum.AsX(), sum.AsX())
		VPXOR(Mem{Base: dst[1]}, high, high)
		VMOVDQU(sum.AsX(), Mem{Base: dst[0]})
		VMOVDQU(high, Mem{Base: dst[1]})
		ADDQ(U8(16), dst[0])
		ADDQ(U8(16), dst[1])
	}
	ADDQ(U8(32), words)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
