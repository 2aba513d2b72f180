package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Points are in extended coordinates on -x² + y² = 1 + dx²y²: x = X/Z, y = Y/Z,
// xy = T/Z. The formulas are those of Hisil, Wong, Carter and Dawson, "Twisted
// Edwards Curves Revisited" [HWCD08], with a = -1: complete, so that no input
// needs a case of its own.
type point struct{ X, Y, Z, T Mem }

func pointAt(m Mem) point {
	return point{m, m.Offset(sizeofElement), m.Offset(2 * sizeofElement), m.Offset(3 * sizeofElement)}
}

// cached is a point as the second operand of an addition:
// (Y+X, Y-X, 2Z, 2dT).
type cached struct{ YplusX, YminusX, Z2, T2d Mem }

const sizeofPoint = 4 * sizeofElement

func cachedAt(m Mem) cached {
	return cached{m, m.Offset(sizeofElement), m.Offset(2 * sizeofElement), m.Offset(3 * sizeofElement)}
}

// multiplier is the layout of the Go type of this name.
func multiplierAt(m Mem) (p point, sel cached, d2 Mem, table Mem) {
	return pointAt(m), cachedAt(m.Offset(sizeofPoint)), m.Offset(2 * sizeofPoint), m.Offset(2*sizeofPoint + sizeofElement)
}

// complete multiplies the tight intermediate values of an addition or a
// doubling and stores the result, with T only if a later addition needs it. It
// releases its arguments.
func (p point) complete(E, F, G, H element, withT bool) {
	product := func(a, b element, m Mem) {
		x := mul(a, b).carry() // top limb below 51·2⁵²
		x.store(m)
		x.release()
	}
	product(G, H, p.Y)
	product(E, F, p.X)
	product(F, G, p.Z)
	F.release()
	G.release()
	if withT {
		product(E, H, p.T)
	}
	E.release()
	H.release()
}

// double sets p to 2p [HWCD08, section 3.3], with all of E, F, G and H negated,
// which does not change their products. It does not read T.
func (p point) double(withT bool) {
	// Bounds are for limbs and, after the semicolon, for the top limb, in
	// multiples of 2⁵²; raw squares are within 267; 51.
	X := load(p.X)
	A := sqr(X)
	Y := load(p.Y)
	S := X.add(Y).carry()
	B := sqr(Y)
	Y.release()
	// H = A + B: 534; 102.
	H := A.plus(B).carry()
	// G = A - B + bias: 780; 564.
	G := A.sub(B, biasRaw).carry()
	B.release()
	// E = H - (X + Y)² + bias: 514; 514.
	SS := sqr(S)
	S.release()
	E := SS.negate(biasRaw).add(H).carry()
	// F = 2Z² + G: 535; 103.
	Z := load(p.Z)
	F := sqr(Z)
	Z.release()
	F.add(F).add(G).carry()
	p.complete(E, F, G, H, withT)
}

// add sets p to p + q, or to p - q in every lane if swap is set and q's first
// two were exchanged [HWCD08, section 3.1; "add-2008-hwcd-3"].
func (p point) add(q cached, swap *reg.OpmaskPhysical, withT bool) {
	// Bounds as in double.
	X, Y := load(p.X), load(p.Y)
	sum := X.plus(Y).carry()            // 2; 2
	diff := Y.sub(X, biasTight).carry() // 2; 2
	X.release()
	A := mulMem(diff, q.YminusX)
	diff.release()
	B := mulMem(sum, q.YplusX)
	sum.release()
	// H = B + A: 534; 102.
	H := B.plus(A).carry()
	// E = B - A + bias: 780; 564.
	E := B.sub(A, biasRaw).carry()
	A.release()
	T := load(p.T)
	C := mulMem(T, q.T2d)
	T.release()
	Z := load(p.Z)
	D := mulMem(Z, q.Z2)
	Z.release()
	// G = D + C: 534; 102.
	G := D.plus(C).carry()
	// F = D - C + bias: 780; 564.
	F := D.sub(C, biasRaw).carry()
	C.release()
	if swap != nil {
		// -q has -T2d in place of T2d, which exchanges F and G.
		t := alloc()
		for i := range F {
			VMOVDQA64(F[i], t)
			VPBLENDMQ(G[i], F[i], *swap, F[i])
			VPBLENDMQ(t, G[i], *swap, G[i])
		}
		release(t)
	}
	p.complete(E, F, G, H, withT)
}

// toCached stores p as an operand of additions. d2 holds 2d.
func (p point) toCached(q cached, d2 Mem) {
	X, Y := load(p.X), load(p.Y)
	s := X.plus(Y).carry()
	s.store(q.YplusX)
	s.release()
	Y.sub(X, biasTight).carry().store(q.YminusX)
	X.release()
	Y.release()
	Z := load(p.Z)
	Z.add(Z).carry().store(q.Z2)
	Z.release()
	T := load(p.T)
	x := mulMem(T, d2).carry()
	x.store(q.T2d)
	T.release()
	x.release()
}

func pointFunctions() {
	TEXT("buildTableIFMA", NOSPLIT, "func(m *[13120]byte)")
	Doc("buildTableIFMA sets table[i] to (i+1)·p, in the form that additions take. It destroys p.")
	m := pointer("m")
	begin()
	p, sel, d2, table := multiplierAt(m)
	first := cachedAt(table)
	p.toCached(first, d2)
	next, n := GP64(), GP64()
	LEAQ(table.Offset(sizeofPoint), next)
	MOVQ(U64(7), n)
	Label("loop")
	p.add(first, nil, true)
	p.toCached(cachedAt(Mem{Base: next}), d2)
	ADDQ(U32(sizeofPoint), next)
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()

	TEXT("addPointIFMA", NOSPLIT, "func(m *[13120]byte, q *[4][5][8]uint64)")
	Doc("addPointIFMA sets p = p + q.")
	m = pointer("m")
	q := pointer("q")
	begin()
	p, sel, d2, _ = multiplierAt(m)
	pointAt(q).toCached(sel, d2)
	p.add(sel, nil, true)
	end()

	TEXT("mulDigitsIFMA", NOSPLIT, "func(m *[13120]byte, digits *[64]int8)")
	Doc("mulDigitsIFMA sets X, Y and Z of p, which is the identity before, to the sum of 16^i·digits[i]·table[0].",
		"The digits are in [-8, 8]. No address, and no branch, depends on a digit.")
	m = pointer("m")
	digits := Load(Param("digits"), GP64())
	begin()
	p, sel, _, table = multiplierAt(m)
	i, k := GP64(), GP64()
	MOVQ(U64(63), i)
	JMP(LabelRef("lookup"))

	Label("next")
	MOVQ(U64(3), k)
	Label("double")
	p.double(false)
	DECQ(k)
	JNZ(LabelRef("double"))
	p.double(true)

	Label("lookup")
	swap := reg.K1
	lookup(sel, table, Mem{Base: digits, Index: i, Scale: 1}, swap)
	// The last addition, too, is followed by a doubling, which needs no T.
	p.add(sel, &swap, false)
	DECQ(i)
	JNS(LabelRef("next"))
	end()
}

// lookup sets sel to |digit|·table[0] with Y+X and Y-X exchanged if the digit is
// negative, and all bits of swap to whether it is. It reads the whole table.
func lookup(sel cached, table, digit Mem, swap reg.OpmaskPhysical) {
	d, sign := GP64(), GP64()
	MOVBQSX(digit, d)
	MOVQ(d, sign)
	SARQ(U8(63), sign)
	XORQ(sign, d)
	SUBQ(sign, d)
	KMOVB(sign.As32(), swap)
	abs, n, one, mask := alloc(), alloc(), alloc(), alloc()
	VPBROADCASTQ(d, abs)
	VPTERNLOGQ(U8(0xff), one, one, one) // -1
	zero(n)
	// The identity is (1, 1, 2, 0).
	var acc [4]element
	for j := range acc {
		acc[j] = allocElement()
		for _, r := range acc[j] {
			zero(r)
		}
	}
	VPCMPEQQ(n, abs, reg.K2)
	VPMOVM2Q(reg.K2, mask)
	VPSUBQ(mask, acc[0][0], acc[0][0])
	VPSUBQ(mask, acc[1][0], acc[1][0])
	VPADDQ(acc[0][0], acc[0][0], acc[2][0])
	for e := range 8 {
		VPSUBQ(one, n, n)
		VPCMPEQQ(n, abs, reg.K2)
		VPMOVM2Q(reg.K2, mask)
		for j := range acc {
			for l, r := range acc[j] {
				// acc | mask & table
				VPTERNLOGQ(U8(0xf8), table.Offset(e*sizeofPoint+j*sizeofElement+64*l), mask, r)
			}
		}
	}
	for l := range acc[0] {
		plus, minus := acc[0][l], acc[1][l]
		VPBLENDMQ(minus, plus, swap, mask)
		VMOVDQU64(mask, sel.YplusX.Offset(64*l))
		VPBLENDMQ(plus, minus, swap, mask)
		VMOVDQU64(mask, sel.YminusX.Offset(64*l))
	}
	acc[2].store(sel.Z2)
	acc[3].store(sel.T2d)
	for j := range acc {
		acc[j].release()
	}
	release(abs, n, one, mask)
}
