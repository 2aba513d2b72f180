package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// NewVec returns n numbers that are zero.
func (p *Party) NewVec(n int) Vec { return NewVec(n) }

// NewBits returns n words of zero bits.
func (p *Party) NewBits(n int) Vec { return NewVec(n) }

// Combine sets dst to f·x + g·y.
func (p *Party) Combine(dst Vec, f int64, x Vec, g int64, y Vec) {
	for c, z := range dst.Parts {
		a, b, f, g := x.Parts[c][:len(z)], y.Parts[c][:len(z)], uint64(f), uint64(g)
		for i := range z {
			z[i] = f*a[i] + g*b[i]
		}
	}
}

// Shift adds k to every element of x.
func (p *Party) Shift(x Vec, k int64) {
	// The constant goes into the summand 0.
	if part := p.first(x); part != nil {
		for i := range part {
			part[i] += uint64(k)
		}
	}
}

// first returns the summand 0 of x, if this party has it.
func (p *Party) first(x Vec) []uint64 {
	switch p.index {
	case 0:
		return x.Parts[0]
	case Parties - 1:
		return x.Parts[1]
	}
	return nil
}

// Weigh sets dst to x times k, element by element.
func (p *Party) Weigh(dst, x Vec, k []int64) {
	for c, z := range dst.Parts {
		a, k := x.Parts[c][:len(z)], k[:len(z)]
		for i := range z {
			z[i] = a[i] * uint64(k[i])
		}
	}
}

// Sum sets each element of dst to the sum of as many consecutive elements of x.
func (p *Party) Sum(dst, x Vec) {
	m, n := dst.Len(), x.Len()
	if n > 0 && (m == 0 || n%m != 0) {
		panic(fmt.Sprintf("rep3: internal error: %d sums of %d elements", m, n))
	}
	for c, z := range dst.Parts {
		part := x.Parts[c]
		for i := range z {
			var sum uint64
			for _, a := range part[n/m*i : n/m*(i+1)] {
				sum += a
			}
			z[i] = sum
		}
	}
}

// Prefix sets each element of dst to the sum of those of x up to it.
func (p *Party) Prefix(dst, x Vec) {
	for c, z := range dst.Parts {
		var sum uint64
		a := x.Parts[c][:len(z)]
		for i := range z {
			sum += a[i]
			z[i] = sum
		}
	}
}

// Not sets all words of x to their complements.
func (p *Party) Not(x Vec) {
	if part := p.first(x); part != nil {
		for i := range part {
			part[i] = ^part[i]
		}
	}
}

// RandomBits returns n words of random bits: each summand is a stream of its key.
func (p *Party) RandomBits(n int) (Vec, error) {
	if n < 0 {
		return Vec{}, fmt.Errorf("rep3: %d words of random bits", n)
	}
	v := engine.Unset(columns, n)
	p.ownInput.Uint64s(v.Parts[0])
	p.nextInput.Uint64s(v.Parts[1])
	return v, nil
}

var _ engine.Gates = (*Party)(nil)
