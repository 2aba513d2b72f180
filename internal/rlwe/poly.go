package rlwe

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
)

// A poly is a polynomial modulo all primes: the residues of all coefficients
// modulo the first, then those modulo the next.
type poly []uint64

func (p *Params) newPoly() poly { return make(poly, p.n*len(p.limbs)) }

// limb returns the residues of x modulo prime i.
func (p *Params) limb(x poly, i int) []uint64 { return x[i*p.n:][:p.n:p.n] }

// appendPoly appends the packed residues.
func (p *Params) appendPoly(dst []byte, x poly) []byte {
	for i, l := range p.limbs {
		dst = bitpack.Append(dst, p.limb(x, i), l.bits)
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
		size := bitpack.Size(p.n, l.bits)
		if !bitpack.Unpack(p.limb(x, i), b[:size], l.bits, l.q-1) {
			return ErrMalformed
		}
		b = b[size:]
	}
	return nil
}

// addPacked adds packed residues, each of which must be less than its prime, to x.
// It sets x to anything if it fails.
func (p *Params) addPacked(x poly, b []byte) error {
	if len(b) != p.ringSize() {
		return ErrMalformed
	}
	for i, l := range p.limbs {
		size := bitpack.Size(p.n, l.bits)
		if !bitpack.UnpackAdd(p.limb(x, i), b[:size], l.bits, l.q) {
			return ErrMalformed
		}
		b = b[size:]
	}
	return nil
}

// A block is a run of residues that fits the nearest cache, and begins and ends at
// a byte when packed.
type block [512]uint64

// checkPacked reports whether b is packed residues, each less than its prime.
func (p *Params) checkPacked(x *block, b []byte) error {
	if len(b) != p.ringSize() {
		return ErrMalformed
	}
	residues := x[:min(len(x), p.n)]
	for _, l := range p.limbs {
		size := bitpack.Size(len(residues), l.bits)
		for at := 0; at < p.n; at += len(residues) {
			if !bitpack.Unpack(residues, b[:size], l.bits, l.q-1) {
				return ErrMalformed
			}
			b = b[size:]
		}
	}
	return nil
}

// addPoly adds y to x.
func (p *Params) addPoly(x, y poly) {
	for i, l := range p.limbs {
		y := p.limb(y, i)
		for j, v := range p.limb(x, i) {
			x[i*p.n+j] = subtract(v+y[j], l.q)
		}
	}
}

// negate sets x to -x.
func (p *Params) negate(x poly) {
	for i, l := range p.limbs {
		for j, v := range p.limb(x, i) {
			x[i*p.n+j] = subtract(l.q-v, l.q)
		}
	}
}

// mulPoly sets z to the product of x and y place by place, which are transformed.
func (p *Params) mulPoly(z, x, y poly) {
	for i := range p.limbs {
		p.limbs[i].Mul(p.limb(z, i), p.limb(x, i), p.limb(y, i))
	}
}

// inverse transforms x back to coefficients.
func (p *Params) inverse(x poly) {
	for i := range p.limbs {
		p.limbs[i].Inverse(p.limb(x, i), p.limb(x, i))
	}
}

// scale multiplies the residues of x modulo prime i by c, which is in Montgomery
// form.
func (p *Params) scale(x poly, i int, c uint64) {
	r := p.limb(x, i)
	for j, v := range r {
		r[j] = p.limbs[i].mul(v, c)
	}
}

// run is the number of coefficients that are worked on in full at a time.
const run = 64

// A wide is a run of numbers modulo Q.
type wide struct{ hi, lo [run]uint64 }

func (y *wide) clear() {
	clear(y.hi[:])
	clear(y.lo[:])
}

// addTo adds n coefficients of x, a run at most, from at on to y, where no sum
// must come to 2^128. They are composed of their residues [Garner's form of the
// Chinese remainder theorem]: x0 + q0 (t1 + q1 t2), where t1 = (x1 - x0)/q0 mod q1
// and t2 = ((x2 - x0)/q0 - t1)/q1 mod q2. Primes are in increasing order, so that
// what is subtracted is a residue.
func (p *Params) addTo(y *wide, x poly, at, n int) {
	x0 := x[at:][:n:n]
	if len(p.limbs) == 1 {
		for i, v := range x0 {
			var c uint64
			y.lo[i&(run-1)], c = bits.Add64(y.lo[i&(run-1)], v, 0)
			y.hi[i&(run-1)] += c
		}
		return
	}
	var t1, t2 [run]uint64
	p.limbs[1].SubMul(t1[:n], x[p.n+at:][:n], x0, p.garner[0])
	q0, q1 := p.limbs[0].q, uint64(0)
	if len(p.limbs) == 3 {
		p.limbs[2].SubMul(t2[:n], x[2*p.n+at:][:n], x0, p.garner[1])
		p.limbs[2].SubMul(t2[:n], t2[:n], t1[:n], p.garner[2])
		q1 = p.limbs[1].q
	}
	for i, v := range x0 {
		i &= run - 1 // it is below run
		h, l := bits.Mul64(q1, t2[i])
		l, c := bits.Add64(l, t1[i], 0)
		h += c
		zh, zl := bits.Mul64(q0, l)
		zl, c = bits.Add64(zl, v, 0)
		zh += q0*h + c
		y.lo[i], c = bits.Add64(y.lo[i], zl, 0)
		y.hi[i] += zh + c
	}
	clear(t1[:])
	clear(t2[:])
}
