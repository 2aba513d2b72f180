package mal3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Conversions look at a vector as the sum, or exclusive or, of its three summands.
// Summand k is known to the parties k and k-1, and as a secret of its own has shares that
// are that summand in the place k, and zeros elsewhere. Each party derives its shares
// of all three from its share alone, so nobody is trusted with a conversion, and
// nothing of it needs a check but the gates [MR18, section 5.4.1].

// summand returns a function of this party's part of the summand k of x, as shares of
// secrets of its own. f must return n words, zeros for zeros.
func (p *Party) summand(x Vec, k, n int, f func(x []uint64) []uint64) Vec {
	v := engine.New(columns, n)
	switch k {
	case p.Index():
		v.Parts[0] = f(x.Parts[0])
	case (p.Index() + 1) % Parties:
		v.Parts[1] = f(x.Parts[1])
	}
	return v
}

// Summands implements [engine.Gates] without a message.
func (p *Party) Summands(x Vec, bits int, negate bool) ([]Vec, error) {
	if !is(x, x.Len()) || bits < 1 || bits > lanes {
		return nil, fmt.Errorf("mal3: %d bits of %d columns", bits, len(x.Parts))
	}
	planes := engine.Planes(bits)
	s := make([]Vec, Parties)
	for k := range s {
		s[k] = p.summand(x, k, planes*engine.Words(x.Len()), func(x []uint64) []uint64 {
			if negate && k == Parties-1 {
				negated := make([]uint64, len(x))
				for i, w := range x {
					negated[i] = -w
				}
				x = negated
			}
			return engine.Slice(x, planes)
		})
	}
	return s, nil
}

// Negative returns where x is below zero, in two rounds and one for each level of the
// tree.
func (p *Party) Negative(x Vec, bits int) (Vec, error) { return engine.Negative(p, x, bits) }

// Zero returns where x is zero, in one round and one for each level of the tree.
func (p *Party) Zero(x Vec, bits int) (Vec, error) { return engine.Zero(p, x, bits) }

// Decompose returns the lowest bits of x, in the rounds of Negative.
func (p *Party) Decompose(x Vec, bits int) (Vec, error) { return engine.Decompose(p, x, bits) }

// Numbers returns bits as the numbers 0 and 1, in two rounds: the exclusive or of a and b
// is a + b - 2ab.
func (p *Party) Numbers(n int, planes ...Vec) ([]Vec, error) {
	words := engine.Words(n)
	for _, plane := range planes {
		if n < 0 || !is(plane, words) {
			return nil, fmt.Errorf("mal3: %d numbers of %d words of bits", n, plane.Len())
		}
	}
	if len(planes) == 0 {
		return nil, nil
	}
	all := engine.Concat(planes...)
	var s [Parties]Vec
	for k := range s {
		s[k] = p.summand(all, k, n*len(planes), func(x []uint64) []uint64 {
			unpacked := make([]uint64, 0, n*len(planes))
			for plane := range len(planes) {
				for i := range n {
					unpacked = append(unpacked, x[plane*words+i/lanes]>>(i%lanes)&1)
				}
			}
			return unpacked
		})
	}
	z := s[0]
	for _, b := range s[1:] {
		ab := p.NewVec(n * len(planes))
		if err := p.Mul(ab, z, b); err != nil {
			return nil, err
		}
		p.Combine(z, 1, z, 1, b)
		p.Combine(z, 1, z, -2, ab)
	}
	numbers := make([]Vec, len(planes))
	for i := range numbers {
		numbers[i] = z.Slice(n*i, n*(i+1))
	}
	return numbers, nil
}
