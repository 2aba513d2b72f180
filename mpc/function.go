package mpc

import (
	"context"
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Functions bring their argument into an interval where a polynomial comes close: a
// number y to c = y·2^-p from 1/2 to 1 [CS10, section 3.4, has the same for division], an
// exponent to its part behind the point. Coefficients are integers, since
// what machines make of floating-point numbers may differ in the last bit, and public
// numbers must not.

const (
	// precision is how many bits behind the point polynomials are computed with.
	precision = 28
	// coefficients have so many.
	coefficients = 32
	// widest is how many bits an argument to be normalised may have.
	widest = precision + 2
)

// Polynomials in t from -1 to 1, by interpolation at Chebyshev's points. With c = (3+t)/4
// they are 1/c within 2^-31, the root of c within 2^-28 and its natural logarithm within
// 2^-35; the last one is 2^((1+t)/2) within 2^-39.
var (
	reciprocal = []int64{5726623061, -1908874337, 636291446, -212097614, 70699205, -23562678, 7854226, -2630842, 876947, -271039, 90346, -47137, 15712}
	root       = []int64{3719550787, 619925043, -51660403, 8611234, -1794096, 414431, -103465, 32680, -8922}
	logarithm  = []int64{-1235585093, 1431655764, -238609294, 53024313, -13256080, 3534751, -981869, 281232, -82039, 23145, -6932, 3031, -930}
	power      = []int64{6074001000, 2105088334, 364784011, 42141502, 3651283, 253086, 14619, 727, 31}
)

const (
	ln2       = 3121657384082680 // with 52 bits behind the point
	log2e     = 1549082005       // with 30
	sqrt2     = 379625062        // with precision
	log2eBits = 30
)

// polynomial returns what p, of degree 8 or 12, is at t, which has precision bits behind the
// point and is from -1 to 1. The result is in r, and off by at most 2^-26: powers are off
// by a unit less than their number, and coefficients fall at least by halves.
func (e *Engine) polynomial(ctx context.Context, p []int64, t *Vec, r Range) (*Vec, error) {
	const one, slack = 1 << precision, 1 << 4
	powers := make([]*Vec, 1, len(p))
	powers[0] = t
	n := t.Len()
	// Twice as many powers at once, and then four.
	for len(powers) < len(p)-1 {
		known := len(powers)
		next := min(known, 4)
		left := make([]*Vec, next)
		for i := range left {
			left[i] = powers[known-1]
		}
		x, err := Concat(left...)
		if err != nil {
			return nil, err
		}
		y, err := Concat(powers[:next]...)
		if err != nil {
			return nil, err
		}
		z, err := e.MulFixed(ctx, x, y)
		if err != nil {
			return nil, err
		}
		z.r = Range{-one - slack, one + slack}
		for i := range next {
			power, err := z.Slice(i*n, (i+1)*n)
			if err != nil {
				return nil, err
			}
			powers = append(powers, power)
		}
	}
	// The sum of all coefficients is hardly more than 2.
	const most = 1<<61 + 1<<40
	sum := e.vec(Range{-most, most}, precision+coefficients, n)
	e.party.Shift(sum.share, p[0]<<precision)
	for i, a := range p[1:] {
		e.party.Combine(sum.share, 1, sum.share, a, powers[i].share)
	}
	z, err := e.Truncate(ctx, sum, precision)
	if err != nil {
		return nil, err
	}
	z.r = r
	return z, nil
}

// A normal is a number y as c·2^(i+1), with c from 1/2 to 1, and i the place of its
// highest bit.
type normal struct {
	t     *Vec         // 4c - 3, with precision bits behind the point; -1 for y = 0
	scale *Vec         // 2^(widest-1-i), or zero for y = 0
	at    []engine.Vec // by i: whether it is that
}

// normalise returns the normal form of the integers of y, which must be from 0 to
// 2^widest - 1.
func (e *Engine) normalise(ctx context.Context, y *Vec, lowest int64) (*normal, error) {
	if err := e.own(y); err != nil {
		return nil, err
	}
	if err := e.wide(); err != nil {
		return nil, err
	}
	if y.r.Min < lowest || y.r.Max >= 1<<widest {
		return nil, fmt.Errorf("mpc: a function of numbers from %d to %d, before the division, which are not from %d to 2^%d - 1; declare a narrower range or truncate", y.r.Min, y.r.Max, lowest, widest)
	}
	digits, err := e.Decompose(ctx, y)
	if err != nil {
		return nil, err
	}
	digits = digits[:max(len(digits)-1, 1)] // without the sign
	tops, err := e.highest(ctx, digits)
	if err != nil {
		return nil, err
	}
	var at []engine.Vec
	if err := e.during(ctx, func() (err error) {
		at, err = e.ones(tops)
		return err
	}); err != nil {
		return nil, err
	}
	n := &normal{at: at[1:]}
	n.scale = e.vec(Range{0, 1 << (widest - 1)}, 0, y.Len())
	for i, here := range n.at {
		e.party.Combine(n.scale.share, 1, n.scale.share, 1<<(widest-1-i), here)
	}
	c, err := e.Mul(ctx, y, n.scale)
	if err != nil {
		return nil, err
	}
	e.party.Combine(c.share, 1, c.share, 1<<(widest-1), at[0])
	n.t = c.shift(Range{-1 << precision, 1<<precision - 1}, -3<<precision)
	n.t.fraction = precision
	return n, nil
}

// wide returns an error unless numbers have 64 bits, which the polynomials of functions
// fill.
func (e *Engine) wide() error {
	if lowest, _ := e.party.Bounds(); lowest != math.MinInt64 {
		return fmt.Errorf("mpc: functions (Div, Sqrt, Log, Exp) need numbers of 64 bits, which %d parties do not have", e.Parties())
	}
	return nil
}

// highest returns where all digits are zero, and then where each is the highest one that
// is not, in a round for each doubling of their number.
func (e *Engine) highest(ctx context.Context, digits []*Bits) ([]*Bits, error) {
	k := len(digits)
	// none[i] says that there is nothing at i or above.
	none := make([]*Bits, k)
	for i, d := range digits {
		var err error
		if none[i], err = d.Not(); err != nil {
			return nil, err
		}
	}
	for step := 1; step < k; step *= 2 {
		var dst, x, y []engine.Vec
		for i := range k - step {
			x, y = append(x, none[i].share), append(y, none[i+step].share)
			dst = append(dst, e.party.NewBits(none[i].share.Len()))
		}
		if err := e.during(ctx, func() error { return e.party.And(dst, x, y) }); err != nil {
			return nil, err
		}
		for i, share := range dst {
			none[i] = &Bits{engine: e, n: none[i].n, share: share}
		}
	}
	tops := []*Bits{none[0]}
	for i := range k {
		var top *Bits
		var err error
		if i+1 < k {
			top, err = none[i].Xor(none[i+1])
		} else {
			top, err = none[i].Not()
		}
		if err != nil {
			return nil, err
		}
		tops = append(tops, top)
	}
	return tops, nil
}

// Div returns x / y with so many bits behind the point, for x of at most 30 bits and a
// sign, and y above zero of at most 30 bits, both counted without a point. It is off by
// at most 2^-25·X/y + 2^-fraction, where X is the largest absolute value in the range of x.
func (e *Engine) Div(ctx context.Context, x, y *Vec, fraction int) (*Vec, error) {
	if err := pair(x, y); err != nil {
		return nil, err
	}
	size := x.r.bits() - 1
	if size > widest {
		return nil, fmt.Errorf("mpc: division of numbers from %d to %d, before the division by a power of two, which have more than %d bits", x.r.Min, x.r.Max, widest)
	}
	// How many bits more than those of x a product with 1/c keeps.
	extra := min(widest+1-size, precision)
	result := widest + extra + x.fraction - y.fraction
	if most := min(result, maxFraction); fraction < 0 || fraction > most || result-fraction > maxFraction {
		return nil, fmt.Errorf("mpc: a quotient with %d bits behind the point, which can have from %d to %d", fraction, max(0, result-maxFraction), most)
	}
	n, err := e.normalise(ctx, y, 1)
	if err != nil {
		return nil, err
	}
	inverse, err := e.polynomial(ctx, reciprocal, n.t, Range{1<<precision - 8, 2<<precision + 8})
	if err != nil {
		return nil, err
	}
	// x without its point, so that the result's is set below.
	whole := *x
	whole.fraction = 0
	z, err := e.Mul(ctx, &whole, inverse)
	if err != nil {
		return nil, err
	}
	if z, err = e.Truncate(ctx, z, extra); err != nil {
		return nil, err
	}
	if z, err = e.Mul(ctx, z, n.scale); err != nil {
		return nil, err
	}
	z.fraction = result
	return e.Truncate(ctx, z, fraction)
}

// Sqrt returns the square roots of y with so many bits behind the point, for y from zero
// and of at most 30 bits, counted without a point, or 29 if an odd number of them is behind
// it. They are off by at most 2^-25 times the root and 2^-fraction.
func (e *Engine) Sqrt(ctx context.Context, y *Vec, fraction int) (*Vec, error) {
	if err := e.own(y); err != nil {
		return nil, err
	}
	if y.fraction%2 == 1 {
		var err error
		if y, err = y.Widen(y.fraction + 1); err != nil {
			return nil, err
		}
	}
	result := precision + y.fraction/2
	if fraction < 0 || fraction > result {
		return nil, fmt.Errorf("mpc: a root with %d bits behind the point, which can have from 0 to %d", fraction, result)
	}
	n, err := e.normalise(ctx, y, 0)
	if err != nil {
		return nil, err
	}
	const one = 1 << precision
	w, err := e.polynomial(ctx, root, n.t, Range{one/2 - 8, one + 8})
	if err != nil {
		return nil, err
	}
	// The root of c·2^(i+1) is that of c times the root of two, if i+1 is odd, times a
	// power of two.
	odd, half := e.vec(Range{0, 1}, 0, y.Len()), e.vec(Range{0, 1 << (widest / 2)}, 0, y.Len())
	for i, here := range n.at {
		if (i+1)%2 == 1 {
			e.party.Combine(odd.share, 1, odd.share, 1, here)
		}
		e.party.Combine(half.share, 1, half.share, 1<<((i+1)/2), here)
	}
	more, err := e.Mul(ctx, w, odd)
	if err != nil {
		return nil, err
	}
	z := e.vec(Range{0, 2 << (2 * precision)}, 2*precision, y.Len())
	e.party.Combine(z.share, one, w.share, sqrt2-one, more.share)
	if z, err = e.Truncate(ctx, z, precision); err != nil {
		return nil, err
	}
	if z, err = e.Mul(ctx, z, half); err != nil {
		return nil, err
	}
	z.fraction = result
	return e.Truncate(ctx, z, fraction)
}

// Log returns the natural logarithms of y with so many bits behind the point, at most 28,
// for y above zero and of at most 30 bits, counted without a point. They are off by at most
// 2^-25 + 2^-fraction.
func (e *Engine) Log(ctx context.Context, y *Vec, fraction int) (*Vec, error) {
	if fraction < 0 || fraction > precision {
		return nil, fmt.Errorf("mpc: a logarithm with %d bits behind the point, which can have from 0 to %d", fraction, precision)
	}
	n, err := e.normalise(ctx, y, 1)
	if err != nil {
		return nil, err
	}
	const one = 1 << precision
	z, err := e.polynomial(ctx, logarithm, n.t, Range{-one, one})
	if err != nil {
		return nil, err
	}
	// The logarithm of 2^k, rounded.
	of := func(k int) int64 { return (int64(k)*ln2 + 1<<(51-precision)) >> (52 - precision) }
	for i, here := range n.at {
		e.party.Combine(z.share, 1, z.share, of(i+1), here)
	}
	e.party.Shift(z.share, of(-y.fraction))
	z.r = Range{of(-y.fraction) - 64, of(len(n.at)-y.fraction) + 64}
	return e.Truncate(ctx, z, fraction)
}

// Exp returns e to the power of x with so many bits behind the point. The range of x must
// be of at most 31 bits and a sign, counted without a point, of which at most 31 are behind
// it, and e to its ends must differ by a factor of at most 2^30. The results are off by at
// most 2^-24 times themselves and 2^-fraction.
func (e *Engine) Exp(ctx context.Context, x *Vec, fraction int) (*Vec, error) {
	if err := e.own(x); err != nil {
		return nil, err
	}
	if err := e.wide(); err != nil {
		return nil, err
	}
	const behind = 26 // of the exponent to base two, whose planes are then 32 in all
	if x.r.bits() > 32 || x.fraction > maxFraction-log2eBits {
		return nil, fmt.Errorf("mpc: a power of numbers from %d to %d, before the division, with %d bits behind the point", x.r.Min, x.r.Max, x.fraction)
	}
	z, err := x.Scale(log2e)
	if err != nil {
		return nil, err
	}
	z.fraction += log2eBits
	cut := z.fraction - behind
	lowest, highest := z.r.Min>>cut, z.r.Max>>cut+1 // of what is left
	low := lowest >> behind
	span := int(min(highest>>behind-low, 1<<10))
	result := precision - int(low)
	if span > 31 || fraction < 0 || fraction > min(result, maxFraction) || result-fraction > maxFraction {
		return nil, fmt.Errorf("mpc: powers from 2^%d to 2^%d with %d bits behind the point", low, int(low)+span+1, fraction)
	}
	if z, err = e.Truncate(ctx, z, behind); err != nil {
		return nil, err
	}
	z = z.shift(Range{0, highest - low<<behind}, -low<<behind)
	digits, err := e.Decompose(ctx, z)
	if err != nil {
		return nil, err
	}
	places := bits.Len(uint(span))
	whole := e.vec(Range{1, 1}, 0, x.Len())
	e.party.Shift(whole.share, 1)
	part := z
	if places > 0 {
		var ones []engine.Vec
		if err := e.during(ctx, func() (err error) {
			ones, err = e.ones(digits[behind : behind+places])
			return err
		}); err != nil {
			return nil, err
		}
		part = e.vec(Range{0, 1<<behind - 1}, behind, x.Len())
		e.party.Combine(part.share, 1, z.share, 0, z.share)
		for j, one := range ones {
			e.party.Combine(part.share, 1, part.share, -1<<(behind+j), one)
			// Two to the power of this digit.
			factor := e.vec(Range{1, 1 << (1 << j)}, 0, x.Len())
			e.party.Combine(factor.share, 1<<(1<<j)-1, one, 0, one)
			e.party.Shift(factor.share, 1)
			if whole, err = e.Mul(ctx, whole, factor); err != nil {
				return nil, err
			}
		}
		whole.r = Range{1, 1 << span}
	}
	t := e.vec(Range{-1 << precision, 1 << precision}, precision, x.Len())
	e.party.Combine(t.share, 2<<(precision-behind), part.share, 0, part.share)
	e.party.Shift(t.share, -1<<precision)
	y, err := e.polynomial(ctx, power, t, Range{1<<precision - 8, 2<<precision + 8})
	if err != nil {
		return nil, err
	}
	if y, err = e.Mul(ctx, y, whole); err != nil {
		return nil, err
	}
	y.fraction = result
	return e.Truncate(ctx, y, fraction)
}
