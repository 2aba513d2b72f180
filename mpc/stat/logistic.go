package stat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A Logit is what a logistic regression makes of columns: y is one with a probability of
// 1/(1+exp(-l)), where l is Intercept plus the sum of Coefficients times the columns.
type Logit struct {
	Intercept    float64
	Coefficients []float64
}

// Probability returns that of y being one for a row of as many numbers as there are columns.
func (l *Logit) Probability(row ...float64) float64 {
	z := l.Intercept
	for i, b := range l.Coefficients {
		z += b * row[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// Bits behind the point: of columns, of the coefficients that these are multiplied with and of
// probabilities, of the coefficients that are kept from step to step, of public factors, and of
// the polynomials of the logistic function.
const (
	columnBits    = 18
	weightBits    = 20
	stateBits     = 26
	factorBits    = 14
	chebyshevBits = 24
)

// What the 62 bits that can be truncated have room for.
const (
	maxLogitRows    = 1 << 20
	maxLogitColumns = 16
	maxIterations   = 1000
)

// Logistic returns the logistic regression of y, which is declared to be from 0 to 1, over at
// most 16 columns of at most 2^20 rows. It opens the coefficients and nothing else.
//
// Each column is moved and scaled by a power of two, so that its declared range becomes a part
// of -1 to 1, and not of -1/2 to 1/2: declare what is narrow. What is minimised is minus the
// logarithm of the likelihood, plus ridge/2 times the squares of the coefficients of the columns
// that were scaled and of the intercept there. So there is an answer for classes that a
// plane separates also. It must be above 0; a thousandth of the number of rows is small.
//
// It takes that many iterations, at most 1000, of Nesterov's accelerated gradients, and does
// not tell whether these were enough: the package comment says how many are, and how precise
// the result is. It needs 64 bits, and so two or three parties. With Config.Privacy it is
// refused: how far a row can move the coefficients depends on all others.
func (s *Study) Logistic(ctx context.Context, ridge float64, iterations int, y *mpc.Vec, columns ...*mpc.Vec) (*Logit, error) {
	if err := s.exact("Logistic"); err != nil {
		return nil, err
	}
	if len(columns) == 0 || len(columns) > maxLogitColumns {
		return nil, fmt.Errorf("stat: a logistic regression over %d columns, of 1 to %d", len(columns), maxLogitColumns)
	}
	n, err := s.rows(append([]*mpc.Vec{y}, columns...)...)
	if err != nil {
		return nil, err
	}
	if n == 0 || n > maxLogitRows {
		return nil, fmt.Errorf("stat: a logistic regression of %d rows, of 1 to %d", n, maxLogitRows)
	}
	if iterations < 1 || iterations > maxIterations {
		return nil, fmt.Errorf("stat: a logistic regression of %d iterations, of 1 to %d", iterations, maxIterations)
	}
	if r := y.Range(); y.Fraction() != 0 || r.Min < 0 || r.Max > 1 {
		return nil, fmt.Errorf("stat: a logistic regression of a y from %v with %d bits behind the point; declare the range 0 to 1", r, y.Fraction())
	}
	if s.engine.Parties() > 3 {
		return nil, fmt.Errorf("stat: a logistic regression needs numbers of 64 bits, which %d parties do not have", s.engine.Parties())
	}
	d := &descent{engine: s.engine, n: n, k: len(columns) + 1}
	if err := d.steps(ridge); err != nil {
		return nil, err
	}
	scales := make([]scale, len(columns))
	for i, c := range columns {
		if scales[i], err = scaleOf(c); err != nil {
			return nil, fmt.Errorf("stat: column %d of a logistic regression: %w", i, err)
		}
	}
	if err := d.join(ctx, y, scales, columns); err != nil {
		return nil, err
	}
	weights, err := d.descend(ctx, iterations)
	if err != nil {
		return nil, err
	}
	opened, err := s.engine.OpenFixed(ctx, weights, s.cfg.To...)
	if err != nil || opened == nil {
		return nil, err
	}
	l := &Logit{Intercept: opened[0]}
	for i, b := range opened[1:] {
		b = math.Ldexp(b, scales[i].power)
		l.Intercept -= b * scales[i].middle
		l.Coefficients = append(l.Coefficients, b)
	}
	return l, nil
}

// A scale makes x the number (x-middle)·2^power, from -1 to 1.
type scale struct {
	fine   int   // bits that the middle has behind the point
	shift  int64 // the middle times 2^fine
	middle float64
	power  int
}

func scaleOf(v *mpc.Vec) (scale, error) {
	r, f := v.Range(), v.Fraction()
	if r.Min < -1<<45 || r.Max > 1<<45 || f > 45 {
		return scale{}, fmt.Errorf("the range %v with %d bits behind the point is more than 2^45; truncate or declare a narrower one", r, f)
	}
	if r.Min == r.Max {
		return scale{}, errors.New("a range of one number; leave it out")
	}
	// The middle is exact to a half of a unit, or as far as there is room for it.
	z := scale{fine: min(f+1, 15)}
	ends := r.Min + r.Max // two times the middle, in units
	z.shift = ends << z.fine >> (f + 1)
	z.middle = math.Ldexp(float64(z.shift), -z.fine)
	unit := int64(1) << f
	half := max(r.Max<<z.fine-z.shift*unit, z.shift*unit-r.Min<<z.fine)
	z.power = f + z.fine - bits.Len64(uint64(half-1))
	return z, nil
}

// of returns the scaled column, with at most 61 bits behind the point.
func (z scale) of(v *mpc.Vec) (*mpc.Vec, error) {
	v, err := v.Scale(1 << z.fine)
	if err != nil {
		return nil, err
	}
	if v, err = v.Shift(-z.shift); err != nil {
		return nil, err
	}
	if z.power > z.fine {
		return v.Scale(1 << (z.power - z.fine))
	}
	return v.Halve(z.fine - z.power)
}
