package rlwe

import "math/bits"

// A poly is a polynomial modulo all primes: the residues of all coefficients
// modulo the first, then those modulo the second.
type poly []uint64

func (p *Params) newPoly() poly { return make(poly, p.n*len(p.limbs)) }

// limb returns the residues of x modulo prime i.
func (p *Params) limb(x poly, i int) []uint64 { return x[i*p.n:][:p.n:p.n] }

// appendPoly appends the packed residues.
func (p *Params) appendPoly(dst []byte, x poly) []byte {
	for i, l := range p.limbs {
		dst = appendPacked(dst, p.limb(x, i), l.bits)
	}
	return dst
}

// parsePoly reads packed residues, each of which must be less than its prime.
// It sets x to anything if it fails.
func (p *Params) parsePoly(x poly, b []byte) error {
	if len(b) != p.ringSize() {
		return ErrMalformed
	}
	for i, l := range p.limbs {
		size := packedSize(p.n, l.bits)
		if !unpack(p.limb(x, i), b[:size], l.bits, l.q-1) {
			return ErrMalformed
		}
		b = b[size:]
	}
	return nil
}

// A block is a run of residues that fits the nearest cache, and begins and ends at
// a byte when packed.
type block [512]uint64

// eachBlock is parsePoly, which hands out the residues block by block instead:
// those modulo a prime from an index on. It may fail after it handed out some.
func (p *Params) eachBlock(x *block, b []byte, take func(limb, at int, residues []uint64)) error {
	if len(b) != p.ringSize() {
		return ErrMalformed
	}
	residues := x[:min(len(x), p.n)]
	for i, l := range p.limbs {
		size := packedSize(len(residues), l.bits)
		for at := 0; at < p.n; at += len(residues) {
			if !unpack(residues, b[:size], l.bits, l.q-1) {
				return ErrMalformed
			}
			take(i, at, residues)
			b = b[size:]
		}
	}
	return nil
}

// addPoly adds y to x.
func (p *Params) addPoly(x, y poly) {
	for i := range p.limbs {
		p.limbs[i].Add(p.limb(x, i), p.limb(y, i), p.limb(x, i))
	}
}

// mulPoly sets z to the product of x and y place by place, of which one is in
// Montgomery form, and which are both transformed.
func (p *Params) mulPoly(z, x, y poly) {
	for i := range p.limbs {
		p.limbs[i].MulCoeffsMontgomery(p.limb(x, i), p.limb(y, i), p.limb(z, i))
	}
}

// inverse transforms x back to coefficients.
func (p *Params) inverse(x poly) {
	for i := range p.limbs {
		p.limbs[i].INTT(p.limb(x, i), p.limb(x, i))
	}
}

// montgomery brings x into Montgomery form.
func (p *Params) montgomery(x poly) {
	for i := range p.limbs {
		p.limbs[i].MForm(p.limb(x, i), p.limb(x, i))
	}
}

// compose returns the coefficient of x at i, from its residues, modulo Q
// [Garner's form of the Chinese remainder theorem]: x0 + q0 ((x1 - x0)/q0 mod q1).
func (p *Params) compose(x poly, i int) uint128 {
	x0 := x[i]
	if len(p.limbs) == 1 {
		return uint128{0, x0}
	}
	l := &p.limbs[1]
	d, b := bits.Sub64(x[p.n+i], x0, 0) // x0 < q0 < q1
	t := l.mul(d+l.q&-b, p.q0Inv)
	hi, lo := bits.Mul64(p.limbs[0].q, t)
	lo, c := bits.Add64(lo, x0, 0)
	return uint128{hi + c, lo}
}
