package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Without IFMA a vector register holds a limb of four elements, and its
// instructions multiply 32 bits by 32. In memory elements are as for IFMA, five
// limbs of radix 2⁵¹ in eight lanes; each function does four lanes, and then the
// others. To be multiplied, each limb is taken apart into *digits* of 26 and 25 bits:
// ten digits f₀ to f₉, of which f_k has weight 2^⌈25.5k⌉, as in Bernstein's
// "Curve25519: new Diffie-Hellman speed records" [Ber06].
type limbs [5]reg.VecVirtual

// At places in tables of constants, of four equal words each.
var constants = map[string]Mem{}

func constant4(name string, w uint64) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, NOPTR|RODATA)
	for i := range 4 {
		DATA(8*i, U64(w))
	}
	constants[name] = m
	return m
}

func low(bits int) Mem { return constant4(fmt.Sprintf("low%d", bits), 1<<bits-1) }

func nineteen4() Mem { return constant4("nineteen", 19) }

// halves runs body for lanes 0 to 3 of the elements at the pointers, and for lanes 4
// to 7.
func halves(pointers []Mem, body func()) {
	n := GP64()
	MOVQ(U32(2), n)
	Label("half")
	body()
	for _, p := range pointers {
		ADDQ(U8(32), p.Base)
	}
	DECQ(n)
	JNZ(LabelRef("half"))
}

func loadLimbs(m Mem) (l limbs) {
	for i := range l {
		l[i] = YMM()
		VMOVDQU(m.Offset(64*i), l[i])
	}
	return l
}

func (l limbs) store(m Mem) {
	for i := range l {
		VMOVDQU(l[i], m.Offset(64*i))
	}
}

// carry is that of the other kernel. The carry of the top limb is below 2¹²,
// and nineteen times as much below 2¹⁵ by the argument of the caller.
func (l limbs) carry() {
	top := YMM()
	VPSRLQ(U8(51), l[4], top)
	VPMULUDQ(nineteen4(), top, top)
	for i := 3; i >= 0; i-- {
		c := YMM()
		VPSRLQ(U8(51), l[i], c)
		VPAND(low(51), l[i+1], l[i+1])
		VPADDQ(c, l[i+1], l[i+1])
	}
	VPAND(low(51), l[0], l[0])
	VPADDQ(top, l[0], l[0])
}

// A factor is the ten digits of an element in memory, with their multiples by 2, 19
// and 38 where multiplication needs them.
type factor struct{ base reg.GPVirtual }

const sizeofFactor = 4 * 10 * 32

// newFactor returns room for a factor, which crosses no cache line.
func newFactor() factor {
	base := GP64()
	LEAQ(AllocLocal(sizeofFactor+32), base)
	ADDQ(U8(31), base)
	ANDQ(I32(-32), base)
	return factor{base}
}

// digit returns digit j times 1, 2, 19 or 38.
func (f factor) digit(j, times int) Mem {
	row := map[int]int{1: 0, 2: 1, 19: 2, 38: 3}[times]
	return Mem{Base: f.base, Disp: 32 * (10*row + j)}
}

// set sets f to limbs below 1.5·2⁵². Digits at odd places are then below 1.5·2²⁶,
// so that 38 of them are below 2³², and those at even places below 2²⁶.
func (f factor) set(limb func(i int) reg.VecVirtual) {
	for i := range 5 {
		l := limb(i)
		even, odd := YMM(), YMM()
		VPSRLQ(U8(26), l, odd)
		VPAND(low(26), l, even)
		VMOVDQU(even, f.digit(2*i, 1))
		VMOVDQU(odd, f.digit(2*i+1, 1))
		twice := YMM()
		VPADDQ(odd, odd, twice)
		VMOVDQU(twice, f.digit(2*i+1, 2))
		VPMULUDQ(nineteen4(), even, even)
		VPMULUDQ(nineteen4(), odd, odd)
		VMOVDQU(even, f.digit(2*i, 19))
		VMOVDQU(odd, f.digit(2*i+1, 19))
		VPADDQ(odd, odd, odd)
		VMOVDQU(odd, f.digit(2*i+1, 38))
	}
}

// A product is the ten digits of a product, not reduced. f_i·g_j counts in digit i+j,
// twice if i and j are odd, as 2^⌈25.5i⌉·2^⌈25.5j⌉ is then twice the weight of
// i+j; and 19 times in digit i+j-10 if that is not negative, as 2²⁵⁵ = 19.
type product [10]reg.VecVirtual

func (p *product) add(f reg.VecVirtual, i int, g factor, j int) {
	times, k := 1, i+j
	if k >= 10 {
		times, k = 19, k-10
	}
	if i&j&1 == 1 {
		times *= 2
	}
	t := YMM()
	VPMULUDQ(g.digit(j, times), f, t)
	if p[k] == nil {
		p[k] = t
	} else {
		VPADDQ(t, p[k], p[k])
	}
}

// limbs returns the product as tight limbs. Let the digits of the factors be below
// b·2²⁶ with b = 1.5. Digit k of the product is then below n_k·b²·2⁵² < 2⁶² with
//
//	n = 267, 154, 213, 118, 159, 82, 105, 46, 51, 10.
//
// First each digit gives its carry to the next, and the top one nineteen times
// its carry, which is below 10·b²·2²⁷ < 2³², to the lowest. Digit 2i is then below
// 2²⁶ + 190·b²·2²⁷ and digit 2i+1 below 2²⁵ + n_2i·b²·2²⁶. They make a limb below 2⁶²,
// and the top one below 2⁵¹ + 52·b²·2⁵², whose carry is below 240.
func (p *product) limbs() (l limbs) {
	width := func(k int) int { return 26 - k&1 }
	top := YMM()
	VPSRLQ(U8(25), p[9], top)
	VPMULUDQ(nineteen4(), top, top)
	for k := 8; k >= 0; k-- {
		c := YMM()
		VPSRLQ(U8(width(k)), p[k], c)
		VPAND(low(width(k+1)), p[k+1], p[k+1])
		VPADDQ(c, p[k+1], p[k+1])
	}
	VPAND(low(26), p[0], p[0])
	VPADDQ(top, p[0], p[0])
	for i := range l {
		l[i] = p[2*i]
		VPSLLQ(U8(26), p[2*i+1], p[2*i+1])
		VPADDQ(p[2*i+1], l[i], l[i])
	}
	l.carry()
	return l
}

func avx2Functions() {
	const binary = "func(out, a, b *[5][8]uint64)"
	at := func(m Mem) func(i int) reg.VecVirtual {
		return func(i int) reg.VecVirtual {
			l := YMM()
			VMOVDQU(m.Offset(64*i), l)
			return l
		}
	}

	TEXT("mulAVX2", 0, binary)
	Doc("mulAVX2 sets out = a·b. Arguments may be the same.")
	Pragma("noescape")
	out, a, b := pointer("out"), pointer("a"), pointer("b")
	g := newFactor()
	halves([]Mem{out, a, b}, func() {
		g.set(at(b))
		var p product
		for i := range 5 {
			even, odd := at(a)(i), YMM()
			VPSRLQ(U8(26), even, odd)
			VPAND(low(26), even, even)
			for k, f := range []reg.VecVirtual{even, odd} {
				for j := range 10 {
					p.add(f, 2*i+k, g, j)
				}
			}
		}
		p.limbs().store(out)
	})
	VZEROUPPER()
	RET()

	TEXT("sqrNAVX2", 0, "func(out, a *[5][8]uint64, n uint64)")
	Doc("sqrNAVX2 sets out = a^(2^n) for n > 0. Arguments may be the same.")
	Pragma("noescape")
	out, a = pointer("out"), pointer("a")
	n, rest := Load(Param("n"), GP64()), GP64()
	f := newFactor()
	halves([]Mem{out, a}, func() {
		MOVQ(n, rest)
		f.set(at(a))
		Label("loop")
		var p product
		for i := range 10 {
			d := YMM()
			VMOVDQU(f.digit(i, 1), d)
			p.add(d, i, f, i)
			VPADDQ(d, d, d)
			for j := i + 1; j < 10; j++ {
				p.add(d, i, f, j)
			}
		}
		l := p.limbs()
		l.store(out)
		DECQ(rest)
		JZ(LabelRef("done"))
		f.set(func(i int) reg.VecVirtual { return l[i] })
		JMP(LabelRef("loop"))
		Label("done")
	})
	VZEROUPPER()
	RET()

	TEXT("addAVX2", 0, binary)
	Doc("addAVX2 sets out = a + b. Arguments may be the same.")
	Pragma("noescape")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	halves([]Mem{out, a, b}, func() {
		x := loadLimbs(a)
		for i := range x {
			VPADDQ(b.Offset(64*i), x[i], x[i])
		}
		x.carry() // of at most 3
		x.store(out)
	})
	VZEROUPPER()
	RET()

	TEXT("subAVX2", 0, binary)
	Doc("subAVX2 sets out = a - b. Arguments may be the same.")
	Pragma("noescape")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	halves([]Mem{out, a, b}, func() {
		x := loadLimbs(a)
		for i := range x {
			// 2p, as in sub.
			if i == 0 {
				VPADDQ(constant4("twiceLowest", 2*(1<<51-19)), x[i], x[i])
			} else {
				VPADDQ(constant4("twiceOther", 2*(1<<51-1)), x[i], x[i])
			}
			VPSUBQ(b.Offset(64*i), x[i], x[i])
		}
		x.carry() // of at most 3
		x.store(out)
	})
	VZEROUPPER()
	RET()

	TEXT("blendAVX2", 0, "func(out, a, b *[5][8]uint64, mask uint8)")
	Doc("blendAVX2 sets the lanes of out to those of b where mask is set and to those of a elsewhere.",
		"Arguments may be the same.")
	Pragma("noescape")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	m := GP32()
	MOVBLZX(mustParam("mask"), m)
	bits := GLOBL("bits", NOPTR|RODATA)
	for i := range 4 {
		DATA(8*i, U64(1<<i))
	}
	halves([]Mem{out, a, b}, func() {
		lanes, low := YMM(), XMM()
		VMOVD(m, low)
		VPBROADCASTQ(low, lanes)
		VPAND(bits, lanes, lanes)
		VPCMPEQQ(bits, lanes, lanes)
		x := loadLimbs(a)
		for i := range x {
			VPBLENDVB(lanes, b.Offset(64*i), x[i], x[i])
		}
		x.store(out)
		SHRL(U8(4), m)
	})
	VZEROUPPER()
	RET()

	TEXT("freezeAVX2", 0, "func(out, a *[5][8]uint64)")
	Doc("freezeAVX2 sets out to a in the one representation below p. Arguments may be the same.")
	Pragma("noescape")
	out, a = pointer("out"), pointer("a")
	halves([]Mem{out, a}, func() {
		x := loadLimbs(a)
		x.freeze()
		x.store(out)
	})
	VZEROUPPER()
	RET()

	for _, op := range []struct {
		name, doc string
		test      func(x limbs)
	}{
		{"isNegativeAVX2", "returns the lanes in which a is odd: IS_NEGATIVE of RFC 9496, section 3.1.",
			func(x limbs) { VPSLLQ(U8(63), x[0], x[0]) }},
		{"isZeroAVX2", "returns the lanes in which a is zero.", func(x limbs) {
			zero := YMM()
			VPXOR(zero, zero, zero)
			for i := 1; i < 5; i++ {
				VPOR(x[i], x[0], x[0])
			}
			VPCMPEQQ(zero, x[0], x[0])
		}},
	} {
		TEXT(op.name, 0, "func(a *[5][8]uint64) uint8")
		Doc(op.name + " " + op.doc)
		Pragma("noescape")
		a = pointer("a")
		lanes := GP32()
		XORL(lanes, lanes)
		halves([]Mem{a}, func() {
			x, four := loadLimbs(a), GP32()
			x.freeze()
			op.test(x)
			VMOVMSKPD(x[0], four)
			// The second four go above the first, which end up in the low half.
			SHLL(U8(8), four)
			SHRL(U8(4), lanes)
			ORL(four, lanes)
		})
		SHRL(U8(4), lanes)
		Store(lanes.As8(), ReturnIndex(0))
		VZEROUPPER()
		RET()
	}
	lookupAVX2()
}

// freeze reduces tight limbs to the one representation below p, as the other kernel
// does.
func (l limbs) freeze() {
	l.carry()
	q := YMM()
	VPADDQ(nineteen4(), l[0], q)
	VPSRLQ(U8(51), q, q)
	for i := 1; i < 5; i++ {
		VPADDQ(l[i], q, q)
		VPSRLQ(U8(51), q, q)
	}
	VPMULUDQ(nineteen4(), q, q)
	VPADDQ(q, l[0], l[0])
	for i := range 4 {
		c := YMM()
		VPSRLQ(U8(51), l[i], c)
		VPAND(low(51), l[i], l[i])
		VPADDQ(c, l[i+1], l[i+1])
	}
	VPAND(low(51), l[4], l[4])
}

func mustParam(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// lookupAVX2 has digits of their own for the lanes, as scalars of their own have.
func lookupAVX2() {
	TEXT("lookupAVX2", 0, "func(sel *[4][5][8]uint64, table *[8][4][5][8]uint64, digits *[8]int8)")
	Doc("lookupAVX2 sets each lane of sel to |digit|·table[0], and to the identity for 0, with Y+X and Y-X",
		"exchanged if the digit is negative. The digits are in [-8, 8]. It reads the whole table.")
	Pragma("noescape")
	sel, table, digits := pointer("sel"), pointer("table"), pointer("digits")
	ones := constant4("ones", 1)
	halves([]Mem{sel, table}, func() {
		negative, abs, count, one := YMM(), YMM(), YMM(), YMM()
		VPMOVSXBQ(digits, abs)
		VPXOR(negative, negative, negative)
		VPCMPGTQ(abs, negative, negative)
		VPXOR(negative, abs, abs)
		VPSUBQ(negative, abs, abs)
		VMOVDQU(ones, one)
		var masks [9]reg.VecVirtual
		VPXOR(count, count, count)
		for i := range masks {
			masks[i] = YMM()
			VPCMPEQQ(count, abs, masks[i])
			VPADDQ(one, count, count)
		}
		VPAND(masks[0], one, one) // 1 for the identity
		for j := range 4 {
			for l := range 5 {
				acc := YMM()
				for e := range 8 {
					m := table.Offset(e*sizeofPoint + j*sizeofElement + 64*l)
					if e == 0 {
						VPAND(m, masks[1], acc)
						continue
					}
					t := YMM()
					VPAND(m, masks[e+1], t)
					VPOR(t, acc, acc)
				}
				if l == 0 { // (1, 1, 2, 0)
					for range []int{1, 1, 2, 0}[j] {
						VPADDQ(one, acc, acc)
					}
				}
				to := sel.Offset(j*sizeofElement + 64*l)
				if j == 1 {
					plus, t := YMM(), YMM()
					first := sel.Offset(64 * l)
					VMOVDQU(first, plus)
					VPXOR(acc, plus, t)
					VPAND(negative, t, t)
					VPXOR(t, plus, plus)
					VPXOR(t, acc, acc)
					VMOVDQU(plus, first)
				}
				VMOVDQU(acc, to)
			}
		}
		ADDQ(U8(4), digits.Base)
	})
	VZEROUPPER()
	RET()
}
