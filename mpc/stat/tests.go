package stat

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A Test is a statistic, its degrees of freedom, and the probability of one as large, in
// absolute value for t, if there is no effect.
type Test struct {
	Statistic, Freedom, P float64
}

// TTest compares the means of x and of y, which may be of different lengths and variances
// (Welch). It opens what Describe opens of both. It is an error if they are both constant.
// With Config.Privacy it is refused: P would leave out that means and variances have noise.
func (s *Study) TTest(ctx context.Context, x, y *mpc.Vec) (*Test, error) {
	if err := s.exact("TTest"); err != nil {
		return nil, err
	}
	for _, v := range []*mpc.Vec{x, y} {
		n, err := s.rows(v)
		if err != nil {
			return nil, err
		}
		if n < 2 {
			return nil, fmt.Errorf("stat: a t test of %d rows", n)
		}
	}
	a, err := s.Describe(ctx, x)
	if err != nil {
		return nil, err
	}
	b, err := s.Describe(ctx, y)
	if err != nil || a == nil {
		return nil, err
	}
	n, m := float64(a.Count), float64(b.Count)
	u, v := a.Variance/n, b.Variance/m
	if u+v == 0 {
		return nil, errors.New("stat: a t test of constant columns")
	}
	t := &Test{
		Statistic: (a.Mean - b.Mean) / math.Sqrt(u+v),
		Freedom:   (u + v) * (u + v) / (u*u/(n-1) + v*v/(m-1)),
	}
	t.P = incompleteBeta(t.Freedom/2, 0.5, t.Freedom/(t.Freedom+t.Statistic*t.Statistic))
	return t, nil
}

// ChiSquare tests whether the rows and columns of an opened table are independent (Pearson).
// Rows and columns without any are left out. Cells that were hidden count as zeros, and make
// it wrong: give it tables of large cells.
func ChiSquare(table [][]int64) (*Test, error) {
	var rows, columns []float64
	total := 0.0
	for i, row := range table {
		if i > 0 && len(row) != len(columns) {
			return nil, fmt.Errorf("stat: row %d of a table has %d cells, and not %d", i, len(row), len(columns))
		}
		rows = append(rows, 0)
		for k, count := range row {
			if count < 0 {
				return nil, fmt.Errorf("stat: the cell %d of row %d is below zero", k, i)
			}
			if i == 0 {
				columns = append(columns, 0)
			}
			rows[i] += float64(count)
			columns[k] += float64(count)
			total += float64(count)
		}
	}
	used := func(sums []float64) (n int) {
		for _, sum := range sums {
			if sum > 0 {
				n++
			}
		}
		return n
	}
	r, c := used(rows), used(columns)
	if r < 2 || c < 2 {
		return nil, errors.New("stat: a chi-square test of less than two rows or columns with any counts")
	}
	t := &Test{Freedom: float64(r-1) * float64(c-1)}
	for i, row := range table {
		for k, count := range row {
			if expected := rows[i] / total * columns[k]; expected > 0 {
				d := float64(count) - expected
				t.Statistic += d * d / expected
			}
		}
	}
	t.P = upperGamma(t.Freedom/2, t.Statistic/2)
	return t, nil
}

const (
	precision  = 1e-14
	iterations = 100_000
	tiny       = 1e-300
)

// incompleteBeta returns the regularised incomplete beta function I_x(a, b), by the continued
// fraction of DLMF 8.17.22 and the method of Lentz.
func incompleteBeta(a, b, x float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) { // where it converges slowly
		return 1 - incompleteBeta(b, a, 1-x)
	}
	f, c, d := 1.0, 1.0, 0.0
	for i := range iterations {
		m := float64(i / 2)
		var term float64
		switch {
		case i == 0:
			term = 1
		case i%2 == 0:
			term = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		default:
			term = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		d = 1 / nonzero(1+term*d)
		c = nonzero(1 + term/c)
		f *= c * d
		if math.Abs(1-c*d) < precision {
			break
		}
	}
	return math.Exp(a*math.Log(x)+b*math.Log1p(-x)-logGamma(a)-logGamma(b)+logGamma(a+b)) / a * (f - 1)
}

// upperGamma returns the regularised upper incomplete gamma function Q(a, x), by the series
// of DLMF 8.7.1 for small x and the continued fraction 8.9.2 for others.
func upperGamma(a, x float64) float64 {
	if x <= 0 {
		return 1
	}
	factor := math.Exp(a*math.Log(x) - x - logGamma(a))
	if x < a+1 {
		sum, term := 1/a, 1/a
		for i := 1; i < iterations && term > sum*precision; i++ {
			term *= x / (a + float64(i))
			sum += term
		}
		return 1 - factor*sum
	}
	b := x + 1 - a
	c, d := 1/tiny, 1/nonzero(b)
	f := d
	for i := 1; i < iterations; i++ {
		k := float64(i)
		term := -k * (k - a)
		b += 2
		d = 1 / nonzero(term*d+b)
		c = nonzero(b + term/c)
		f *= c * d
		if math.Abs(1-c*d) < precision {
			break
		}
	}
	return factor * f
}

func nonzero(x float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
