package two

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Conversions look at a number as the sum of what party 0 has and what party 1 has. The
// bits of each are known to one party, and are shares by themselves, with zeros at the
// other one: no message is needed.

// Summands implements [engine.Gates].
func (p *Party) Summands(x Vec, bits int, negate bool) ([]Vec, error) {
	if !x.Is(columns, x.Len()) || bits < 1 || bits > 64 {
		return nil, fmt.Errorf("two: %d bits of %d columns", bits, len(x.Parts))
	}
	planes := engine.Planes(bits)
	terms := []Vec{NewVec(planes * engine.Words(x.Len())), {}}
	terms[1] = terms[0].Clone()
	own := x.Parts[0]
	if negate && p.index == 1 {
		own = make([]uint64, x.Len())
		for i, w := range x.Parts[0] {
			own[i] = -w
		}
	}
	terms[p.index].Parts[0] = engine.Slice(own, planes)
	return terms, nil
}

// Negative returns where x is below zero.
func (p *Party) Negative(x Vec, bits int) (Vec, error) { return engine.Negative(p, x, bits) }

// Zero returns where x is zero.
func (p *Party) Zero(x Vec, bits int) (Vec, error) { return engine.Zero(p, x, bits) }

// Decompose returns the lowest bits of x.
func (p *Party) Decompose(x Vec, bits int) (Vec, error) { return engine.Decompose(p, x, bits) }

// Numbers returns bits as the numbers 0 and 1, in one round: with a random bit r that is
// shared both ways, b xor r is opened, and b is r or 1 - r [RW19].
func (p *Party) Numbers(n int, planes ...Vec) ([]Vec, error) {
	if n < 0 {
		return nil, fmt.Errorf("two: %d numbers", n)
	}
	for _, plane := range planes {
		if !plane.Is(columns, engine.Words(n)) {
			return nil, fmt.Errorf("two: %d numbers of %d words of bits", n, plane.Len())
		}
	}
	w := engine.Words(n)
	t, err := p.take(order{kind: numbers, rows: n * len(planes)})
	if err != nil {
		return nil, err
	}
	masked := make([]uint64, w*len(planes))
	for k, plane := range planes {
		packed := masked[k*w : (k+1)*w]
		// What is beyond n stays zero: it means nothing, and is not masked.
		for i, r := range t.a[k*n : (k+1)*n] {
			packed[i/64] |= (plane.Parts[0][i/64]>>(i%64)&1 ^ r) << (i % 64)
		}
	}
	opened := make([]uint64, len(masked))
	if err := p.exchange(masked, opened); err != nil {
		return nil, err
	}
	vecs := make([]Vec, len(planes))
	for k := range vecs {
		vecs[k] = NewVec(n)
		z := vecs[k].Parts[0]
		for i, r := range t.c[k*n : (k+1)*n] {
			e := (opened[k*w+i/64] ^ masked[k*w+i/64]) >> (i % 64) & 1
			// r or 1 - r; e is public, and so is who adds the constant.
			z[i] = (r ^ -e) + e
			if p.index == 0 {
				z[i] += e
			}
		}
	}
	return vecs, nil
}

// Truncate sets dst to x / 2^shift, rounded down or up, in two rounds. With an offset that
// makes it positive, x is u + w - 2^64·c, where the carry c is one unless the highest
// bits of u and of w are both zero, since x has a zero there. Dividing u and w separately
// drops the carry out of the bits that are cut off, which is there with a probability of
// about one less their fraction, as u is uniform: adding one to the quotient makes of
// rounding down or below, rounding down or up. The two highest bits are known to one party
// each, so that c takes one conjunction and one conversion.
func (p *Party) Truncate(dst, x Vec, shift int) error {
	n := dst.Len()
	if !dst.Is(columns, n) || !x.Is(columns, n) || shift <= 0 || shift >= 62 {
		return fmt.Errorf("two: %d elements divided by 2^%d for %d", x.Len(), shift, n)
	}
	const offset = 1 << 62 // x is then from 0 to 2^63 - 1
	// Shares of public numbers are not uniform; all are made so.
	own := make([]uint64, n)
	p.joint.Uint64s(own)
	u, w := NewVec(engine.Words(n)), NewVec(engine.Words(n))
	positive := []Vec{u, w}[p.index].Parts[0] // where this party's highest bit is zero
	for i, a := range x.Parts[0] {
		if p.index == 0 {
			own[i] = a + own[i] + offset
		} else {
			own[i] = a - own[i]
		}
		positive[i/64] |= ^own[i] >> 63 << (i % 64)
	}
	none := NewVec(engine.Words(n))
	if err := p.And([]Vec{none}, []Vec{u}, []Vec{w}); err != nil {
		return err
	}
	carry, err := p.Numbers(n, none)
	if err != nil {
		return err
	}
	z := dst.Parts[0]
	for i, c := range carry[0].Parts[0] {
		// The carry is one minus c.
		z[i] = own[i]>>shift + c<<(64-shift)
	}
	p.Shift(dst, 1-1<<(64-shift)-offset>>shift)
	return nil
}
