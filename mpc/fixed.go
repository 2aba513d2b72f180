package mpc

import (
	"context"
	"fmt"
	"math"
)

// A fixed-point number with f bits behind the point is an integer divided by 2^f. Ranges
// are those of the integers, so that what could overflow is refused for these as well.

// maxFraction is the most bits behind the point, which are also the most that protocols
// cut off at once.
const maxFraction = 61

// Fraction returns how many bits behind the point the numbers have, which is 0 for
// integers.
func (v *Vec) Fraction() int { return v.fraction }

// Widen returns the same numbers with more bits behind the point.
func (v *Vec) Widen(fraction int) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	if fraction < v.fraction || fraction > maxFraction {
		return nil, fmt.Errorf("mpc: from %d to %d bits behind the point; at most %d are possible, and Truncate makes fewer", v.fraction, fraction, maxFraction)
	}
	z, err := v.Scale(1 << (fraction - v.fraction))
	if err != nil {
		return nil, err
	}
	z.fraction = fraction
	return z, nil
}

// Halve returns v divided by 2^times, exactly: that many more bits are behind the point.
func (v *Vec) Halve(times int) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	if times < 0 || times > maxFraction-v.fraction {
		return nil, fmt.Errorf("mpc: %d bits behind the point and %d more; at most %d are possible", v.fraction, times, maxFraction)
	}
	z := *v
	z.fraction += times
	return &z, nil
}

// InputFixed shares n numbers of party from, all of them from lo to hi, rounded to so
// many bits behind the point. That party passes them as values, which are checked, and the
// others pass nil.
func (e *Engine) InputFixed(ctx context.Context, from, n, fraction int, lo, hi float64, values []float64) (*Vec, error) {
	if fraction < 0 || fraction > maxFraction {
		return nil, fmt.Errorf("mpc: %d bits behind the point, of at most %d", fraction, maxFraction)
	}
	low, high := math.Floor(math.Ldexp(lo, fraction)), math.Ceil(math.Ldexp(hi, fraction))
	if !(low <= high) || low < -1<<62 || high > 1<<62 {
		return nil, fmt.Errorf("mpc: numbers from %v to %v with %d bits behind the point are not of at most 62 bits", lo, hi, fraction)
	}
	var integers []int64
	if values != nil {
		integers = make([]int64, len(values))
	}
	for i, x := range values {
		if !(x >= lo && x <= hi) {
			return nil, fmt.Errorf("mpc: value %d is not from %v to %v", i, lo, hi)
		}
		integers[i] = int64(math.RoundToEven(math.Ldexp(x, fraction)))
	}
	v, err := e.Input(ctx, from, n, Range{int64(low), int64(high)}, integers)
	if err != nil {
		return nil, err
	}
	v.fraction = fraction
	return v, nil
}

// OpenFixed is [Engine.Open] for integers and fixed-point numbers, which are rounded to
// what a float64 holds.
func (e *Engine) OpenFixed(ctx context.Context, v *Vec, to ...int) ([]float64, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	integers, err := e.open(ctx, v, to)
	if err != nil || integers == nil {
		return nil, err
	}
	values := make([]float64, len(integers))
	for i, x := range integers {
		values[i] = math.Ldexp(float64(x), -v.fraction)
	}
	return values, nil
}

// Truncate returns the same numbers with fewer bits behind the point, rounded down or up:
// up with a probability of about what is cut off, so that errors of many numbers
// cancel out. With malicious parties it is always down. The integers of v must be of one
// bit less than the engine holds.
func (e *Engine) Truncate(ctx context.Context, v *Vec, fraction int) (*Vec, error) {
	shift, err := e.truncation(v, fraction)
	if err != nil {
		return nil, err
	}
	z := e.unset(Range{v.r.Min >> shift, v.r.Max>>shift + 1}, fraction, v.Len())
	if err := e.call(ctx, of("Truncate", v, fraction), func() error { return e.truncate(z, v, shift) }); err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

// truncation returns how many bits a truncation to so many behind the point cuts off.
func (e *Engine) truncation(v *Vec, fraction int) (int, error) {
	if err := e.own(v); err != nil {
		return 0, err
	}
	if fraction < 0 || fraction > v.fraction {
		return 0, fmt.Errorf("mpc: truncation from %d to %d bits behind the point", v.fraction, fraction)
	}
	lowest, highest := e.party.Bounds()
	if v.r.Min < lowest/2 || v.r.Max > highest/2 {
		return 0, fmt.Errorf("mpc: truncation of numbers from %d to %d, before the division, which are not from %d to %d; declare narrower ranges of the inputs", v.r.Min, v.r.Max, lowest/2, highest/2)
	}
	return v.fraction - fraction, nil
}

func (e *Engine) truncate(z, v *Vec, shift int) error {
	if shift == 0 {
		e.party.Combine(z.share, 1, v.share, 0, v.share)
		return nil
	}
	return e.party.Truncate(z.share, v.share, shift)
}

// Floor returns the same numbers with fewer bits behind the point, rounded down. It costs
// what Truncate, Negative and Numbers do.
func (e *Engine) Floor(ctx context.Context, v *Vec, fraction int) (*Vec, error) {
	shift, err := e.truncation(v, fraction)
	if err != nil {
		return nil, err
	}
	if shift == 0 {
		return v, nil
	}
	if _, highest := e.party.Bounds(); 1<<shift > highest {
		// There is no room for what is left, and minus one or zero for the result.
		below, err := e.Negative(ctx, v)
		if err != nil {
			return nil, err
		}
		z, err := e.Numbers(ctx, below)
		if err != nil {
			return nil, err
		}
		e.party.Combine(z.share, -1, z.share, 0, z.share)
		z.r, z.fraction = Range{v.r.Min >> shift, v.r.Max >> shift}, fraction
		return z, nil
	}
	z, err := e.Truncate(ctx, v, fraction)
	if err != nil {
		return nil, err
	}
	// What is left is below zero where it was rounded up.
	rest := e.vec(Range{-1 << shift, 1<<shift - 1}, v.fraction, v.Len())
	e.party.Combine(rest.share, 1, v.share, -1<<shift, z.share)
	up, err := e.Negative(ctx, rest)
	if err != nil {
		return nil, err
	}
	ones, err := e.Numbers(ctx, up)
	if err != nil {
		return nil, err
	}
	e.party.Combine(z.share, 1, z.share, -1, ones.share)
	z.r = Range{v.r.Min >> shift, v.r.Max >> shift}
	return z, nil
}

// MulFixed returns the products of x and y, element by element, truncated to the bits
// behind the point of the factor that has more; see [Engine.Truncate].
func (e *Engine) MulFixed(ctx context.Context, x, y *Vec) (*Vec, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	// What cannot be truncated is refused before it is computed.
	if r, err := e.products(1, x.r, y.r); err == nil {
		if _, err := e.truncation(&Vec{engine: e, r: r, fraction: x.fraction + y.fraction}, max(x.fraction, y.fraction)); err != nil {
			return nil, err
		}
	}
	z, err := e.Mul(ctx, x, y)
	if err != nil {
		return nil, err
	}
	return e.Truncate(ctx, z, max(x.fraction, y.fraction))
}
