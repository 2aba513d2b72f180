package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Bits are elements of GF(2^m), with the smallest m whose field has a point other than
// zero for every party: polynomials over GF(2) modulo x^m + x^e + 1. They are in planes:
// column k of a word has the coefficients of x^k of 64 elements.

// A small is such a field.
type small struct{ m, e int }

// smallest returns the field for n parties.
func smallest(n int) small {
	switch {
	case n < 1<<3:
		return small{3, 1}
	case n < 1<<4:
		return small{4, 1}
	}
	return small{5, 2}
}

// mul returns the product of two public elements.
func (f small) mul(a, b uint64) (z uint64) {
	for k := range f.m {
		if b>>k&1 == 1 {
			z ^= a << k
		}
	}
	for k := 2*f.m - 2; k >= f.m; k-- {
		if z>>k&1 == 1 {
			z ^= 1<<k | 1<<(k-f.m+f.e) | 1<<(k-f.m)
		}
	}
	return z
}

// inv returns 1/a for public a.
func (f small) inv(a uint64) uint64 {
	// The exponent 2^m - 2 is the sum of 2, 4, ..., 2^(m-1).
	z := uint64(1)
	for range f.m - 1 {
		a = f.mul(a, a)
		z = f.mul(z, a)
	}
	return z
}

// combine sets dst to the sum of coeff[j]·src[j].
func (f small) combine(dst Vec, src []Vec, coeff []uint64) {
	for _, part := range dst.Parts {
		clear(part)
	}
	for j, v := range src {
		for from, part := range v.Parts {
			// What x^from becomes, which is public.
			image := f.mul(coeff[j], 1<<from)
			for to, sum := range dst.Parts {
				if image>>to&1 == 0 {
					continue
				}
				part := part[:len(sum)]
				for i := range sum {
					sum[i] ^= part[i]
				}
			}
		}
	}
}

// product sets z to the products of x and y, element by element.
func (f small) product(z, x, y Vec) {
	for i := range z.Len() {
		var sums [9]uint64
		for j, a := range x.Parts {
			for k, b := range y.Parts {
				sums[j+k] ^= a[i] & b[i]
			}
		}
		for k := 2*f.m - 2; k >= f.m; k-- {
			sums[k-f.m] ^= sums[k]
			sums[k-f.m+f.e] ^= sums[k]
		}
		for k, part := range z.Parts {
			part[i] = sums[k]
		}
	}
}

func newBits(self, n, t int) *space {
	f := smallest(n)
	s := &space{
		columns: f.m,
		typ:     typeWord,
		mul:     f.mul,
		sub:     func(a, b uint64) uint64 { return a ^ b },
		inv:     f.inv,
		uniform: func(v Vec, g *prg.PRG) {
			for _, part := range v.Parts {
				g.Uint64s(part)
			}
		},
		combine: f.combine,
	}
	return s.prepare(self, n, t)
}

// NewBits returns n words of zero bits.
func (p *Party) NewBits(n int) Vec { return p.bits.new(n) }

// Not sets all words of x to their complements: one is a polynomial of degree zero.
func (p *Party) Not(x Vec) {
	for i, w := range x.Parts[0] {
		x.Parts[0][i] = ^w
	}
}

// secretBits returns words as elements.
func (p *Party) secretBits(words []uint64) Vec {
	v := p.NewBits(len(words))
	copy(v.Parts[0], words)
	return v
}

// InputBits is [Party.Input] for words of bits.
func (p *Party) InputBits(from, n int, words []uint64) (Vec, error) {
	return p.input(p.bits, from, n, len(words), func() Vec { return p.secretBits(words) })
}

// RevealBits is [Party.Reveal] for words of bits.
func (p *Party) RevealBits(x Vec, to []bool) ([]uint64, error) { return p.revealBits(x, to, true) }

func (p *Party) revealBits(x Vec, to []bool, agreeing bool) ([]uint64, error) {
	v, err := p.reveal(p.bits, x, to, agreeing)
	if err != nil || v.Parts == nil {
		return nil, err
	}
	var more uint64 // what bits do not have
	for _, part := range v.Parts[1:] {
		for _, w := range part {
			more |= w
		}
	}
	if more != 0 && p.rehearsal == nil {
		p.cancel(errShares)
		return nil, errShares
	}
	return v.Parts[0], nil
}

// And sets each of dst to the conjunction of those of x and y, word by word, in one
// round for all.
func (p *Party) And(dst, x, y []Vec) error {
	if len(x) != len(dst) || len(y) != len(dst) {
		return fmt.Errorf("many: %d and %d factors for %d products", len(x), len(y), len(dst))
	}
	all := 0
	for k, z := range dst {
		m, n := p.bits.columns, z.Len()
		if !z.Is(m, n) || !x[k].Is(m, n) || !y[k].Is(m, n) {
			return fmt.Errorf("many: factors of %d and %d words for a product of %d", x[k].Len(), y[k].Len(), n)
		}
		all += n
	}
	f, products := smallest(p.n), p.NewBits(all)
	at := 0
	for k, z := range dst {
		f.product(products.Slice(at, at+z.Len()), x[k], y[k])
		at += z.Len()
	}
	products, err := p.reduce(p.bits, products)
	if err != nil {
		return err
	}
	at = 0
	for _, z := range dst {
		for c, part := range z.Parts {
			copy(part, products.Parts[c][at:])
		}
		at += z.Len()
	}
	return nil
}

// RandomBits returns n words of random bits: the exclusive or of those of t + 1 parties,
// one of whom at least is not corrupted.
func (p *Party) RandomBits(n int) (Vec, error) {
	if n < 0 {
		return Vec{}, fmt.Errorf("many: %d words of random bits", n)
	}
	words := make([]uint64, n)
	p.coins.Uint64s(words)
	c := &parcel{space: p.bits, n: n, dealers: first(p.t + 1), secret: p.secretBits(words)}
	if err := p.deal(c); err != nil {
		return Vec{}, err
	}
	return p.bits.sum(c.shares), nil
}
