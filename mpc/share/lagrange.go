package share

import "github.com/dujiang-dev/dujiang/internal/field"

// partyPoint is where the polynomials of Shamir and Packed are evaluated for
// party i, counted from 1.
func partyPoint(i int) uint64 { return uint64(i) }

// partyPoints returns the points of the first n parties.
func partyPoints(n int) []uint64 {
	points := make([]uint64, n)
	for i := range points {
		points[i] = partyPoint(i + 1)
	}
	return points
}

// secretPoints returns the points of n secrets: 0, -1, -2, ... They are not
// among those of parties, as these are at most 255.
func secretPoints(n int) []uint64 {
	points := make([]uint64, n)
	for j := range points {
		points[j] = field.Neg(uint64(j))
	}
	return points
}

// lagrange returns the coefficients by which the values of a polynomial at the
// given points, more than its degree, make its value at x. Points are public.
func lagrange(points []uint64, x uint64) []uint64 {
	coeff := make([]uint64, len(points))
	for j, p := range points {
		numerator, denominator := uint64(1), uint64(1)
		for i, q := range points {
			if i != j {
				numerator = field.Mul(numerator, field.Sub(x, q))
				denominator = field.Mul(denominator, field.Sub(p, q))
			}
		}
		coeff[j] = field.Mul(numerator, field.Inv(denominator))
	}
	return coeff
}
