package stat

import (
	"context"
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A descent minimises the mean over all rows of minus the logarithm of the likelihood, plus
// λ/2 times the squares of the k weights, by Nesterov's gradients with constant momentum
// ([Nes04], 2.2.11). With a step η, κ = ηλ and momentum (1-√κ)/(1+√κ), and with ρ = 1-√κ,
// that is, for u = b - ρ·(b before),
//
//	y = (b + u) / (1 + √κ)
//	u = ρu - ηg(y)
//	b = ρb + u
//
// where g is the gradient without the part of λ, in which form the ranges of all numbers are
// bounded: that of a sum of geometric series.
type descent struct {
	engine *mpc.Engine
	n, k   int

	// With factorBits behind the point: ρ, 1/(1+√κ), and η times 2^places over n.
	keep, mix, step int64
	places          int

	x      *mpc.Vec // the columns, one after another
	target *mpc.Vec // y - 1/2
	none   *mpc.Vec // n zeros with chebyshevBits
	state  *mpc.Vec // a zero with stateBits
}

// steps computes public factors. All parties must find the same ones, so products
// are rounded before they are added to anything, and roots are.
func (d *descent) steps(ridge float64) error {
	if !(ridge > 0 && ridge <= float64(maxLogitRows)) {
		return fmt.Errorf("stat: a logistic regression with a ridge of %v, which is not above 0 and at most %d", ridge, maxLogitRows)
	}
	const one = 1 << factorBits
	lambda := ridge / float64(d.n)
	// No curvature is above k/4 + λ, as all numbers of a row are from -1 to 1 [Boh92].
	root := math.Floor(one * math.Sqrt(lambda/(float64(d.k)/4+lambda)))
	if root < 1 {
		return fmt.Errorf("stat: a logistic regression of %d rows with a ridge of %v, which is too small", d.n, ridge)
	}
	root = min(root, one-1)
	d.keep = one - int64(root)
	d.mix = int64(math.Floor(float64(one*one) / (one + root)))
	root /= one
	d.places = bits.Len(uint(d.n - 1))
	d.step = int64(math.Floor(root * root / ridge * float64(int64(1)<<(d.places+factorBits))))
	if d.step < 64 {
		return fmt.Errorf("stat: a logistic regression of %d rows with a ridge of %v, which is too large", d.n, ridge)
	}
	return nil
}

// join makes one matrix of a column of ones and all others, and the target of probabilities:
// y, of zeros and ones, less a half.
func (d *descent) join(ctx context.Context, y *mpc.Vec, scales []scale, columns []*mpc.Vec) error {
	var c chain
	zeros := c.do(y.Scale(0))
	d.none = c.widen(zeros, chebyshevBits)
	d.state = c.widen(c.do(zeros.Slice(0, 1)), stateBits)
	ones := c.do(zeros.Shift(1))
	half := c.do(c.widen(ones, weightBits-1).Halve(1))
	d.target = c.sub(c.widen(y, weightBits), half)
	all := []*mpc.Vec{c.widen(ones, columnBits)}
	for i, column := range columns {
		v := c.do(scales[i].of(column))
		if c.err != nil {
			return c.err
		}
		if v.Fraction() < columnBits {
			v = c.widen(v, columnBits)
		}
		all = append(all, c.do(d.engine.Truncate(ctx, v, columnBits)))
	}
	d.x = c.concat(all...)
	return c.err
}

// descend returns the weights.
func (d *descent) descend(ctx context.Context, iterations int) (*mpc.Vec, error) {
	var c chain
	e := d.engine
	zeros := make([]*mpc.Vec, d.k)
	for i := range zeros {
		zeros[i] = d.state
	}
	b := c.concat(zeros...)
	u := b
	for range iterations {
		at := c.do(c.scale(c.add(b, u), d.mix).Halve(factorBits))
		at = c.do(e.Truncate(ctx, at, weightBits))
		if c.err != nil {
			return nil, c.err
		}
		z := c.do(e.MatMul(ctx, 1, d.k, d.n, at, d.x))
		if c.err != nil {
			return nil, c.err
		}
		p, err := d.logistic(ctx, z)
		if err != nil {
			return nil, err
		}
		// Without its noise, what is left is between -1 and 1.
		rest := c.within(c.sub(p, d.target), 1<<weightBits+1<<(weightBits-6))
		if c.err != nil {
			return nil, c.err
		}
		g := c.do(e.MatMul(ctx, d.k, d.n, 1, d.x, rest))
		g = c.do(g.Halve(d.places))
		g = c.do(e.Truncate(ctx, g, stateBits))
		if c.err != nil {
			return nil, c.err
		}
		next := c.sub(c.scale(u, d.keep), c.scale(g, d.step))
		sum := c.add(c.scale(b, d.keep), next)
		both := c.concat(sum, next)
		both = c.do(e.Truncate(ctx, c.do(both.Halve(factorBits)), stateBits))
		if c.err != nil {
			return nil, c.err
		}
		// Both have one range, of which that of u is a part.
		b, u = c.do(both.Slice(0, d.k)), c.do(both.Slice(d.k, 2*d.k))
		u = c.within(u, next.Range().Max>>factorBits+2)
	}
	return b, c.err
}

// chebyshev are the coefficients of the polynomials of odd degrees from 1 on in
// 1/(1+exp(-8t)) - 1/2, with chebyshevBits behind the point. Up to degree 31 they are
// off by 3e-6 at most.
var chebyshev = [...]int64{10386038, -2823023, 1188972, -538965, 248734, -115350, 53566, -24885,
	11562, -5372, 2496, -1160, 539, -250, 116, -54}

// logistic returns 1/(1+exp(-z)) - 1/2 with weightBits behind the point, where numbers below
// -8 are taken as -8 and those above 8 as 8.
func (d *descent) logistic(ctx context.Context, z *mpc.Vec) (*mpc.Vec, error) {
	var c chain
	e := d.engine
	t := c.do(z.Halve(3))
	t = c.do(e.Truncate(ctx, t, chebyshevBits))
	if c.err != nil {
		return nil, c.err
	}
	lowest, highest := c.do(d.none.Shift(-1)), c.do(d.none.Shift(1))
	// Both comparisons are one, and so are the choices.
	outside, err := e.Less(ctx, c.concat(t, highest), c.concat(lowest, t))
	if err != nil {
		return nil, err
	}
	more, err := e.Select(ctx, outside, c.concat(c.sub(lowest, t), c.sub(highest, t)), c.concat(d.none, d.none))
	if err != nil {
		return nil, err
	}
	t = c.add(t, c.add(c.do(more.Slice(0, d.n)), c.do(more.Slice(d.n, 2*d.n))))
	t = c.within(t, 1<<chebyshevBits)

	// T(i+j) = 2·T(i)·T(j) - T(i-j) for i >= j, of all degrees that one round can have at once.
	// An error of T(1) is one of at most k² times as much in T(k).
	const highestDegree = 2*len(chebyshev) - 1
	var terms [highestDegree + 1]*mpc.Vec
	terms[0], terms[1] = highest, t
	for top := 1; top < highestDegree; top *= 2 {
		var degrees []int
		var left, right []*mpc.Vec
		for k := top + 1; k <= min(2*top, highestDegree); k++ {
			if k%2 == 0 && k != 2*top {
				continue
			}
			degrees, left, right = append(degrees, k), append(left, terms[top]), append(right, terms[k-top])
		}
		products := c.do(e.Mul(ctx, c.concat(left...), c.concat(right...)))
		if c.err != nil {
			return nil, c.err
		}
		products = c.do(e.Truncate(ctx, c.scale(products, 2), chebyshevBits))
		for i, k := range degrees {
			part := c.do(products.Slice(i*d.n, (i+1)*d.n))
			terms[k] = c.within(c.sub(part, terms[2*top-k]), 1<<chebyshevBits+1<<(chebyshevBits-9))
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	var sum *mpc.Vec
	for i, a := range chebyshev {
		term := c.scale(terms[2*i+1], a)
		if sum == nil {
			sum = term
			continue
		}
		sum = c.add(sum, term)
	}
	sum = c.do(sum.Halve(chebyshevBits))
	if c.err != nil {
		return nil, c.err
	}
	return e.Truncate(ctx, sum, weightBits)
}

// A chain keeps the first error of calls, after which results are nil, and nil is passed on.
type chain struct{ err error }

func (c *chain) do(v *mpc.Vec, err error) *mpc.Vec {
	if c.err == nil {
		c.err = err
	}
	return v
}

func (c *chain) scale(v *mpc.Vec, k int64) *mpc.Vec  { return c.do(v.Scale(k)) }
func (c *chain) add(v, w *mpc.Vec) *mpc.Vec          { return c.do(v.Add(w)) }
func (c *chain) sub(v, w *mpc.Vec) *mpc.Vec          { return c.do(v.Sub(w)) }
func (c *chain) concat(vs ...*mpc.Vec) *mpc.Vec      { return c.do(mpc.Concat(vs...)) }
func (c *chain) widen(v *mpc.Vec, bits int) *mpc.Vec { return c.do(v.Widen(bits)) }
func (c *chain) within(v *mpc.Vec, most int64) *mpc.Vec {
	return c.do(v.Within(mpc.Range{Min: -most, Max: most}))
}
