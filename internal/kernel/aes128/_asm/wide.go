package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Eight registers of four blocks hide the latency of VAESENC (4 cycles, two a
// cycle on the widest machines); with eleven round keys and eight feeds they
// just fit into the 32 registers.
const wide = 8

func bulk512(m mode) {
	TEXT(m.name+"AVX512", 0, signature(m))
	Doc(m.name + "AVX512 " + m.doc)
	Pragma("noescape")
	rkp := Load(Param("rk"), GP64())
	dst := Load(Param("dst"), GP64())
	var src reg.Register
	if !m.counter {
		src = Load(Param("src"), GP64())
	}
	n := Load(Param("n"), GP64())

	rk := make([]reg.VecVirtual, 11)
	for r := range rk {
		rk[r] = ZMM()
		VBROADCASTI32X4(roundKey(rkp, r), rk[r])
	}
	var ctr, step reg.VecVirtual
	if m.tweak || m.counter {
		ctr, step = ZMM(), ZMM()
		t := Load(Param("tweak"), GP64())
		VPXORQ(ctr, ctr, ctr)
		x := XMM()
		VMOVQ(t, x)
		VSHUFI64X2(U8(0), x.AsZ(), x.AsZ(), ctr)
		VPADDQ(lane4(), ctr, ctr)
		VMOVDQU64(add4(), step)
	}

	// run handles width registers; mask, if not nil, is consumed eight bits at
	// a time and selects the 64-bit words that exist.
	run := func(width int, mask reg.GPVirtual) {
		var k reg.OpmaskVirtual
		var kbits reg.GPVirtual
		if mask != nil {
			k, kbits = K(), GP64()
			MOVQ(mask, kbits)
		}
		x := make([]reg.VecVirtual, width)
		feed := make([]reg.VecVirtual, width)
		for i := range x {
			x[i] = ZMM()
			switch {
			case m.counter:
				VPXORQ(ctr, rk[0], x[i])
				VPADDQ(step, ctr, ctr)
			case mask != nil:
				KMOVB(kbits.As32(), k)
				SHRQ(U8(8), kbits)
				VMOVDQU64_Z(Mem{Base: src, Disp: 64 * i}, k, x[i])
			default:
				VMOVDQU64(Mem{Base: src, Disp: 64 * i}, x[i])
			}
			if m.feed {
				feed[i] = ZMM()
				VPXORQ(rk[10], x[i], feed[i])
			}
			if m.tweak {
				VPTERNLOGQ(U8(0x96), rk[0], ctr, x[i])
				VPADDQ(step, ctr, ctr)
			} else if !m.counter {
				VPXORQ(rk[0], x[i], x[i])
			}
		}
		for r := 1; r < 10; r++ {
			for i := range x {
				VAESENC(rk[r], x[i], x[i])
			}
		}
		if mask != nil {
			MOVQ(mask, kbits)
		}
		for i := range x {
			last := rk[10]
			if m.feed {
				last = feed[i]
			}
			VAESENCLAST(last, x[i], x[i])
			if mask != nil {
				KMOVB(kbits.As32(), k)
				SHRQ(U8(8), kbits)
				VMOVDQU64(x[i], k, Mem{Base: dst, Disp: 64 * i})
			} else {
				VMOVDQU64(x[i], Mem{Base: dst, Disp: 64 * i})
			}
		}
	}

	SUBQ(U8(4*wide), n)
	JL(LabelRef("tail"))
	Label("loop")
	run(wide, nil)
	if !m.counter {
		ADDQ(U32(64*wide), src)
	}
	ADDQ(U32(64*wide), dst)
	SUBQ(U8(4*wide), n)
	JGE(LabelRef("loop"))

	// Fewer than 32 blocks remain. Masked lanes are neither read nor written.
	Label("tail")
	ADDQ(U8(4*wide), n)
	JZ(LabelRef("done"))
	mask, ones := GP64(), GP64()
	SHLQ(U8(1), n)
	MOVQ(I64(-1), ones)
	BZHIQ(n, ones, mask)
	CMPQ(n, U8(8))
	JA(LabelRef("many"))
	run(1, mask)
	JMP(LabelRef("done"))
	Label("many")
	run(wide, mask)
	Label("done")
	VZEROUPPER()
	RET()
}

// double512 makes the children of four parents per register; round keys come
// from memory because two schedules do not fit.
func double512() {
	TEXT("doubleAVX512", 0, "func(left, right *[11]Block, dst, src *Block, n int, sums *[2]Block)")
	Doc("doubleAVX512 sets dst[2i] = pi0(src[i]) ^ src[i] and dst[2i+1] = pi1(src[i]) ^ src[i],",
		"and adds the children to sums.")
	Pragma("noescape")
	keys := [2]reg.Register{Load(Param("left"), GP64()), Load(Param("right"), GP64())}
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())

	sum := [2]reg.VecVirtual{ZMM(), ZMM()}
	VPXORQ(sum[0], sum[0], sum[0])
	VPXORQ(sum[1], sum[1], sum[1])
	lo, hi := ZMM(), ZMM()
	VMOVDQU64(pairLo(), lo)
	VMOVDQU64(pairHi(), hi)

	run := func(width int, masked bool) {
		var k, kl, kh reg.OpmaskVirtual
		if masked {
			// n parents exist: 2n words to read, 4n words to write.
			k, kl, kh = K(), K(), K()
			count, bits, t := GP64(), GP64(), GP64()
			MOVQ(I64(-1), bits)
			LEAQ(Mem{Base: n, Index: n, Scale: 1}, count)
			BZHIQ(count, bits, t)
			KMOVB(t.As32(), k)
			ADDQ(count, count)
			BZHIQ(count, bits, t)
			KMOVB(t.As32(), kl)
			SHRQ(U8(8), t)
			KMOVB(t.As32(), kh)
		}
		p := make([]reg.VecVirtual, width)
		var x [2][]reg.VecVirtual
		x[0], x[1] = make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)
		for i := range p {
			p[i] = ZMM()
			if masked {
				VMOVDQU64_Z(Mem{Base: src}, k, p[i])
			} else {
				VMOVDQU64(Mem{Base: src, Disp: 64 * i}, p[i])
			}
		}
		for r := 0; r <= 10; r++ {
			for s := range 2 {
				rk := ZMM()
				VBROADCASTI32X4(roundKey(keys[s], r), rk)
				for i := range p {
					switch r {
					case 0:
						x[s][i] = ZMM()
						VPXORQ(rk, p[i], x[s][i])
					case 10:
						VAESENCLAST(rk, x[s][i], x[s][i])
						VPXORQ(p[i], x[s][i], x[s][i])
					default:
						VAESENC(rk, x[s][i], x[s][i])
					}
				}
			}
		}
		for i := range p {
			for s := range 2 {
				if masked {
					VMOVDQU64_Z(x[s][i], k, x[s][i])
				}
				VPXORQ(x[s][i], sum[s], sum[s])
			}
			// {L0 L1 L2 L3} and {R0 R1 R2 R3} to {L0 R0 L1 R1} and {L2 R2 L3 R3}.
			a, b := ZMM(), ZMM()
			VMOVDQA64(lo, a)
			VMOVDQA64(hi, b)
			VPERMI2Q(x[1][i], x[0][i], a)
			VPERMI2Q(x[1][i], x[0][i], b)
			if masked {
				VMOVDQU64(a, kl, Mem{Base: dst})
				VMOVDQU64(b, kh, Mem{Base: dst, Disp: 64})
			} else {
				VMOVDQU64(a, Mem{Base: dst, Disp: 128 * i})
				VMOVDQU64(b, Mem{Base: dst, Disp: 128*i + 64})
			}
		}
	}
	for _, w := range []int{8, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(n, U8(4*w))
		JL(LabelRef(next))
		run(w, false)
		ADDQ(U32(64*w), src)
		ADDQ(U32(128*w), dst)
		SUBQ(U8(4*w), n)
		JMP(LabelRef(loop))
		Label(next)
	}
	TESTQ(n, n)
	JZ(LabelRef("fold"))
	run(1, true)
	Label("fold")
	sums := Load(Param("sums"), GP64())
	for s := range 2 {
		h := YMM()
		VEXTRACTI64X4(U8(1), sum[s], h)
		VPXOR(h, sum[s].AsY(), h)
		q := XMM()
		VEXTRACTI128(U8(1), h, q)
		VPXOR(h.AsX(), q, q)
		VPXOR(Mem{Base: sums, Disp: 16 * s}, q, q)
		VMOVDQU(q, Mem{Base: sums, Disp: 16 * s})
	}
	VZEROUPPER()
	RET()
}

// manyKeys512 runs the key schedule of four keys in one register, between the
// rounds of the encryption that uses them [FIPS 197, section 5.2].
func manyKeys512() {
	TEXT("encryptKeysAVX512", 0, "func(dst, keys, src *Block, n int)")
	Doc("encryptKeysAVX512 sets dst[i] = AES(keys[i], src[i]).")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	keys := Load(Param("keys"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	rot := ZMM()
	VBROADCASTI32X4(rotWord(), rot)

	run := func(width int, masked bool) {
		var k reg.OpmaskVirtual
		if masked {
			k = K()
			bits, t := GP64(), GP64()
			MOVQ(I64(-1), bits)
			LEAQ(Mem{Base: n, Index: n, Scale: 1}, t)
			BZHIQ(t, bits, t)
			KMOVB(t.As32(), k)
		}
		key, x := make([]reg.VecVirtual, width), make([]reg.VecVirtual, width)
		for i := range x {
			key[i], x[i] = ZMM(), ZMM()
			if masked {
				VMOVDQU64_Z(Mem{Base: keys}, k, key[i])
				VMOVDQU64_Z(Mem{Base: src}, k, x[i])
				VPXORQ(key[i], x[i], x[i])
			} else {
				VMOVDQU64(Mem{Base: keys, Disp: 64 * i}, key[i])
				VPXORQ(Mem{Base: src, Disp: 64 * i}, key[i], x[i])
			}
		}
		rcon := 1
		for r := 1; r <= 10; r++ {
			c, g := ZMM(), GP32()
			MOVL(U32(rcon), g)
			VPBROADCASTD(g, c)
			rcon = rcon<<1 ^ rcon>>7*0x11b
			for i := range x {
				// All four columns of t are RotWord(w3), so that ShiftRows does
				// nothing and the last round is SubWord plus the constant.
				t, u := ZMM(), ZMM()
				VPSHUFB(rot, key[i], t)
				VAESENCLAST(c, t, t)
				VPSLLDQ(U8(4), key[i], u)
				VPXORQ(u, key[i], key[i])
				VPSLLDQ(U8(8), key[i], u)
				VPTERNLOGQ(U8(0x96), u, t, key[i])
				if r == 10 {
					VAESENCLAST(key[i], x[i], x[i])
				} else {
					VAESENC(key[i], x[i], x[i])
				}
			}
		}
		for i := range x {
			if masked {
				VMOVDQU64(x[i], k, Mem{Base: dst})
			} else {
				VMOVDQU64(x[i], Mem{Base: dst, Disp: 64 * i})
			}
		}
	}
	for _, w := range []int{8, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(n, U8(4*w))
		JL(LabelRef(next))
		run(w, false)
		ADDQ(U32(64*w), src)
		ADDQ(U32(64*w), keys)
		ADDQ(U32(64*w), dst)
		SUBQ(U8(4*w), n)
		JMP(LabelRef(loop))
		Label(next)
	}
	TESTQ(n, n)
	JZ(LabelRef("done"))
	run(1, true)
	Label("done")
	VZEROUPPER()
	RET()
}
