package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// Conversions look at a number as the sum of u, which party 0 knows, since it has two
// of the summands, and of w, the third summand, which both others know. Party 0 shares
// u, or its bits, and shares of w need no message [MR18, section 5.4.1, has the
// conversion of three summands; with the two of one party added up first, there are
// only two].

// pair returns the secrets of x as sums of two: party 0 knows the first ones, and
// parties 1 and 2 the second ones, which are summand 2. What a party does not know
// is nil. With add, x is one of numbers, and otherwise one of words of bits.
func (p *Party) pair(x Vec, add bool) (first, second []uint64) {
	own, next := x.Parts[0], x.Parts[1]
	switch p.index {
	case 0:
		first = ring64.Unset[uint64](len(own))
		for i, a := range own {
			if add {
				first[i] = a + next[i]
			} else {
				first[i] = a ^ next[i]
			}
		}
		return first, nil
	case 1:
		return nil, next
	}
	return nil, own
}

// known returns shares of n words that parties 1 and 2 know, and pass, as secrets of
// their own, numbers or bits: the other summands of them are zero. Nothing is sent.
func (p *Party) known(n int, words []uint64) Vec {
	switch p.index {
	case 0:
		return NewVec(n)
	case 1:
		return Vec{Parts: [][]uint64{make([]uint64, n), words}}
	}
	return Vec{Parts: [][]uint64{words, make([]uint64, n)}}
}

// Summands implements [engine.Gates] in one round.
func (p *Party) Summands(x Vec, bits int, negate bool) ([]Vec, error) {
	if !x.Is(columns, x.Len()) || bits < 1 || bits > 64 {
		return nil, fmt.Errorf("rep3: %d bits of %d columns", bits, len(x.Parts))
	}
	planes := engine.Planes(bits)
	first, second := p.pair(x, true)
	if negate && second != nil {
		negated := ring64.Unset[uint64](len(second))
		for i, w := range second {
			negated[i] = -w
		}
		second = negated
	}
	n := planes * engine.Words(x.Len())
	u, err := p.InputBits(0, n, engine.Slice(first, planes))
	if err != nil {
		return nil, err
	}
	return []Vec{u, p.known(n, engine.Slice(second, planes))}, nil
}

// Negative returns where x is below zero, in two rounds and one for each level of the
// tree.
func (p *Party) Negative(x Vec, bits int) (Vec, error) { return engine.Negative(p, x, bits) }

// Zero returns where x is zero, in one round and one for each level of the tree.
func (p *Party) Zero(x Vec, bits int) (Vec, error) { return engine.Zero(p, x, bits) }

// Decompose returns the lowest bits of x, in the rounds of Negative.
func (p *Party) Decompose(x Vec, bits int) (Vec, error) { return engine.Decompose(p, x, bits) }

// Numbers returns bits as the numbers 0 and 1: with b = u xor w, of which party 0 knows
// u and the others w, it is u + w - 2uw, in two rounds.
func (p *Party) Numbers(n int, planes ...Vec) ([]Vec, error) {
	words := engine.Words(n)
	for _, plane := range planes {
		if n < 0 || !plane.Is(columns, words) {
			return nil, fmt.Errorf("rep3: %d numbers of %d words of bits", n, plane.Len())
		}
	}
	all := n * len(planes)
	var first, second []uint64
	for _, plane := range planes {
		u, w := p.pair(plane, false)
		first, second = unpack(first, u, n), unpack(second, w, n)
	}
	u, err := p.inputWords(0, all, first)
	if err != nil {
		return nil, err
	}
	w := p.known(all, second)
	z := engine.Unset(columns, all)
	if err := p.Mul(z, u, w); err != nil {
		return nil, err
	}
	for c, z := range z.Parts {
		u, w := u.Parts[c][:len(z)], w.Parts[c][:len(z)]
		for i := range z {
			z[i] = u[i] + w[i] - 2*z[i]
		}
	}
	numbers := make([]Vec, len(planes))
	for i := range numbers {
		numbers[i] = z.Slice(n*i, n*(i+1))
	}
	return numbers, nil
}

// unpack appends n bits as words of one each, unless packed is nil.
func unpack(v, packed []uint64, n int) []uint64 {
	if packed == nil {
		return v
	}
	for i := range n {
		v = append(v, packed[i/64]>>(i%64)&1)
	}
	return v
}

// Truncate sets dst to x / 2^shift, rounded down or up, in two rounds. With an offset that
// makes it positive, x is u + w - 2^64·c, where the carry c is one unless the highest
// bits of u and of w are both zero, since x has a zero there. Dividing u and w
// separately drops the carry out of the bits that are cut off, which is there with a
// probability of about one less their fraction, as u is uniform: adding one to the
// quotient makes of rounding down or below, rounding down or up. What party 0 has put in,
// and what is public, has a zero in the place of w: a public number moves from w to u, so
// that u is uniform whatever x comes from.
func (p *Party) Truncate(dst, x Vec, shift int) error {
	n := dst.Len()
	if !dst.Is(columns, n) || !x.Is(columns, n) || shift <= 0 || shift >= 62 {
		return fmt.Errorf("rep3: %d elements divided by 2^%d for %d", x.Len(), shift, n)
	}
	const offset = 1 << 62 // x is then from 0 to 2^63 - 1
	first, second := p.pair(x, true)
	moved := ring64.Unset[uint64](n)
	p.public.Uint64s(moved)
	// Of both terms, to which offset and sign times what is moved are added: the
	// quotient, and one minus the highest bit.
	quotients := func(terms []uint64, offset, sign uint64) []uint64 {
		if terms == nil {
			return nil
		}
		q := ring64.Unset[uint64](2 * n)
		for i, t := range terms {
			t += offset + sign*moved[i]
			q[i], q[n+i] = t>>shift, ^t>>63
		}
		return q
	}
	u, err := p.inputWords(0, 2*n, quotients(first, offset, 1))
	if err != nil {
		return err
	}
	w := p.known(2*n, quotients(second, 0, ^uint64(0)))
	if err := p.Mul(dst, u.Slice(n, 2*n), w.Slice(n, 2*n)); err != nil {
		return err
	}
	for c, z := range dst.Parts {
		u, w := u.Parts[c][:len(z)], w.Parts[c][:len(z)]
		for i := range z {
			// The carry is one minus the product.
			z[i] = u[i] + w[i] + z[i]<<(64-shift)
		}
	}
	p.Shift(dst, 1-1<<(64-shift)-offset>>shift)
	return nil
}
