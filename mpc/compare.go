package mpc

import (
	"context"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// Comparisons look at the difference d of two vectors as the sum of u, which party 0
// knows, since it has two of the summands, and of w, the third summand, which both
// others know. Party 0 shares the bits of u, and shares of those of w need no message
// [MR18, section 5.4.1, has the conversion of three summands; with the two of one party
// added up first, there are only two].
//
// Bits are in planes: plane q of a vector of words has one bit of each number. Bit k
// of the numbers is in plane place(k).

// planes is the number of planes.
const planes = 64

// place returns the plane of bit k. The planes of bits 0 to 62, that carries go
// through, are 1 to 63, in the order of the reversed binary digits of k+1: two bits
// that are next to each other, at any level of the tree of carries, are then at the
// same place of the lower and of the upper half. Bit 63 is in plane 0.
func place(k int) int { return int(bits.Reverse8(uint8((k+1)%planes)) >> 2) }

// slice returns the planes of numbers, and nil for nil.
func slice(numbers []uint64) []uint64 {
	if numbers == nil {
		return nil
	}
	w := words(len(numbers))
	sliced := make([]uint64, planes*w)
	var places [planes]int
	for k := range places {
		places[k] = place(k) * w
	}
	for i := range w {
		var block [64]uint64
		copy(block[:], numbers[64*i:])
		transpose(&block)
		for k, word := range block {
			sliced[places[k]+i] = word
		}
	}
	return sliced
}

// transpose moves bit k of word i to bit i of word k, in blocks of halving sizes.
func transpose(a *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for size := 32; size > 0; {
		for base := 0; base < 64; base += 2 * size {
			lower, upper := a[base:base+size], a[base+size:base+2*size]
			for i := range lower {
				t := (lower[i]>>size ^ upper[i]) & mask
				lower[i] ^= t << size
				upper[i] ^= t
			}
		}
		size /= 2
		mask ^= mask << size
	}
}

// terms returns shares of the planes of u and w, where u + w = x - y, or with negate
// where u - w = x - y. It is one round.
func (e *Engine) terms(x, y *Vec, negate bool) (u, w rep3.Vec, err error) {
	first, second := e.party.Pair(x.combine(Range{}, 1, ^uint64(0), y).share, true)
	if negate {
		for i := range second {
			second[i] = -second[i]
		}
	}
	n := planes * words(x.Len())
	if u, err = e.party.InputBits(0, n, slice(first)); err != nil {
		return u, w, err
	}
	w, err = e.party.Second(n, slice(second))
	return u, w, err
}

// Less returns where x is less than y. The difference of their ranges must fit in 64
// bits, which it does if both are of 63.
func (e *Engine) Less(ctx context.Context, x, y *Vec) (*Bits, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if _, err := x.r.difference(y.r); err != nil {
		return nil, err
	}
	return e.compare(ctx, x, y, (*Engine).negative)
}

// Equal returns where x and y are equal, whatever their ranges are.
func (e *Engine) Equal(ctx context.Context, x, y *Vec) (*Bits, error) {
	return e.compare(ctx, x, y, (*Engine).zero)
}

func (e *Engine) compare(ctx context.Context, x, y *Vec, f func(e *Engine, x, y *Vec) (rep3.Vec, error)) (*Bits, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if err := pair(x, y); err != nil {
		return nil, err
	}
	b := &Bits{engine: e, n: x.Len()}
	err := e.during(ctx, func() (err error) {
		b.share, err = f(e, x, y)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// negative returns the highest bit of x - y, in eight rounds: the carry into it comes
// from a tree of six levels [Skl60], of which only the root is needed.
func (e *Engine) negative(x, y *Vec) (rep3.Vec, error) {
	u, w, err := e.terms(x, y, false)
	if err != nil {
		return rep3.Vec{}, err
	}
	plane := words(x.Len())
	// A bit generates a carry where both terms have a one, and propagates one where
	// one has. Plane 0 stands for what is below bit 0, where there is none.
	generate := rep3.NewVec(planes * plane)
	if err := e.and(generate.Slice(plane, planes*plane), u.Slice(plane, planes*plane), w.Slice(plane, planes*plane)); err != nil {
		return rep3.Vec{}, err
	}
	propagate := u
	rep3.Xor(propagate, u, w)
	sign := propagate.Slice(0, plane)
	for half := planes / 2; half >= 1; half /= 2 {
		lo, mid, hi := plane, half*plane, 2*half*plane
		g, p := rep3.NewVec(mid), rep3.NewVec(mid)
		// Whether the lowest ones propagate does not matter: plane 0 of p stays zero.
		err := e.party.And([]rep3.Vec{g, p.Slice(lo, mid)},
			[]rep3.Vec{propagate.Slice(mid, hi), propagate.Slice(mid+lo, hi)},
			[]rep3.Vec{generate.Slice(0, mid), propagate.Slice(lo, mid)})
		if err != nil {
			return rep3.Vec{}, err
		}
		rep3.Xor(g, g, generate.Slice(mid, hi))
		generate, propagate = g, p
	}
	rep3.Xor(generate, generate, sign)
	return generate, nil
}

// zero returns where x - y is zero, in seven rounds: u and w are equal in all bits.
func (e *Engine) zero(x, y *Vec) (rep3.Vec, error) {
	u, w, err := e.terms(x, y, true)
	if err != nil {
		return rep3.Vec{}, err
	}
	same := u
	rep3.Xor(same, u, w)
	e.party.Not(same)
	plane := words(x.Len())
	for half := planes / 2; half >= 1; half /= 2 {
		z := rep3.NewVec(half * plane)
		if err := e.and(z, same.Slice(0, half*plane), same.Slice(half*plane, 2*half*plane)); err != nil {
			return rep3.Vec{}, err
		}
		same = z
	}
	return same, nil
}
