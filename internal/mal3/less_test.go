package mal3

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// less returns the signs of x - y, as a comparison does: the three summands as bits,
// added to two by full adders, and the carry into the highest bit by a tree.
func (p *Party) less(x, y Vec) (Vec, error) {
	n := len(x.Own)
	d := newVec(n)
	for i := range n {
		d.Own[i], d.Next[i] = x.Own[i]-y.Own[i], x.Next[i]-y.Next[i]
	}
	var s [Parties][]Vec
	for k, v := range p.Summands(d) {
		s[k] = planes(v)
	}
	w := (n + lanes - 1) / lanes
	exclusive := func(a, b Vec) Vec {
		z := newVec(w)
		for i := range w {
			z.Own[i], z.Next[i] = a.Own[i]^b.Own[i], a.Next[i]^b.Next[i]
		}
		return z
	}
	fresh := func(n int) []Vec {
		v := make([]Vec, n)
		for i := range v {
			v[i] = newVec(w)
		}
		return v
	}
	// Full adders: the carry of a, b and c is (a^c)(b^c) ^ c.
	var a, b, add [lanes]Vec
	for k := range lanes {
		a[k], b[k] = exclusive(s[0][k], s[2][k]), exclusive(s[1][k], s[2][k])
		add[k] = exclusive(a[k], s[1][k])
	}
	carries := fresh(lanes - 1)
	if err := p.And(carries, a[:lanes-1], b[:lanes-1]); err != nil {
		return Vec{}, err
	}
	g, pr := fresh(lanes-1), make([]Vec, lanes)
	pr[0] = add[0]
	for k := range lanes - 1 {
		carries[k] = exclusive(carries[k], s[2][k])
		pr[k+1] = exclusive(add[k+1], carries[k])
	}
	// Bit k has the terms add[k] and carries[k-1]; below bit 0 there is nothing.
	if err := p.And(g[1:], add[1:lanes-1], carries[:lanes-2]); err != nil {
		return Vec{}, err
	}
	sign := pr[lanes-1]
	pr = pr[:lanes-1]
	g, pr = append([]Vec{newVec(w)}, g...), append([]Vec{newVec(w)}, pr...)
	for len(g) > 1 {
		half := len(g) / 2
		x, y := make([]Vec, 0, 2*half), make([]Vec, 0, 2*half)
		for i := range half {
			x, y = append(x, pr[2*i+1]), append(y, g[2*i])
		}
		for i := 1; i < half; i++ { // whether the lowest ones propagate does not matter
			x, y = append(x, pr[2*i+1]), append(y, pr[2*i])
		}
		z := fresh(len(x))
		if err := p.And(z, x, y); err != nil {
			return Vec{}, err
		}
		for i := range half {
			g[i] = exclusive(z[i], g[2*i+1])
		}
		g, pr = g[:half], append([]Vec{newVec(w)}, z[half:]...)
	}
	return exclusive(g[0], sign), nil
}

// planes returns bit k of all numbers, for each k, 64 to a word.
func planes(v Vec) []Vec {
	w := (len(v.Own) + lanes - 1) / lanes
	z := make([]Vec, lanes)
	for k := range z {
		z[k] = newVec(w)
	}
	for i := range w {
		var own, next [lanes]uint64
		copy(own[:], v.Own[lanes*i:])
		copy(next[:], v.Next[lanes*i:])
		transpose(&own)
		transpose(&next)
		for k := range z {
			z[k].Own[i], z[k].Next[i] = own[k], next[k]
		}
	}
	return z
}

// TestLess compares numbers, which takes conversions and several rounds.
func TestLess(t *testing.T) {
	for _, n := range []int{1, 65, 1000} {
		a, b := numbers(1, n), numbers(2, n)
		for i := range a {
			a[i] >>= i%5 + 1
			b[i] >>= i%3 + 1
		}
		b[0] = a[0]
		none(t, run(t, func(p *Party) error {
			x, err := p.Input(0, n, p.mine(0, a))
			if err != nil {
				return err
			}
			y, err := p.Input(1, n, p.mine(1, b))
			if err != nil {
				return err
			}
			less, err := p.less(x, y)
			if err != nil {
				return err
			}
			bits, err := p.RevealBits(less, everyone)
			if err != nil {
				return err
			}
			for i := range a {
				require.Equal(t, a[i] < b[i], bits[i/lanes]>>(i%lanes)&1 == 1)
			}
			return nil
		}))
	}
}
