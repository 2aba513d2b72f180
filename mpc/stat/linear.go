package stat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A Line is what least squares make of columns: y is about Intercept plus the sum of
// Coefficients times the columns.
type Line struct {
	Intercept    float64
	Coefficients []float64
	// Errors are the standard errors of the coefficients. They are not numbers unless there
	// are more rows than coefficients and the intercept.
	Errors []float64
	// Explained is the part of the variance of y that the line explains, R². It is not a
	// number for a constant y.
	Explained float64
}

// Linear returns the ordinary least squares of y over columns. It opens the sums of all
// columns and of y, and those of the products of any two of them, from which the line is
// computed, in exact fractions up to the last rounding. It is an error if a column is a
// combination of the others. With Config.Privacy it is refused: what noise on these sums does to
// the line has no bound, and is not in its standard errors.
func (s *Study) Linear(ctx context.Context, y *mpc.Vec, columns ...*mpc.Vec) (*Line, error) {
	if err := s.exact("Linear"); err != nil {
		return nil, err
	}
	if len(columns) == 0 || len(columns) > maxColumns {
		return nil, fmt.Errorf("stat: a regression over %d columns, of 1 to %d", len(columns), maxColumns)
	}
	m, err := s.moments(ctx, append([]*mpc.Vec{y}, columns...)...)
	if err != nil || m == nil {
		return nil, err
	}
	return m.line()
}

// maxColumns is the most columns of a regression.
const maxColumns = 100

// line solves the normal equations (X'X)b = X'y.
func (m *moments) line() (*Line, error) {
	// Column 0 is y, in the sums. In the matrix it is the constant.
	k := len(m.sums)
	rows := new(big.Rat).SetInt64(int64(m.n))
	at := func(i, j int) *big.Rat {
		switch {
		case i == 0 && j == 0:
			return rows
		case i == 0 || j == 0:
			return m.sums[max(i, j)]
		}
		return m.products[max(i, j)][min(i, j)]
	}
	// X'X, and beside it the unit matrix.
	a := make([][]*big.Rat, k)
	for i := range a {
		a[i] = make([]*big.Rat, 2*k)
		for j := range k {
			a[i][j] = new(big.Rat).Set(at(i, j))
			a[i][k+j] = new(big.Rat)
		}
		a[i][k+i].SetInt64(1)
	}
	if !invert(a) {
		return nil, errors.New("stat: a column of a regression is a combination of the others, or constant")
	}
	// b = (X'X)^-1 X'y, and what is left is y'y - b'X'y.
	left := new(big.Rat).Set(m.products[0][0])
	solution := make([]*big.Rat, k)
	right := func(j int) *big.Rat {
		if j == 0 {
			return m.sums[0]
		}
		return m.products[j][0]
	}
	for i := range solution {
		solution[i] = new(big.Rat)
		for j := range k {
			solution[i].Add(solution[i], new(big.Rat).Mul(a[i][k+j], right(j)))
		}
		left.Sub(left, new(big.Rat).Mul(solution[i], right(i)))
	}
	total := new(big.Rat).Mul(m.sums[0], m.sums[0])
	total.Sub(m.products[0][0], total.Quo(total, rows))
	l := &Line{Intercept: value(solution[0]), Explained: math.NaN()}
	if total.Sign() != 0 {
		l.Explained = 1 - value(new(big.Rat).Quo(left, total))
	}
	for i := 1; i < k; i++ {
		l.Coefficients = append(l.Coefficients, value(solution[i]))
		deviation := math.NaN()
		if m.n > k {
			v := new(big.Rat).Mul(left, a[i][k+i])
			deviation = math.Sqrt(value(v.Quo(v, new(big.Rat).SetInt64(int64(m.n-k)))))
		}
		l.Errors = append(l.Errors, deviation)
	}
	return l, nil
}

// invert makes the left half of a the unit matrix by operations on rows, and reports
// whether that can be.
func invert(a [][]*big.Rat) bool {
	for i := range a {
		pivot := i
		for pivot < len(a) && a[pivot][i].Sign() == 0 {
			pivot++
		}
		if pivot == len(a) {
			return false
		}
		a[i], a[pivot] = a[pivot], a[i]
		factor := new(big.Rat).Inv(a[i][i])
		for _, x := range a[i] {
			x.Mul(x, factor)
		}
		for j := range a {
			if j == i || a[j][i].Sign() == 0 {
				continue
			}
			factor := new(big.Rat).Set(a[j][i])
			for k, x := range a[j] {
				x.Sub(x, new(big.Rat).Mul(factor, a[i][k]))
			}
		}
	}
	return true
}
