package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mulConst uses c and c' = c*x^64 mod p, which the caller supplies: then
// a*c = lo(a)*c + hi(a)*c', a polynomial of degree below 192 that one more
// carry-less product reduces.
func (v vec) mulConst(add bool) {
	name, op := "mulConst", "= c * src[i]"
	if add {
		name, op = "mulConstAdd", "^= c * src[i]"
	}
	TEXT(name+v.suffix(), 0, "func(dst, src *Elem, n int, c *[2]Elem)")
	Doc(name + v.suffix() + " sets dst[i] " + op + "; c holds the constant and its product with x^64.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n, cp := Load(Param("n"), GP64()), Load(Param("c"), GP64())
	c0, c1 := v.broadcast(Mem{Base: cp}), v.broadcast(Mem{Base: cp, Disp: 16})
	fold := v.fold()
	span{v, n, []reg.Register{dst, src}}.each(4, func(a at, width int) {
		for i := range width {
			x := a.load(src, i)
			l, m := a.clmul(x, 0, c0, 0), a.clmul(x, 0, c0, 1)
			l2, m2 := a.clmul(x, 1, c1, 0), a.clmul(x, 1, c1, 1)
			a.xor(m2, m, m)
			t, s := a.clmul(m, 1, fold, 0), a.reg()
			VPSLLDQ(U8(8), m, s)
			a.xor3(l2, s, l)
			if add {
				a.xor3(t, a.load(dst, i), l)
			} else {
				a.xor(t, l, l)
			}
			a.store(l, dst, i)
		}
	})
	v.end()
}

func (v vec) mul() {
	TEXT("mul"+v.suffix(), 0, "func(dst, a, b *Elem, n int)")
	Doc("mul" + v.suffix() + " sets dst[i] = a[i] * b[i].")
	Pragma("noescape")
	dst, p, q := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	fold := v.fold()
	span{v, n, []reg.Register{dst, p, q}}.each(4, func(a at, width int) {
		for i := range width {
			l, m, h := a.product(a.load(p, i), a.load(q, i))
			a.store(a.reduce(l, m, h, fold), dst, i)
		}
	})
	v.end()
}

// mulOne takes words and not pointers: Go stores words, and a load of sixteen
// bytes that two stores wrote waits for both to reach the cache.
func (v vec) mulOne() {
	TEXT("mulOneAVX2", 0, "func(alo, ahi, blo, bhi uint64) (lo, hi uint64)")
	Doc("mulOneAVX2 returns a * b.")
	word := func(name string) reg.VecVirtual {
		r := v.reg()
		m, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		VMOVQ(m.Addr, r)
		return r
	}
	alo, ahi, blo, bhi := word("alo"), word("ahi"), word("blo"), word("bhi")
	l, h := v.clmul(alo, 0, blo, 0), v.clmul(ahi, 0, bhi, 0)
	m, t := v.clmul(alo, 0, bhi, 0), v.clmul(ahi, 0, blo, 0)
	v.xor(t, m, m)
	l = v.reduce(l, m, h, v.fold())
	lo, hi := GP64(), GP64()
	VMOVQ(l, lo)
	VPEXTRQ(U8(1), l, hi)
	Store(lo, Return("lo"))
	Store(hi, Return("hi"))
	v.end()
}

// wider returns r in a register as wide as v. What lies above a narrow result is
// zero, as for all instructions of this encoding.
func wider(r reg.VecVirtual, v vec) reg.Register {
	if v == middle {
		return r.AsY()
	}
	return r
}

// dot sums the unreduced products; the caller reduces once.
func (v vec) dot() {
	TEXT("dot"+v.suffix(), 0, "func(acc *[3]Elem, a, b *Elem, n int)")
	Doc("dot"+v.suffix()+" adds the three parts of the sum of a[i] * b[i], before reduction, to acc:",
		"the sum is acc[0] + acc[1]*x^64 + acc[2]*x^128.")
	Pragma("noescape")
	p, q := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	sum := [3]reg.VecVirtual{v.zero(), v.zero(), v.zero()}
	span{v, n, []reg.Register{p, q}}.each(4, func(a at, width int) {
		for i := range width {
			x, y := a.load(p, i), a.load(q, i)
			// The upper part of a sum stays when the last element is added, so
			// products are as wide as sums there.
			v.xor(wider(a.clmul(x, 0, y, 0), v), sum[0], sum[0])
			v.xor3(wider(a.clmul(x, 0, y, 1), v), wider(a.clmul(x, 1, y, 0), v), sum[1])
			v.xor(wider(a.clmul(x, 1, y, 1), v), sum[2], sum[2])
		}
	})
	acc := Load(Param("acc"), GP64())
	for i, s := range sum {
		h, q := s.AsY(), s.AsX()
		if v == wide {
			h = YMM()
			VEXTRACTI64X4(U8(1), s, h)
			VPXOR(h, s.AsY(), h)
		}
		if v != narrow {
			q = XMM()
			VEXTRACTI128(U8(1), h, q)
			VPXOR(h.(reg.Vec).AsX(), q, q)
		}
		VPXOR(Mem{Base: acc, Disp: 16 * i}, q, q)
		VMOVDQU(q, Mem{Base: acc, Disp: 16 * i})
	}
	v.end()
}
