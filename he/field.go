package he

import (
	"errors"
	"fmt"
	"math"
)

// ErrRange is about a value of the caller's that the plan has no room for.
var ErrRange = errors.New("he: a value is out of its range")

// maxUnits bounds the numbers of a field. Up to here a float64 tells decimal
// numbers apart well, and a product of two still leaves room to add up 2^30.
const maxUnits = 1 << 48

// A Field is a column of numbers that every contributor has.
type Field struct {
	// Name is how functions call the field.
	Name string
	// Min and Max are the least and the greatest value that there can be. They
	// are public, and the same for all: a value beyond them is refused where it
	// is read, and the plan makes room for all that lie between.
	Min, Max float64
	// Decimals is the number of digits behind the decimal point, from 0 to 9.
	// A value with more is refused. Everything is computed exactly in units of
	// 10^-Decimals.
	Decimals int
}

// scale is the number of units in one.
func (f *Field) scale() float64 { return math.Pow10(f.Decimals) }

func (f *Field) bounds() (lo, hi int64, err error) {
	switch {
	case f.Name == "":
		return 0, 0, errors.New("he: a field has no name")
	case f.Decimals < 0 || f.Decimals > 9:
		return 0, 0, fmt.Errorf("he: field %q has %d decimals, not between 0 and 9", f.Name, f.Decimals)
	}
	lo, errLo := toUnits(f.Min, f.scale())
	hi, errHi := toUnits(f.Max, f.scale())
	switch {
	case errLo != nil:
		return 0, 0, fmt.Errorf("he: the least value of field %q %w", f.Name, errLo)
	case errHi != nil:
		return 0, 0, fmt.Errorf("he: the greatest value of field %q %w", f.Name, errHi)
	case lo >= hi:
		return 0, 0, fmt.Errorf("he: field %q has a greatest value that is not above the least", f.Name)
	}
	return lo, hi, nil
}

var (
	errSize     = errors.New("has more than 2^48 units: take fewer decimals")
	errDecimals = errors.New("has more decimals than the field")
)

// toUnits returns x in units. What it refuses depends on x, which is the
// caller's own.
func toUnits(x, scale float64) (int64, error) {
	y := x * scale
	if !(math.Abs(y) <= maxUnits) { // also for NaN
		return 0, errSize
	}
	if u := int64(y); float64(u) == y {
		return u, nil // most numbers, and faster
	}
	u := math.Round(y)
	// A decimal number and its product with the scale are each off by half a
	// unit in the last place at most, which at 2^48 is 2^-5.
	if math.Abs(y-u) > max(1e-6, math.Abs(y)*0x1p-50) {
		return 0, errDecimals
	}
	return int64(u), nil
}
