package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Eight registers of two blocks hide the latency of VAESENC, as with AES-NI. A round key
// is read once for all of them, into both halves of a register.
const middle = 8

// vector is one of the registers that a pass works on: two blocks, or one at the end.
type vector struct{ one bool }

func (v vector) new() reg.VecVirtual {
	if v.one {
		return XMM()
	}
	return YMM()
}

// of returns the low part of y that is as wide.
func (v vector) of(y reg.VecVirtual) reg.Register {
	if v.one {
		return y.AsX()
	}
	return y
}

func (v vector) roundKey(rk reg.Register, r int) reg.VecVirtual {
	key := v.new()
	if v.one {
		VMOVDQU(roundKey(rk, r), key)
	} else {
		VBROADCASTI128(roundKey(rk, r), key)
	}
	return key
}

// steps runs body for width registers of two blocks while there are as many, then for
// one register, and for a block that is left.
func steps(n reg.Register, width int, body func(v vector, width int)) {
	for _, w := range []int{width, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(n, U8(2*w))
		JL(LabelRef(next))
		body(vector{}, w)
		SUBQ(U8(2*w), n)
		JMP(LabelRef(loop))
		Label(next)
	}
	TESTQ(n, n)
	JZ(LabelRef("done"))
	body(vector{one: true}, 1)
	Label("done")
}

func bulk256(m mode) {
	TEXT(m.name+"VAES", 0, signature(m))
	Doc(m.name + "VAES " + m.doc)
	Pragma("noescape")
	rk := Load(Param("rk"), GP64())
	dst := Load(Param("dst"), GP64())
	var src reg.Register
	if !m.counter {
		src = Load(Param("src"), GP64())
	}
	n := Load(Param("n"), GP64())
	var ctr, step reg.VecVirtual
	if m.tweak || m.counter {
		ctr, step = YMM(), YMM()
		t := XMM()
		VMOVQ(Load(Param("tweak"), GP64()), t)
		VINSERTI128(U8(1), t, t.AsY(), ctr)
		VPADDQ(lane2(), ctr, ctr)
		VMOVDQU(add2(), step)
	}
	steps(n, middle, func(v vector, width int) {
		size := 32
		if v.one {
			size = 16
		}
		x := make([]reg.VecVirtual, width)
		key := v.roundKey(rk, 0)
		for i := range x {
			x[i] = v.new()
			switch {
			case m.counter:
				VPXOR(v.of(ctr), key, x[i])
			case m.tweak:
				VPXOR(v.of(ctr), key, x[i])
				VPXOR(Mem{Base: src, Disp: size * i}, x[i], x[i])
			default:
				VPXOR(Mem{Base: src, Disp: size * i}, key, x[i])
			}
			if m.tweak || m.counter {
				VPADDQ(step, ctr, ctr)
			}
		}
		for r := 1; r < 10; r++ {
			key := v.roundKey(rk, r)
			for i := range x {
				VAESENC(key, x[i], x[i])
			}
		}
		key = v.roundKey(rk, 10)
		for i := range x {
			VAESENCLAST(key, x[i], x[i])
			if m.feed {
				// src[i] is still unchanged even if dst is src.
				VPXOR(Mem{Base: src, Disp: size * i}, x[i], x[i])
			}
			VMOVDQU(x[i], Mem{Base: dst, Disp: size * i})
		}
		if !m.counter {
			ADDQ(U32(size*width), src)
		}
		ADDQ(U32(size*width), dst)
	})
	VZEROUPPER()
	RET()
}

func double256() {
	TEXT("doubleVAES", 0, "func(left, right *[11]Block, dst, src *Block, n int, sums *[2]Block)")
	Doc("doubleVAES is doubleAVX512 with registers of 256 bits.")
	Pragma("noescape")
	keys := [2]reg.Register{Load(Param("left"), GP64()), Load(Param("right"), GP64())}
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	sum := [2]reg.VecVirtual{YMM(), YMM()}
	VPXOR(sum[0], sum[0], sum[0])
	VPXOR(sum[1], sum[1], sum[1])
	steps(n, 4, func(v vector, width int) {
		x := [2][]reg.VecVirtual{make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)}
		size := 32
		if v.one {
			size = 16
		}
		parent := func(i int) Mem { return Mem{Base: src, Disp: size * i} }
		for s := range 2 {
			key := v.roundKey(keys[s], 0)
			for i := range width {
				x[s][i] = v.new()
				VPXOR(parent(i), key, x[s][i])
			}
		}
		for r := 1; r <= 10; r++ {
			for s := range 2 {
				key := v.roundKey(keys[s], r)
				for i := range width {
					if r < 10 {
						VAESENC(key, x[s][i], x[s][i])
					} else {
						VAESENCLAST(key, x[s][i], x[s][i])
					}
				}
			}
		}
		// All parents are read before a child is written over them.
		for i := range width {
			for s := range 2 {
				VPXOR(parent(i), x[s][i], x[s][i])
				if v.one {
					// Instructions of 128 bits clear the upper half of their result.
					VPXOR(x[s][i].AsY(), sum[s], sum[s])
				} else {
					VPXOR(x[s][i], sum[s], sum[s])
				}
			}
		}
		for i := range width {
			if v.one {
				VMOVDQU(x[0][i], Mem{Base: dst})
				VMOVDQU(x[1][i], Mem{Base: dst, Disp: 16})
				continue
			}
			// {L0 L1} and {R0 R1} to {L0 R0} and {L1 R1}.
			a := YMM()
			VPERM2I128(U8(0x20), x[1][i], x[0][i], a)
			VMOVDQU(a, Mem{Base: dst, Disp: 64 * i})
			VPERM2I128(U8(0x31), x[1][i], x[0][i], a)
			VMOVDQU(a, Mem{Base: dst, Disp: 64*i + 32})
		}
		ADDQ(U32(size*width), src)
		ADDQ(U32(2*size*width), dst)
	})
	sums := Load(Param("sums"), GP64())
	for s := range 2 {
		h := XMM()
		VEXTRACTI128(U8(1), sum[s], h)
		VPXOR(sum[s].AsX(), h, h)
		VPXOR(Mem{Base: sums, Disp: 16 * s}, h, h)
		VMOVDQU(h, Mem{Base: sums, Disp: 16 * s})
	}
	VZEROUPPER()
	RET()
}

func manyKeys256() {
	TEXT("encryptKeysVAES", 0, "func(dst, keys, src *Block, n int)")
	Doc("encryptKeysVAES sets dst[i] = AES(keys[i], src[i]).")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	keys := Load(Param("keys"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	rot := YMM()
	VBROADCASTI128(rotWord(), rot)
	steps(n, 4, func(v vector, width int) {
		size := 32
		if v.one {
			size = 16
		}
		key, x := make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)
		for i := range x {
			key[i], x[i] = v.new(), v.new()
			VMOVDQU(Mem{Base: keys, Disp: size * i}, key[i])
			VPXOR(Mem{Base: src, Disp: size * i}, key[i], x[i])
		}
		for r := 1; r <= 10; r++ {
			c := v.new()
			setRcon(r, c)
			for i := range x {
				nextKey(v, v.of(rot), c, key[i])
				if r == 10 {
					VAESENCLAST(key[i], x[i], x[i])
				} else {
					VAESENC(key[i], x[i], x[i])
				}
			}
		}
		for i := range x {
			VMOVDQU(x[i], Mem{Base: dst, Disp: size * i})
		}
		ADDQ(U32(size*width), src)
		ADDQ(U32(size*width), keys)
		ADDQ(U32(size*width), dst)
	})
	VZEROUPPER()
	RET()
}
