package mal3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Truncate sets dst to x / 2^shift, always rounded down. With an offset that makes it
// positive, x is the sum of the three summands, less 2^64 for each time that wraps. So
// is its quotient the sum of theirs, less 2^(64-shift) for each, and plus what is carried
// out of the bits that are cut off. The carries are computed as bits, by full adders and
// a tree. It takes 4 + log2(shift) rounds, rounded up, and about 4·shift conjunctions
// and 8 multiplications for each element.
func (p *Party) Truncate(dst, x Vec, shift int) error {
	n := dst.Len()
	if !is(dst, n) || !is(x, n) || shift <= 0 || shift >= 62 {
		return fmt.Errorf("mal3: %d elements divided by 2^%d for %d", x.Len(), shift, n)
	}
	const offset = 1 << 62 // x is then from 0 to 2^63 - 1
	positive := x.Clone()
	p.Shift(positive, offset)
	low, high, err := p.carries(positive, shift)
	if err != nil {
		return err
	}
	ones, err := p.Numbers(n, low[0], low[1], high[0], high[1])
	if err != nil {
		return err
	}
	for c, z := range dst.Parts {
		l0, l1, h0, h1 := ones[0].Parts[c][:len(z)], ones[1].Parts[c][:len(z)], ones[2].Parts[c][:len(z)], ones[3].Parts[c][:len(z)]
		for i, s := range positive.Parts[c][:len(z)] {
			z[i] = s>>shift + l0[i] + l1[i] - (h0[i]+h1[i])<<(64-shift)
		}
	}
	p.Shift(dst, -(offset >> shift))
	return nil
}

// carries returns the two carries into bit shift and the two out of bit 63 of the sum
// of the summands of x, which is below 2^63.
func (p *Party) carries(x Vec, shift int) (low, high [2]Vec, err error) {
	s, err := p.Summands(x, lanes, false)
	if err != nil {
		return low, high, err
	}
	w := engine.Words(x.Len())
	plane := func(v Vec, k int) Vec {
		at := engine.Place(k, lanes) * w
		return v.Slice(at, at+w)
	}
	exclusive := func(a, b Vec) Vec {
		z := p.NewBits(w)
		engine.Xor(z, a, b)
		return z
	}
	// Full adders of the bits below shift and of the two highest: the carry of a, b and
	// c is (a^c)(b^c) ^ c.
	var at []int
	for k := range shift {
		at = append(at, k)
	}
	at = append(at, lanes-2, lanes-1)
	var a, b, carry, sum []Vec
	for _, k := range at {
		c := plane(s[2], k)
		a, b = append(a, exclusive(plane(s[0], k), c)), append(b, exclusive(plane(s[1], k), c))
		carry, sum = append(carry, p.NewBits(w)), append(sum, exclusive(a[len(a)-1], plane(s[1], k)))
	}
	if err := p.And(carry, a, b); err != nil {
		return low, high, err
	}
	for i, k := range at {
		engine.Xor(carry[i], carry[i], plane(s[2], k))
	}
	// Bit k of the second term is the carry of bit k-1. Out of bit 63, of which the sum
	// is zero, there is a carry if either term has a one there: unless both have none.
	none := [2]Vec{sum[shift+1].Clone(), carry[shift].Clone()}
	p.Not(none[0])
	p.Not(none[1])
	generate, propagate := []Vec{p.NewBits(w)}, []Vec{sum[0]}
	x1, y1 := []Vec{none[0]}, []Vec{none[1]}
	high[0], high[1] = carry[shift+1], p.NewBits(w)
	z := []Vec{high[1]}
	for k := 1; k < shift; k++ {
		generate, propagate = append(generate, p.NewBits(w)), append(propagate, exclusive(sum[k], carry[k-1]))
		x1, y1, z = append(x1, sum[k]), append(y1, carry[k-1]), append(z, generate[k])
	}
	if err := p.And(z, x1, y1); err != nil {
		return low, high, err
	}
	p.Not(high[1])
	low[0] = carry[shift-1]
	low[1], err = p.carry(generate, propagate)
	return low, high, err
}

// carry returns the carry out of some bits, of which each generates one or propagates
// that of the one before. The lists are from the lowest bit, and are overwritten.
func (p *Party) carry(generate, propagate []Vec) (Vec, error) {
	for len(generate) > 1 {
		half := len(generate) / 2
		odd := len(generate) % 2 // the lowest one is left for later
		var x, y, z []Vec
		for i := odd; i < len(generate); i += 2 {
			w := generate[i].Len()
			x, y = append(x, propagate[i+1], propagate[i+1]), append(y, generate[i], propagate[i])
			z = append(z, p.NewBits(w), p.NewBits(w))
		}
		if err := p.And(z, x, y); err != nil {
			return Vec{}, err
		}
		for i := range half {
			engine.Xor(z[2*i], z[2*i], generate[odd+2*i+1])
			generate[odd+i], propagate[odd+i] = z[2*i], z[2*i+1]
		}
		generate, propagate = generate[:odd+half], propagate[:odd+half]
	}
	return generate[0], nil
}
