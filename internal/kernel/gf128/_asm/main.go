// Command asm writes the kernels of package gf128.
package main

import (
	"fmt"
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
	Package("github.com/dujiang-dev/dujiang/internal/kernel/gf128")
	ConstraintExpr("amd64,!purego")
	for _, v := range []vec{wide, middle, narrow} {
		v.mulConst(false)
		v.mulConst(true)
		v.mul()
		v.dot()
	}
	narrow.mulOne()
	lift()
	Generate()
}

// A vec writes code for one vector width. It is the number of elements in a register.
type vec int

const (
	narrow vec = 1
	middle vec = 2
	wide   vec = 4
)

func (v vec) suffix() string {
	return map[vec]string{narrow: "AVX2", middle: "VAES", wide: "AVX512"}[v]
}

func (v vec) reg() reg.VecVirtual {
	return map[vec]func() reg.VecVirtual{narrow: XMM, middle: YMM, wide: ZMM}[v]()
}

// of returns the part of r that is as wide as v.
func (v vec) of(r reg.Register) reg.Register {
	if v == narrow {
		return r.(reg.Vec).AsX()
	}
	return r
}

func (v vec) zero() reg.VecVirtual {
	r := v.reg()
	v.xor(r, r, r)
	return r
}

// broadcast loads one element into all lanes.
func (v vec) broadcast(m Mem) reg.VecVirtual {
	r := v.reg()
	switch v {
	case wide:
		VBROADCASTI32X4(m, r)
	case middle:
		VBROADCASTI128(m, r)
	default:
		VMOVDQU(m, r)
	}
	return r
}

func (v vec) xor(a, b, dst Op) {
	if v == wide {
		VPXORQ(a, b, dst)
	} else {
		VPXOR(a, b, dst)
	}
}

// xor3 sets dst ^= a ^ b.
func (v vec) xor3(a, b, dst Op) {
	if v == wide {
		VPTERNLOGQ(U8(0x96), a, b, dst)
	} else {
		VPXOR(a, dst, dst)
		VPXOR(b, dst, dst)
	}
}

// clmul returns the carry-less product of a word of a and a word of b.
func (v vec) clmul(a reg.Register, ahi int, b reg.Register, bhi int) reg.VecVirtual {
	r := v.reg()
	VPCLMULQDQ(U8(bhi<<4|ahi), v.of(b), v.of(a), r)
	return r
}

// fold loads x^128 mod p = x^7 + x^2 + x + 1 into the low words.
func (v vec) fold() reg.VecVirtual {
	g, x, r := GP64(), XMM(), v.reg()
	MOVQ(U32(0x87), g)
	VMOVQ(g, x)
	switch v {
	case wide:
		VSHUFI64X2(U8(0), x.AsZ(), x.AsZ(), r)
	case middle:
		VINSERTI128(U8(1), x, x.AsY(), r)
	default:
		VMOVDQA(x, r)
	}
	return r
}

// product accumulates the parts of a*b = l + m*x^64 + h*x^128.
func (v vec) product(a, b reg.Register) (l, m, h reg.VecVirtual) {
	l = v.clmul(a, 0, b, 0)
	h = v.clmul(a, 1, b, 1)
	m = v.clmul(a, 0, b, 1)
	t := v.clmul(a, 1, b, 0)
	v.xor(t, m, m)
	return l, m, h
}

// reduce returns l + m*x^64 + h*x^128 modulo p. The high word of h goes down to
// x^64, where it joins m; what then lies above x^128 has degree below 64 + 7
// after the second step and needs no third.
func (v vec) reduce(l, m, h reg.VecVirtual, fold reg.Register) reg.VecVirtual {
	t := v.clmul(h, 1, fold, 0)
	v.xor(t, m, m)
	s := v.reg()
	VPSRLDQ(U8(8), m, s)
	v.xor(s, h, h)
	t = v.clmul(h, 0, fold, 0)
	VPSLLDQ(U8(8), m, s)
	v.xor3(t, s, l)
	return l
}

// A span walks n elements of the given pointers, several registers at a time,
// then one, then what is left of a register: one element, or under a mask.
type span struct {
	v    vec
	n    reg.Register
	ptrs []reg.Register
}

// at is how body finds the elements of register i, and how wide that is.
type at struct {
	vec
	mask reg.OpmaskVirtual
}

func (s span) each(width int, body func(a at, width int)) {
	for _, w := range []int{width, 1} {
		loop, next := fmt.Sprintf("loop%d", w), fmt.Sprintf("after%d", w)
		Label(loop)
		CMPQ(s.n, U8(int(s.v)*w))
		JL(LabelRef(next))
		body(at{vec: s.v}, w)
		for _, p := range s.ptrs {
			ADDQ(U32(16*int(s.v)*w), p)
		}
		SUBQ(U8(int(s.v)*w), s.n)
		JMP(LabelRef(loop))
		Label(next)
	}
	if s.v == narrow {
		return
	}
	TESTQ(s.n, s.n)
	JZ(LabelRef("done"))
	if s.v == middle {
		body(at{vec: narrow}, 1)
	} else {
		ones, m := GP64(), K()
		MOVQ(I64(-1), ones)
		ADDQ(s.n, s.n)
		BZHIQ(s.n, ones, ones)
		KMOVB(ones.As32(), m)
		body(at{vec: s.v, mask: m}, 1)
	}
	Label("done")
}

func (a at) load(p reg.Register, i int) reg.VecVirtual {
	r := a.reg()
	m := Mem{Base: p, Disp: 16 * int(a.vec) * i}
	switch {
	case a.mask != nil:
		VMOVDQU64_Z(m, a.mask, r)
	case a.vec == wide:
		VMOVDQU64(m, r)
	default:
		VMOVDQU(m, r)
	}
	return r
}

func (a at) store(r reg.VecVirtual, p reg.Register, i int) {
	m := Mem{Base: p, Disp: 16 * int(a.vec) * i}
	switch {
	case a.mask != nil:
		VMOVDQU64(r, a.mask, m)
	case a.vec == wide:
		VMOVDQU64(r, m)
	default:
		VMOVDQU(r, m)
	}
}

func (v vec) end() {
	if v != narrow {
		VZEROUPPER()
	}
	RET()
}
