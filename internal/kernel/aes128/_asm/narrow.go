package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The AES-NI kernels run eight blocks at a time, then one at a time. Round
// keys are memory operands: sixteen registers do not hold states and keys.
const narrow = 8

func bulk128(m mode) {
	TEXT(m.name+"AVX2", 0, signature(m))
	Doc(m.name + "AVX2 " + m.doc)
	Pragma("noescape")
	rkp := Load(Param("rk"), GP64())
	dst := Load(Param("dst"), GP64())
	var src reg.Register
	if !m.counter {
		src = Load(Param("src"), GP64())
	}
	n := Load(Param("n"), GP64())
	var ctr, step reg.VecVirtual
	if m.tweak || m.counter {
		ctr, step = XMM(), XMM()
		VMOVQ(Load(Param("tweak"), GP64()), ctr)
		VMOVDQU(one(), step)
	}
	run := func(width int) {
		x := make([]reg.VecVirtual, width)
		for i := range x {
			x[i] = XMM()
			if m.counter {
				VMOVDQA(ctr, x[i])
			} else {
				VMOVDQU(Mem{Base: src, Disp: 16 * i}, x[i])
			}
			if m.tweak {
				VPXOR(ctr, x[i], x[i])
			}
			if m.tweak || m.counter {
				VPADDQ(step, ctr, ctr)
			}
			VPXOR(roundKey(rkp, 0), x[i], x[i])
		}
		for r := 1; r < 10; r++ {
			for i := range x {
				VAESENC(roundKey(rkp, r), x[i], x[i])
			}
		}
		for i := range x {
			VAESENCLAST(roundKey(rkp, 10), x[i], x[i])
			if m.feed {
				// src[i] is still unchanged even if dst is src.
				f := XMM()
				VMOVDQU(Mem{Base: src, Disp: 16 * i}, f)
				VPXOR(f, x[i], x[i])
			}
			VMOVDQU(x[i], Mem{Base: dst, Disp: 16 * i})
		}
		if !m.counter {
			ADDQ(U8(16*width), src)
		}
		ADDQ(U8(16*width), dst)
		SUBQ(U8(width), n)
	}
	loops(n, narrow, run)
	RET()
}

// loops runs body for width items while that many are left, then for one.
func loops(n reg.Register, width int, body func(width int)) {
	for _, w := range []int{width, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(n, U8(w))
		JL(LabelRef(next))
		body(w)
		JMP(LabelRef(loop))
		Label(next)
	}
}

func double128() {
	TEXT("doubleAVX2", 0, "func(left, right *[11]Block, dst, src *Block, n int, sums *[2]Block)")
	Doc("doubleAVX2 is doubleAVX512 with AES-NI.")
	Pragma("noescape")
	keys := [2]reg.Register{Load(Param("left"), GP64()), Load(Param("right"), GP64())}
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	sums := Load(Param("sums"), GP64())
	sum := [2]reg.VecVirtual{XMM(), XMM()}
	VMOVDQU(Mem{Base: sums}, sum[0])
	VMOVDQU(Mem{Base: sums, Disp: 16}, sum[1])
	loops(n, 4, func(width int) {
		p := make([]reg.VecVirtual, width)
		x := [2][]reg.VecVirtual{make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)}
		for i := range p {
			p[i] = XMM()
			VMOVDQU(Mem{Base: src, Disp: 16 * i}, p[i])
			for s := range 2 {
				x[s][i] = XMM()
				VPXOR(roundKey(keys[s], 0), p[i], x[s][i])
			}
		}
		for r := 1; r < 10; r++ {
			for i := range p {
				for s := range 2 {
					VAESENC(roundKey(keys[s], r), x[s][i], x[s][i])
				}
			}
		}
		for i := range p {
			for s := range 2 {
				VAESENCLAST(roundKey(keys[s], 10), x[s][i], x[s][i])
				VPXOR(p[i], x[s][i], x[s][i])
				VPXOR(x[s][i], sum[s], sum[s])
				VMOVDQU(x[s][i], Mem{Base: dst, Disp: 32*i + 16*s})
			}
		}
		ADDQ(U8(16*width), src)
		ADDQ(U8(32*width), dst)
		SUBQ(U8(width), n)
	})
	VMOVDQU(sum[0], Mem{Base: sums})
	VMOVDQU(sum[1], Mem{Base: sums, Disp: 16})
	RET()
}

// nextKey replaces key by the following round key [FIPS 197, section 5.2]; see
// manyKeys512 for the use of VAESENCLAST. Registers are as wide as those of v.
func nextKey(v vector, rot, rcon reg.Register, key reg.VecVirtual) {
	t, u := v.new(), v.new()
	VPSHUFB(rot, key, t)
	VAESENCLAST(rcon, t, t)
	VPSLLDQ(U8(4), key, u)
	VPXOR(u, key, key)
	VPSLLDQ(U8(8), key, u)
	VPXOR(u, key, key)
	VPXOR(t, key, key)
}

// setRcon loads the constant of round r into all columns of c.
func setRcon(r int, c reg.VecVirtual) {
	rcon := 1
	for range r - 1 {
		rcon = rcon<<1 ^ rcon>>7*0x11b
	}
	g, low := GP32(), XMM()
	MOVL(U32(rcon), g)
	VMOVD(g, low)
	VPBROADCASTD(low, c)
}

func manyKeys128() {
	TEXT("encryptKeysAVX2", 0, "func(dst, keys, src *Block, n int)")
	Doc("encryptKeysAVX2 sets dst[i] = AES(keys[i], src[i]).")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	keys := Load(Param("keys"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	rot := XMM()
	VMOVDQU(rotWord(), rot)
	loops(n, 4, func(width int) {
		key, x := make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)
		for i := range x {
			key[i], x[i] = XMM(), XMM()
			VMOVDQU(Mem{Base: keys, Disp: 16 * i}, key[i])
			VPXOR(Mem{Base: src, Disp: 16 * i}, key[i], x[i])
		}
		for r := 1; r <= 10; r++ {
			c := XMM()
			setRcon(r, c)
			for i := range x {
				nextKey(vector{one: true}, rot, c, key[i])
				if r == 10 {
					VAESENCLAST(key[i], x[i], x[i])
				} else {
					VAESENC(key[i], x[i], x[i])
				}
			}
		}
		for i := range x {
			VMOVDQU(x[i], Mem{Base: dst, Disp: 16 * i})
		}
		ADDQ(U8(16*width), src)
		ADDQ(U8(16*width), keys)
		ADDQ(U8(16*width), dst)
		SUBQ(U8(width), n)
	})
	RET()
}

func expand128() {
	TEXT("expandAVX2", 0, "func(rk *[11]Block, key *[16]byte)")
	Doc("expandAVX2 writes the round keys of key.")
	Pragma("noescape")
	rk := Load(Param("rk"), GP64())
	keyp := Load(Param("key"), GP64())
	rot, key := XMM(), XMM()
	VMOVDQU(rotWord(), rot)
	VMOVDQU(Mem{Base: keyp}, key)
	VMOVDQU(key, roundKey(rk, 0))
	for r := 1; r <= 10; r++ {
		c := XMM()
		setRcon(r, c)
		nextKey(vector{one: true}, rot, c, key)
		VMOVDQU(key, roundKey(rk, r))
	}
	RET()
}
