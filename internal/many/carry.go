package many

import "github.com/dujiang-dev/dujiang/internal/engine"

// Sums modulo 2^61 - 1 of two numbers, of 61 bits each, are sums of integers whose carry
// out of the highest bit comes in again at the lowest: 2^61 is 1. With that carry taken
// as one where the sum is at least 2^61 - 1, and not only where it is at least 2^61, the
// result is below the prime whenever both numbers are.
//
// A bit generates a carry where both numbers have a one, and propagates one where one of
// them has. Planes are of one bit each, the lowest one first.

// carries returns what comes into every bit, beginning with the lowest one, from what
// bits generate and propagate: prefixes of these by a tree [Skl60], and one conjunction
// of the propagated ones with the carry out of all. gen is overwritten.
func (p *Party) carries(gen, prop []Vec) ([]Vec, error) {
	n, width := len(gen), gen[0].Len()
	prop = append([]Vec(nil), prop...)
	for half := 1; half < n; half *= 2 {
		var dst, left, right []Vec
		var at []int
		for k := range n {
			if k&half == 0 {
				continue
			}
			top := k&^(2*half-1) + half - 1
			at = append(at, k)
			dst = append(dst, p.NewBits(width), p.NewBits(width))
			left = append(left, prop[k], prop[k])
			right = append(right, gen[top], prop[top])
		}
		if err := p.And(dst, left, right); err != nil {
			return nil, err
		}
		for i, k := range at {
			engine.Xor(gen[k], gen[k], dst[2*i])
			prop[k] = dst[2*i+1]
		}
	}
	around := p.NewBits(width)
	engine.Xor(around, gen[n-1], prop[n-1])
	carry := []Vec{around}
	if n == 1 {
		return carry, nil
	}
	dst, all := make([]Vec, n-1), make([]Vec, n-1)
	for k := range dst {
		dst[k], all[k] = p.NewBits(width), around
	}
	if err := p.And(dst, prop[:n-1], all); err != nil {
		return nil, err
	}
	for k := range dst {
		engine.Xor(dst[k], dst[k], gen[k])
	}
	return append(carry, dst...), nil
}

// into returns what comes into bit k alone: of the bits below it and of the others, a tree
// finds what they generate and propagate together.
func (p *Party) into(k int, gen, prop []Vec) (Vec, error) {
	type group struct{ gen, prop []Vec }
	groups := []*group{{gen[:k], prop[:k]}, {gen[k:], prop[k:]}}
	fold := func(groups []*group) error {
		var dst, left, right []Vec
		for _, g := range groups {
			for i := 0; i+1 < len(g.gen); i += 2 {
				w := g.gen[i].Len()
				dst = append(dst, p.NewBits(w), p.NewBits(w))
				left = append(left, g.prop[i+1], g.prop[i+1])
				right = append(right, g.gen[i], g.prop[i])
			}
		}
		if err := p.And(dst, left, right); err != nil {
			return err
		}
		for _, g := range groups {
			next := new(group)
			for i := 0; i < len(g.gen); i += 2 {
				if i+1 == len(g.gen) {
					next.gen, next.prop = append(next.gen, g.gen[i]), append(next.prop, g.prop[i])
					continue
				}
				engine.Xor(dst[0], dst[0], g.gen[i+1])
				next.gen, next.prop = append(next.gen, dst[0]), append(next.prop, dst[1])
				dst = dst[2:]
			}
			*g = *next
		}
		return nil
	}
	for len(groups[0].gen) > 1 || len(groups[1].gen) > 1 {
		if err := fold(groups); err != nil {
			return Vec{}, err
		}
	}
	lower, upper := groups[0], groups[1]
	around := p.NewBits(upper.gen[0].Len())
	if len(lower.gen) == 0 {
		engine.Xor(around, upper.gen[0], upper.prop[0])
		return around, nil
	}
	all := &group{[]Vec{lower.gen[0], upper.gen[0]}, []Vec{lower.prop[0], upper.prop[0]}}
	if err := fold([]*group{all}); err != nil {
		return Vec{}, err
	}
	engine.Xor(around, all.gen[0], all.prop[0])
	carry := p.NewBits(around.Len())
	if err := p.And([]Vec{carry}, []Vec{lower.prop[0]}, []Vec{around}); err != nil {
		return Vec{}, err
	}
	engine.Xor(carry, carry, lower.gen[0])
	return carry, nil
}

// conjunction returns the conjunction of all planes.
func (p *Party) conjunction(planes []Vec) (Vec, error) {
	for len(planes) > 1 {
		half := len(planes) / 2
		dst := make([]Vec, half)
		for i := range dst {
			dst[i] = p.NewBits(planes[0].Len())
		}
		if err := p.And(dst, planes[:half], planes[half:2*half]); err != nil {
			return Vec{}, err
		}
		planes = append(dst, planes[2*half:]...)
	}
	return planes[0], nil
}
