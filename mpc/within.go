package mpc

import "fmt"

// Within returns the same numbers, declared to be in r, for those who know more of them than
// what follows from the ranges of what they were computed from, as that a square root of x²+1
// is not below one. Nobody checks it: what is computed of numbers that are not in their range is
// wrong, as it is for inputs of malicious parties, and opening them is an error. Ranges of
// fixed-point numbers are those before the division.
func (v *Vec) Within(r Range) (*Vec, error) {
	if v == nil || v.engine == nil {
		return nil, errMixed
	}
	if lowest, highest := v.engine.party.Bounds(); r.Min > r.Max || r.Min < lowest || r.Max > highest {
		return nil, fmt.Errorf("mpc: numbers declared to be in %v, which is empty or more than the engine's bits hold", r)
	}
	z := *v
	z.r = r
	return &z, nil
}
