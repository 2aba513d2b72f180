//go:build amd64 && !purego

package ristretto255

import "github.com/dujiang-dev/dujiang/internal/cpu"

// mul sets out = a·b. Arguments of this and the other functions may be the same.
func mul(out, a, b *element) {
	if cpu.IFMA.Enabled() {
		mulIFMA(out, a, b)
	} else {
		mulAVX2(out, a, b)
	}
}

// add sets out = a + b.
func add(out, a, b *element) {
	if cpu.IFMA.Enabled() {
		addIFMA(out, a, b)
	} else {
		addAVX2(out, a, b)
	}
}

// sub sets out = a - b.
func sub(out, a, b *element) {
	if cpu.IFMA.Enabled() {
		subIFMA(out, a, b)
	} else {
		subAVX2(out, a, b)
	}
}

// sqrN sets out = a^(2^n) for n > 0.
func sqrN(out, a *element, n uint64) {
	if cpu.IFMA.Enabled() {
		sqrNIFMA(out, a, n)
	} else {
		sqrNAVX2(out, a, n)
	}
}

// sqrN2 is sqrN for two.
func sqrN2(out, a *[2]element, n uint64) {
	if cpu.IFMA.Enabled() {
		sqrN2IFMA(out, a, n)
		return
	}
	sqrNAVX2(&out[0], &a[0], n)
	sqrNAVX2(&out[1], &a[1], n)
}

// blend sets the lanes of out to those of b where mask is set and to those of a
// elsewhere.
func blend(out, a, b *element, mask uint8) {
	if cpu.IFMA.Enabled() {
		blendIFMA(out, a, b, mask)
	} else {
		blendAVX2(out, a, b, mask)
	}
}

// freeze sets out to a in the one representation below p.
func freeze(out, a *element) {
	if cpu.IFMA.Enabled() {
		freezeIFMA(out, a)
	} else {
		freezeAVX2(out, a)
	}
}

// isNegative returns the lanes in which a is odd: IS_NEGATIVE of RFC 9496, section
// 3.1.
func isNegative(a *element) uint8 {
	if cpu.IFMA.Enabled() {
		return isNegativeIFMA(a)
	}
	return isNegativeAVX2(a)
}

// isZero returns the lanes in which a is zero.
func isZero(a *element) uint8 {
	if cpu.IFMA.Enabled() {
		return isZeroIFMA(a)
	}
	return isZeroAVX2(a)
}

// buildTable sets table[i] to (i+1)·p, in the form that additions take. It destroys
// p.
func buildTable(m *multiplier) {
	if cpu.IFMA.Enabled() {
		buildTableIFMA(m)
		return
	}
	m.table[0].set(&m.p, &m.d2)
	for i := range m.table[1:] {
		m.p.add(&m.table[0], true)
		m.table[i+1].set(&m.p, &m.d2)
	}
}

// addPoint sets p = p + q.
func addPoint(m *multiplier, q *point) {
	if cpu.IFMA.Enabled() {
		addPointIFMA(m, q)
		return
	}
	m.sel.set(q, &m.d2)
	m.p.add(&m.sel, true)
}

// mulDigits sets X, Y and Z of p, which is the identity before, to the sum of
// 16^i·digits[i]·table[0]. The digits are in [-8, 8]. No address, and no branch,
// depends on a digit.
func mulDigits(m *multiplier, digits *[64]int8) {
	if cpu.IFMA.Enabled() {
		mulDigitsIFMA(m, digits)
		return
	}
	for i := 63; i >= 0; i-- {
		if i < 63 {
			m.p.shift()
		}
		var each [lanes]int8
		for j := range each {
			each[j] = digits[i]
		}
		m.lookup(&m.table, &each)
		// The last addition, too, is followed by a doubling, which needs no T.
		m.p.add(&m.sel, false)
	}
}

// mulDigitsEach is mulDigits with a scalar of its own for each lane, and the multiples
// of a comb.
func mulDigitsEach(m *multiplier, digits *[64][lanes]int8, c *comb) {
	for i := 64/combs - 1; i >= 0; i-- {
		if i < 64/combs-1 {
			m.p.shift()
		}
		for k := range c {
			m.lookup(&c[k], &digits[k*64/combs+i])
			m.p.add(&m.sel, k < combs-1)
		}
	}
}

// shift sets p to 16p.
func (p *point) shift() {
	p.double(false)
	p.double(false)
	p.double(false)
	p.double(true)
}

// lookup sets sel to digit·table[0], with a digit in [-8, 8] for each lane.
func (m *multiplier) lookup(table *[8]cached, digits *[lanes]int8) {
	lookupAVX2(&m.sel, table, digits)
	var negative uint8
	for i, d := range digits {
		negative |= uint8(d) >> 7 << i
	}
	negateIf(&m.sel.T2d, negative)
}

// set makes q the operand p of an addition. d2 is 2d.
func (q *cached) set(p *point, d2 *element) {
	add(&q.YplusX, &p.Y, &p.X)
	sub(&q.YminusX, &p.Y, &p.X)
	add(&q.Z2, &p.Z, &p.Z)
	mul(&q.T2d, &p.T, d2)
}

// add sets p to p + q [HWCD08, section 3.1; "add-2008-hwcd-3"], with T only if a later
// addition needs it. See _asm/point.go for the curve.
func (p *point) add(q *cached, withT bool) {
	var a, b, c, d element
	sub(&a, &p.Y, &p.X)
	mul(&a, &a, &q.YminusX)
	add(&b, &p.Y, &p.X)
	mul(&b, &b, &q.YplusX)
	mul(&c, &p.T, &q.T2d)
	mul(&d, &p.Z, &q.Z2)
	var e, f, g, h element
	sub(&e, &b, &a)
	add(&h, &b, &a)
	sub(&f, &d, &c)
	add(&g, &d, &c)
	p.complete(&e, &f, &g, &h, withT)
}

// double sets p to 2p [HWCD08, section 3.3], with all of E, F, G and H negated, which
// does not change their products. It does not read T.
func (p *point) double(withT bool) {
	var a, b, e, f, g, h element
	add(&e, &p.X, &p.Y)
	sqr(&e, &e)
	sqr(&a, &p.X)
	sqr(&b, &p.Y)
	add(&h, &a, &b)
	sub(&g, &a, &b)
	sub(&e, &h, &e)
	sqr(&f, &p.Z)
	add(&f, &f, &f)
	add(&f, &f, &g)
	p.complete(&e, &f, &g, &h, withT)
}

// complete multiplies the intermediate values of an addition or a doubling.
func (p *point) complete(e, f, g, h *element, withT bool) {
	mul(&p.X, e, f)
	mul(&p.Y, g, h)
	mul(&p.Z, f, g)
	if withT {
		mul(&p.T, e, h)
	}
}

//go:noescape
func mulIFMA(out, a, b *element)

//go:noescape
func addIFMA(out, a, b *element)

//go:noescape
func subIFMA(out, a, b *element)

//go:noescape
func sqrNIFMA(out, a *element, n uint64)

//go:noescape
func sqrN2IFMA(out, a *[2]element, n uint64)

//go:noescape
func blendIFMA(out, a, b *element, mask uint8)

//go:noescape
func freezeIFMA(out, a *element)

//go:noescape
func isNegativeIFMA(a *element) uint8

//go:noescape
func isZeroIFMA(a *element) uint8

//go:noescape
func buildTableIFMA(m *multiplier)

//go:noescape
func addPointIFMA(m *multiplier, q *point)

//go:noescape
func mulDigitsIFMA(m *multiplier, digits *[64]int8)

//go:noescape
func mulAVX2(out, a, b *element)

//go:noescape
func addAVX2(out, a, b *element)

//go:noescape
func subAVX2(out, a, b *element)

//go:noescape
func sqrNAVX2(out, a *element, n uint64)

//go:noescape
func blendAVX2(out, a, b *element, mask uint8)

//go:noescape
func freezeAVX2(out, a *element)

//go:noescape
func isNegativeAVX2(a *element) uint8

//go:noescape
func isZeroAVX2(a *element) uint8

//go:noescape
func lookupAVX2(sel *cached, table *[8]cached, digits *[lanes]int8)
