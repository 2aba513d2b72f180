package mpc

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// A Range says between which numbers all elements of a vector are, inclusive. It
// is public, and equal at all parties.
type Range struct{ Min, Max int64 }

// String returns "-1..1".
func (r Range) String() string { return fmt.Sprintf("%d..%d", r.Min, r.Max) }

// rangeOf returns the range from the smallest to the largest of some bounds, or an
// error if the engine's ring does not hold it.
func (e *Engine) rangeOf(operation string, bounds ...*big.Int) (Range, error) {
	lo, hi := bounds[0], bounds[0]
	for _, b := range bounds {
		if b.Cmp(lo) < 0 {
			lo = b
		}
		if b.Cmp(hi) > 0 {
			hi = b
		}
	}
	lowest, highest := e.party.Bounds()
	if !lo.IsInt64() || !hi.IsInt64() || lo.Int64() < lowest || hi.Int64() > highest {
		return Range{}, fmt.Errorf("mpc: %s can be from %v to %v, which the %d bits of the engine do not hold; declare narrower ranges of the inputs",
			operation, lo, hi, Range{lowest, highest}.bits())
	}
	return Range{lo.Int64(), hi.Int64()}, nil
}

// sum returns the range of a sum of numbers of the ranges r and s, and difference
// that of r - s.
func (e *Engine) sum(r, s Range) (Range, error) {
	return e.rangeOf("a sum", add(r.Min, s.Min), add(r.Max, s.Max))
}

func (e *Engine) difference(r, s Range) (Range, error) {
	return e.rangeOf("a difference", sub(r.Min, s.Max), sub(r.Max, s.Min))
}

// products returns the range of a sum of n products of numbers of the ranges r and
// s, and of every part of that sum.
func (e *Engine) products(n int, r, s Range) (Range, error) {
	bounds := []*big.Int{mul(r.Min, s.Min), mul(r.Min, s.Max), mul(r.Max, s.Min), mul(r.Max, s.Max)}
	for _, b := range bounds {
		b.Mul(b, big.NewInt(int64(n)))
	}
	if n != 1 {
		bounds = append(bounds, new(big.Int))
	}
	return e.rangeOf("a product", bounds...)
}

// bits returns how many bits hold all of r in two's complement.
func (r Range) bits() int {
	// Of a negative number -k, those of k - 1 and the sign.
	return 1 + max(bits.Len64(uint64(r.Min^r.Min>>63)), bits.Len64(uint64(r.Max^r.Max>>63)))
}

// with returns the smallest range that has all of r and of s.
func (r Range) with(s Range) Range { return Range{min(r.Min, s.Min), max(r.Max, s.Max)} }

func add(a, b int64) *big.Int { return new(big.Int).Add(big.NewInt(a), big.NewInt(b)) }
func sub(a, b int64) *big.Int { return new(big.Int).Sub(big.NewInt(a), big.NewInt(b)) }
func mul(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }

// A Vec is a party's part of a vector of secret numbers, all of them in a range that
// everybody knows. They are integers, or fixed-point numbers: integers divided by a power
// of two; see [Vec.Fraction]. A Vec does not change, and prints as its type, length and
// range. Vectors of different runs must not be mixed; [Engine.Shares] and
// [Engine.InputShares] take one from run to run.
type Vec struct {
	_        [0]func() // no ==, which would not be constant time
	engine   *Engine
	r        Range // of the integers
	fraction int
	past     past
	share    engine.Vec
}

// Len returns the number of elements.
func (v *Vec) Len() int { return v.share.Len() }

// Range returns the range of all elements, of fixed-point numbers before the division.
func (v *Vec) Range() Range { return v.r }

// String returns the type, length and range of v, and nothing of its values.
func (v Vec) String() string { return fmt.Sprintf("mpc.Vec(%d, %v)", v.share.Len(), v.r) }

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

// alike is pair for vectors of the same fraction.
func alike(v, w *Vec) error {
	if err := pair(v, w); err != nil {
		return err
	}
	if v.fraction != w.fraction {
		return fmt.Errorf("mpc: numbers with %d and %d bits behind the point; make them alike by Widen or Truncate", v.fraction, w.fraction)
	}
	return nil
}

// Add returns v + w, element by element.
func (v *Vec) Add(w *Vec) (*Vec, error) {
	if err := alike(v, w); err != nil {
		return nil, err
	}
	r, err := v.engine.sum(v.r, w.r)
	if err != nil {
		return nil, err
	}
	return v.combine(r, 1, 1, w), nil
}

// Sub returns v - w, element by element.
func (v *Vec) Sub(w *Vec) (*Vec, error) {
	if err := alike(v, w); err != nil {
		return nil, err
	}
	r, err := v.engine.difference(v.r, w.r)
	if err != nil {
		return nil, err
	}
	return v.combine(r, 1, -1, w), nil
}

// combine returns f·v + g·w, of which the result is in r.
func (v *Vec) combine(r Range, f, g int64, w *Vec) *Vec {
	z := v.engine.unset(r, v.fraction, v.Len())
	z.past = of("Combine", v, w, f, g).digest
	v.engine.party.Combine(z.share, f, v.share, g, w.share)
	return z
}

// Scale returns every element of v times the public number k.
func (v *Vec) Scale(k int64) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	r, err := v.engine.products(1, v.r, Range{k, k})
	if err != nil {
		return nil, err
	}
	return v.combine(r, k, 0, v), nil
}

// Shift returns every element of v plus the public integer k.
func (v *Vec) Shift(k int64) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	units := new(big.Int).Lsh(big.NewInt(k), uint(v.fraction))
	lo, hi := big.NewInt(v.r.Min), big.NewInt(v.r.Max)
	r, err := v.engine.rangeOf("a sum", lo.Add(lo, units), hi.Add(hi, units))
	if err != nil {
		return nil, err
	}
	// If the sum fits, so does k, but perhaps for a wide range: then modulo 2^64.
	return v.shift(r, k<<v.fraction), nil
}

// shift returns v plus units, in r.
func (v *Vec) shift(r Range, units int64) *Vec {
	z := v.combine(r, 1, 0, v)
	z.past = of("Shift", v, units).digest
	v.engine.party.Shift(z.share, units)
	return z
}

// Sum returns the sum of all elements of v, as a vector of one.
func (v *Vec) Sum() (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	r, err := v.engine.products(v.Len(), v.r, Range{1, 1})
	if err != nil {
		return nil, err
	}
	z := v.engine.vec(r, v.fraction, 1)
	z.past = of("Sum", v).digest
	v.engine.party.Sum(z.share, v.share)
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
	return &Vec{engine: v.engine, r: v.r, fraction: v.fraction, past: of("Slice", v, lo, hi).digest, share: v.share.Slice(lo, hi)}, nil
}

// Concat returns the elements of all vectors in one, of which the range has all of theirs.
func Concat(vs ...*Vec) (*Vec, error) {
	if len(vs) == 0 {
		return nil, errMixed
	}
	shares := make([]engine.Vec, len(vs))
	var r Range
	for i, v := range vs {
		if v == nil || v.engine == nil || v.engine != vs[0].engine {
			return nil, errMixed
		}
		if v.fraction != vs[0].fraction {
			return nil, fmt.Errorf("mpc: numbers with %d and %d bits behind the point", vs[0].fraction, v.fraction)
		}
		if shares[i] = v.share; i == 0 {
			r = v.r
		}
		r = r.with(v.r)
	}
	return &Vec{engine: vs[0].engine, r: r, fraction: vs[0].fraction, past: of("Concat", vs).digest, share: engine.Concat(shares...)}, nil
}

// Prefix returns, at each place, the sum of all elements of v up to it.
func (v *Vec) Prefix() (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	all, err := v.engine.products(max(v.Len(), 1), v.r, Range{1, 1})
	if err != nil {
		return nil, err
	}
	z := v.engine.vec(all.with(v.r), v.fraction, v.Len())
	z.past = of("Prefix", v).digest
	v.engine.party.Prefix(z.share, v.share)
	return z, nil
}
