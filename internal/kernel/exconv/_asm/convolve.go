package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	state = 24
	room  = 28
	step  = 4
)

// convolve512 keeps the room elements in front of it in registers, four blocks
// each. Bit j of an element's taps belongs to the element j+1 places on. Shifted
// left by one more than the element's number within a step, the taps have the
// bit of element p at bit p, so that one table of constants makes the masks for
// all four elements.
func convolve512(lanes int) {
	TEXT("convolve"+suffix(lanes)+"AVX512", 0, "func(x, taps *Block, n int)")
	Doc(fmt.Sprintf("convolve%sAVX512 does n steps of four elements.", suffix(lanes)))
	Pragma("noescape")
	x := Load(Param("x"), GP64())
	taps := Load(Param("taps"), GP64())
	n := Load(Param("n"), GP64())

	per := 4 / lanes   // elements in a register
	regs := room / per // registers of state
	done := step / per // registers that a step finishes
	var bits []uint32  // of the constants
	for p := range room {
		for range 16 / per {
			bits = append(bits, 1<<p)
		}
	}
	at := table32(fmt.Sprintf("at%d", lanes), bits...)
	low := table32(fmt.Sprintf("low%d", lanes), 1<<state-1)
	shifts := table32(fmt.Sprintf("shifts%d", lanes), 1, 2, 3, 4)

	c, s := make([]reg.VecVirtual, regs), make([]reg.VecVirtual, regs)
	for r := range c {
		c[r], s[r] = ZMM(), ZMM()
		VMOVDQU64(at.Offset(64*r), c[r])
	}
	for r := range regs - done {
		VMOVDQU64(Mem{Base: x, Disp: 64 * r}, s[r])
	}
	w, b, t := ZMM(), ZMM(), ZMM()
	var k [4]reg.OpmaskVirtual
	for i := range k {
		k[i] = K()
	}
	Label("loop")
	for r := regs - done; r < regs; r++ {
		VMOVDQU64(Mem{Base: x, Disp: 64 * r}, s[r])
	}
	VBROADCASTI32X4(Mem{Base: taps}, w)
	VPANDD_BCST(low, w, w)
	VBROADCASTI32X4(shifts, t)
	VPSLLVD(t, w, w)
	for e := range step {
		VPSHUFD(U8(0x55*e), w, t)
		own := s[e/per]
		if lanes == 1 {
			VSHUFI64X2(U8(0x55*e), own, own, b)
		} else {
			VSHUFI64X2(U8(0x44+0xaa*(e%2)), own, own, b)
		}
		for r := (e + 1) / per; r <= (e+state)/per; r++ {
			m := k[r%len(k)]
			VPTESTMD(c[r], t, m)
			VPXORD(b, s[r], m, s[r])
		}
	}
	for r := range done {
		VMOVDQU64(s[r], Mem{Base: x, Disp: 64 * r})
	}
	for r := range regs - done {
		VMOVDQA64(s[r+done], s[r])
	}
	ADDQ(U32(64*done), x)
	ADDQ(U8(16), taps)
	DECQ(n)
	JNZ(LabelRef("loop"))
	for r := range regs - done {
		VMOVDQU64(s[r], Mem{Base: x, Disp: 64 * r})
	}
	VZEROUPPER()
	RET()
}

// convolve256 leaves the state in memory, where every load finds exactly what
// one store has written, and makes masks by comparison.
func convolve256(lanes int) {
	TEXT("convolve"+suffix(lanes)+"AVX2", 0, "func(x, taps *Block, n int)")
	Doc(fmt.Sprintf("convolve%sAVX2 does n steps of four elements.", suffix(lanes)))
	Pragma("noescape")
	x := Load(Param("x"), GP64())
	taps := Load(Param("taps"), GP64())
	n := Load(Param("n"), GP64())
	per := 2 / lanes
	var bits []uint32
	for p := range room {
		for range 8 / per {
			bits = append(bits, 1<<p)
		}
	}
	at := table32(fmt.Sprintf("half%d", lanes), bits...)
	w := GP32()
	Label("loop")
	for e := range step {
		b, t := YMM(), YMM()
		VBROADCASTI128(Mem{Base: x, Disp: 16 * lanes * e}, b)
		if lanes == 2 {
			VMOVDQU(Mem{Base: x, Disp: 32 * e}, b)
		}
		MOVL(Mem{Base: taps, Disp: 4 * e}, w)
		ANDL(U32(1<<state-1), w)
		SHLL(U8(e+1), w)
		v := XMM()
		VMOVD(w, v)
		VPBROADCASTD(v, t)
		for r := (e + 1) / per; r <= (e+state)/per; r++ {
			c, m := YMM(), YMM()
			VMOVDQU(at.Offset(32*r), c)
			VPAND(c, t, m)
			VPCMPEQD(c, m, m)
			VPAND(b, m, m)
			VPXOR(Mem{Base: x, Disp: 32 * r}, m, m)
			VMOVDQU(m, Mem{Base: x, Disp: 32 * r})
		}
	}
	ADDQ(U32(16*lanes*step), x)
	ADDQ(U8(16), taps)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
