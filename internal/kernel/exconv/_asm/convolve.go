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

// convolve256 finishes the four elements of a step, and makes all sixteen sums of some
// of them. Each of the elements behind then takes one of these sums, which the taps
// that it has in the four rows choose. The state stays in memory, but for the elements
// of the next step, as a step waits for the one before it.
func convolve256(lanes int) {
	TEXT("convolve"+suffix(lanes)+"AVX2", 0, "func(x, taps *Block, n int)")
	Doc(fmt.Sprintf("convolve%sAVX2 does n steps of four elements.", suffix(lanes)))
	Pragma("noescape")
	x := Load(Param("x"), GP64())
	taps := Load(Param("taps"), GP64())
	n := Load(Param("n"), GP64())
	size := 16 * lanes
	element := func(i int) Mem { return Mem{Base: x, Disp: size * i} }
	vec := func() reg.VecVirtual { return map[int]func() reg.VecVirtual{1: XMM, 2: YMM}[lanes]() }

	// Sums cross no cache line.
	stack := AllocLocal(16*size + 32 + 64)
	sums := GP64()
	LEAQ(stack, sums)
	ADDQ(U8(63), sums)
	ANDQ(I32(-64), sums)
	sum := func(i int) Mem { return Mem{Base: sums, Disp: size * i} }
	choices := Mem{Base: sums, Disp: 16 * size}
	zero := vec()
	VPXOR(zero, zero, zero)
	VMOVDQU(zero, sum(0))

	// Row e has the tap of the element i places behind the step at bit i, once
	// it is shifted. Byte i of the choices has that of row e at bit 4+e: it is the
	// number of a sum times sixteen.
	low := tableOf32("low", 1<<state-1)
	shifts := table32("shifts", 3, 2, 1, 0, 3, 2, 1, 0)
	bit := tableOf("bits", func(i int) byte { return 1 << (i % 8) })
	var own [step]reg.VecVirtual
	for p := range own {
		own[p] = vec()
		VMOVDQU(element(p), own[p])
	}
	Label("loop")
	row := YMM()
	VBROADCASTI128(Mem{Base: taps}, row)
	VPAND(low, row, row)
	VPSRLVD(shifts, row, row)
	var choice reg.VecVirtual
	for e := range step {
		t := YMM()
		VPSHUFB(tableOf(fmt.Sprintf("row%d", e), func(i int) byte {
			if i >= state {
				return 0x80 // nothing
			}
			return byte(4*e + i/8)
		}), row, t)
		VPAND(bit, t, t)
		VPCMPEQB(bit, t, t)
		VPAND(tableOf(fmt.Sprintf("weight%d", e), func(int) byte { return 16 << e }), t, t)
		if choice == nil {
			choice = t
		} else {
			VPOR(t, choice, choice)
		}
	}
	VMOVDQU(choice, choices)

	// The step itself, where element p takes what bit p-1-e of row e says of e.
	VMOVDQU(own[0], element(0))
	for e := range step - 1 {
		all := vec()
		VPBROADCASTD(Mem{Base: taps, Disp: 4 * e}, all)
		for p := e + 1; p < step; p++ {
			m, one := vec(), tableOf32(fmt.Sprintf("tap%d", p-1-e), 1<<(p-1-e))
			VPAND(one, all, m)
			VPCMPEQD(one, m, m)
			VPAND(own[e], m, m)
			VPXOR(m, own[p], own[p])
		}
		VMOVDQU(own[e+1], element(e+1))
	}
	var made [1 << step]reg.VecVirtual
	for e, v := range own {
		made[1<<e] = v
		VMOVDQU(v, sum(1<<e))
		for i := 1; i < 1<<e; i++ {
			made[1<<e|i] = vec()
			VPXOR(made[i], v, made[1<<e|i])
			VMOVDQU(made[1<<e|i], sum(1<<e|i))
		}
	}
	chosen := func(i int) Mem {
		at := GP64()
		MOVBLZX(choices.Offset(i), at.As32())
		return Mem{Base: sums, Index: at, Scale: uint8(lanes)}
	}
	for p := range own {
		VMOVDQU(element(step+p), own[p])
		VPXOR(chosen(p), own[p], own[p])
	}
	// The others behind, a register at a time.
	for i := step; i < state; i += 2 / lanes {
		t := YMM()
		if lanes == 1 {
			VBROADCASTI128(chosen(i), t)
			VINSERTI128(U8(1), chosen(i+1), t, t)
		} else {
			VMOVDQU(chosen(i), t)
		}
		VPXOR(element(step+i), t, t)
		VMOVDQU(t, element(step+i))
	}
	ADDQ(U32(size*step), x)
	ADDQ(U8(16), taps)
	DECQ(n)
	JNZ(LabelRef("loop"))
	for p, v := range own {
		VMOVDQU(v, element(p))
	}
	VZEROUPPER()
	RET()
}
