package mpc

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/big"

	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// A Range says between which numbers all elements of a vector are, inclusive. It
// is public, and equal at all parties.
type Range struct{ Min, Max int64 }

// String returns "-1..1".
func (r Range) String() string { return fmt.Sprintf("%d..%d", r.Min, r.Max) }

// rangeOf returns the range from the smallest to the largest of some bounds, or an
// error if it is not one of 64-bit integers.
func rangeOf(operation string, bounds ...*big.Int) (Range, error) {
	lo, hi := bounds[0], bounds[0]
	for _, b := range bounds {
		if b.Cmp(lo) < 0 {
			lo = b
		}
		if b.Cmp(hi) > 0 {
			hi = b
		}
	}
	if !lo.IsInt64() || !hi.IsInt64() {
		return Range{}, fmt.Errorf("mpc: %s can be from %v to %v, which 64 bits do not hold; declare narrower ranges of the inputs", operation, lo, hi)
	}
	return Range{lo.Int64(), hi.Int64()}, nil
}

// sum returns the range of a sum of numbers of the ranges r and s, and difference
// that of r - s.
func (r Range) sum(s Range) (Range, error) {
	return rangeOf("a sum", add(r.Min, s.Min), add(r.Max, s.Max))
}

func (r Range) difference(s Range) (Range, error) {
	return rangeOf("a difference", sub(r.Min, s.Max), sub(r.Max, s.Min))
}

// products returns the range of a sum of n products of numbers of the ranges r and
// s, and of every part of that sum.
func (r Range) products(n int, s Range) (Range, error) {
	bounds := []*big.Int{mul(r.Min, s.Min), mul(r.Min, s.Max), mul(r.Max, s.Min), mul(r.Max, s.Max)}
	for _, b := range bounds {
		b.Mul(b, big.NewInt(int64(n)))
	}
	if n != 1 {
		bounds = append(bounds, new(big.Int))
	}
	return rangeOf("a product", bounds...)
}

// with returns the smallest range that has all of r and of s.
func (r Range) with(s Range) Range { return Range{min(r.Min, s.Min), max(r.Max, s.Max)} }

func add(a, b int64) *big.Int { return new(big.Int).Add(big.NewInt(a), big.NewInt(b)) }
func sub(a, b int64) *big.Int { return new(big.Int).Sub(big.NewInt(a), big.NewInt(b)) }
func mul(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }

// A Vec is a party's part of a vector of secret integers, all of them in a range
// that everybody knows. It does not change, and prints as its type, length and
// range. Vectors of different runs must not be mixed; [Engine.Shares] and
// [Engine.InputShares] take one from run to run.
type Vec struct {
	_      [0]func() // no ==, which would not be constant time
	engine *Engine
	r      Range
	share  rep3.Vec
}

// Len returns the number of elements.
func (v *Vec) Len() int { return len(v.share.Own) }

// Range returns the range of all elements.
func (v *Vec) Range() Range { return v.r }

// String returns the type, length and range of v, and nothing of its values.
func (v Vec) String() string { return fmt.Sprintf("mpc.Vec(%d, %v)", len(v.share.Own), v.r) }

// Format implements [fmt.Formatter], so that no verb prints the value of v.
func (v Vec) Format(f fmt.State, verb rune) { io.WriteString(f, v.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (v Vec) LogValue() slog.Value { return slog.StringValue(v.String()) }

var errMixed = errors.New("mpc: a vector is nil, empty or of another engine")

// pair returns an error unless v and w are vectors of one engine and length.
func pair(v, w *Vec) error {
	if v == nil || w == nil || v.engine == nil || v.engine != w.engine {
		return errMixed
	}
	if v.Len() != w.Len() {
		return fmt.Errorf("mpc: vectors of %d and %d elements", v.Len(), w.Len())
	}
	return nil
}

// Add returns v + w, element by element.
func (v *Vec) Add(w *Vec) (*Vec, error) {
	if err := pair(v, w); err != nil {
		return nil, err
	}
	r, err := v.r.sum(w.r)
	if err != nil {
		return nil, err
	}
	return v.combine(r, 1, 1, w), nil
}

// Sub returns v - w, element by element.
func (v *Vec) Sub(w *Vec) (*Vec, error) {
	if err := pair(v, w); err != nil {
		return nil, err
	}
	r, err := v.r.difference(w.r)
	if err != nil {
		return nil, err
	}
	return v.combine(r, 1, math.MaxUint64, w), nil
}

// combine returns f·v + g·w modulo 2^64, of which the result is in r.
func (v *Vec) combine(r Range, f, g uint64, w *Vec) *Vec {
	z := v.engine.vec(r, v.Len())
	each := func(z, x, y []uint64) {
		for i := range z {
			z[i] = f*x[i] + g*y[i]
		}
	}
	each(z.share.Own, v.share.Own, w.share.Own)
	each(z.share.Next, v.share.Next, w.share.Next)
	return z
}

// Scale returns every element of v times the public number k.
func (v *Vec) Scale(k int64) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	r, err := v.r.products(1, Range{k, k})
	if err != nil {
		return nil, err
	}
	return v.combine(r, uint64(k), 0, v), nil
}

// Shift returns every element of v plus the public number k.
func (v *Vec) Shift(k int64) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	r, err := v.r.sum(Range{k, k})
	if err != nil {
		return nil, err
	}
	z := v.combine(r, 1, 0, v)
	// The constant goes into the summand 0.
	switch v.engine.party.Index() {
	case 0:
		shift(z.share.Own, uint64(k))
	case rep3.Parties - 1:
		shift(z.share.Next, uint64(k))
	}
	return z, nil
}

func shift(v []uint64, k uint64) {
	for i := range v {
		v[i] += k
	}
}

// Sum returns the sum of all elements of v, as a vector of one.
func (v *Vec) Sum() (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	r, err := v.r.products(v.Len(), Range{1, 1})
	if err != nil {
		return nil, err
	}
	z := v.engine.vec(r, 1)
	for i, x := range v.share.Own {
		z.share.Own[0] += x
		z.share.Next[0] += v.share.Next[i]
	}
	return z, nil
}

// Slice returns elements lo to hi - 1 of v, in the same memory.
func (v *Vec) Slice(lo, hi int) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	if lo < 0 || hi < lo || hi > v.Len() {
		return nil, fmt.Errorf("mpc: elements %d to %d of %d", lo, hi, v.Len())
	}
	return &Vec{engine: v.engine, r: v.r, share: v.share.Slice(lo, hi)}, nil
}
