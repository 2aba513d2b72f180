package stat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A Config says who learns results, and of how many rows. All parties have the same.
type Config struct {
	// To are the parties that learn results. It must be set.
	To []int
	// Minimum is the least number of rows that a result may be of, in every cell and group.
	// It must be set, to one if there is no minimum.
	Minimum int
	// Privacy puts noise on all results, and refuses methods that cannot have it, or is nil.
	Privacy *Privacy
}

// A Study computes statistics in a run of an engine.
type Study struct {
	engine *mpc.Engine
	cfg    Config
}

// New returns a study in the run of e. It says nothing to the other parties.
func New(e *mpc.Engine, cfg *Config) (*Study, error) {
	if e == nil || cfg == nil || len(cfg.To) == 0 || cfg.Minimum < 1 {
		return nil, errors.New("stat: set the engine, Config.To and Config.Minimum, the last one to one or more")
	}
	if err := cfg.Privacy.check(); err != nil {
		return nil, err
	}
	for i, to := range cfg.To {
		if to < 0 || to >= e.Parties() || slices.Contains(cfg.To[:i], to) {
			return nil, fmt.Errorf("stat: results to parties %v, which are not some of %d different ones from 0", cfg.To, e.Parties())
		}
	}
	s := &Study{engine: e, cfg: *cfg}
	s.cfg.To = slices.Clone(cfg.To)
	if cfg.Privacy != nil {
		privacy := *cfg.Privacy
		s.cfg.Privacy = &privacy
	}
	return s, nil
}

// rows returns how many rows all columns have, which must be enough.
func (s *Study) rows(columns ...*mpc.Vec) (int, error) {
	for _, c := range columns {
		if c == nil {
			return 0, errors.New("stat: a column is nil")
		}
		if c.Len() != columns[0].Len() {
			return 0, fmt.Errorf("stat: columns of %d and %d rows", columns[0].Len(), c.Len())
		}
	}
	n := columns[0].Len()
	if n < s.cfg.Minimum {
		return 0, fmt.Errorf("stat: %d rows, and Config.Minimum is %d", n, s.cfg.Minimum)
	}
	return n, nil
}

// open opens v to those who learn results, as exact numbers if they are integers.
func (s *Study) open(ctx context.Context, v *mpc.Vec) ([]*big.Rat, error) {
	var exact []*big.Rat
	if v.Fraction() == 0 {
		values, err := s.engine.Open(ctx, v, s.cfg.To...)
		for _, x := range values {
			exact = append(exact, new(big.Rat).SetInt64(x))
		}
		return exact, err
	}
	values, err := s.engine.OpenFixed(ctx, v, s.cfg.To...)
	for _, x := range values {
		exact = append(exact, new(big.Rat).SetFloat64(x))
	}
	return exact, err
}

// moments are the sums of columns, and those of the products of any two of them.
type moments struct {
	n        int
	sums     []*big.Rat
	products [][]*big.Rat
}

// moments opens the moments of columns, with noise if results shall have it. It returns nil to
// those who do not learn them.
func (s *Study) moments(ctx context.Context, columns ...*mpc.Vec) (*moments, error) {
	n, err := s.rows(columns...)
	if err != nil {
		return nil, err
	}
	// What the ranges do not allow is refused before anything is opened.
	sums := make([]*mpc.Vec, len(columns))
	products := make([][]*mpc.Vec, len(columns))
	for i, c := range columns {
		if sums[i], err = c.Sum(); err != nil {
			return nil, err
		}
	}
	chances, err := s.chances(momentScales(columns)...)
	if err != nil {
		return nil, err
	}
	for i, c := range columns {
		for _, d := range columns[:i+1] {
			product, err := s.engine.Dot(ctx, c, d)
			if err != nil {
				return nil, err
			}
			products[i] = append(products[i], product)
		}
	}
	if s.cfg.Privacy != nil {
		if err := s.blurMoments(ctx, chances, columns, sums, products); err != nil {
			return nil, err
		}
	}
	m := &moments{n: n, products: make([][]*big.Rat, len(columns))}
	learns := false
	one := func(v *mpc.Vec) (*big.Rat, error) {
		opened, err := s.open(ctx, v)
		if err != nil || len(opened) == 0 {
			return nil, err
		}
		learns = true
		return opened[0], nil
	}
	for i := range columns {
		sum, err := one(sums[i])
		if err != nil {
			return nil, err
		}
		m.sums = append(m.sums, sum)
		for _, v := range products[i] {
			product, err := one(v)
			if err != nil {
				return nil, err
			}
			m.products[i] = append(m.products[i], product)
		}
	}
	if !learns {
		return nil, nil
	}
	if s.cfg.Privacy != nil {
		m.complete(columns)
	}
	return m, nil
}

// covariance returns that of columns i and j, with n-1 in the denominator; i may be j. It
// is not a number for one row.
func (m *moments) covariance(i, j int) float64 {
	if m.n < 2 {
		return math.NaN()
	}
	// (n·Σxy - Σx·Σy) / n(n-1), exactly.
	n := new(big.Rat).SetInt64(int64(m.n))
	z := new(big.Rat).Mul(n, m.products[max(i, j)][min(i, j)])
	z.Sub(z, new(big.Rat).Mul(m.sums[i], m.sums[j]))
	n.Mul(n, new(big.Rat).SetInt64(int64(m.n-1)))
	return value(z.Quo(z, n))
}

func (m *moments) mean(i int) float64 {
	return value(new(big.Rat).Quo(m.sums[i], new(big.Rat).SetInt64(int64(m.n))))
}

func value(x *big.Rat) float64 {
	v, _ := x.Float64()
	return v
}

// A Summary describes a column.
type Summary struct {
	Count     int
	Sum, Mean float64
	// Variance has one less than Count in the denominator. It is not a number for one row.
	// With Config.Privacy it is zero where noise would put it below.
	Variance float64
}

// Deviation returns the standard deviation.
func (s *Summary) Deviation() float64 { return math.Sqrt(s.Variance) }

// Describe opens the sum of v, and that of squares.
//
// With Config.Privacy it protects one row, which is replaced by another; the count is public. For
// a declared range of width R, both sums in units of R and of R², the latter of squares of the
// distance from the middle of the range, have a sensitivity of one together. So neither has a
// part of Epsilon only: the noise of the discrete Laplace distribution has a scale of R/Epsilon for
// the sum, and R²/Epsilon for that of squares. The variance of n rows is thus off by a standard
// deviation of 1.4 to 2 times R²/(n·Epsilon), and is of use where n·Epsilon is well above 8.
func (s *Study) Describe(ctx context.Context, v *mpc.Vec) (*Summary, error) {
	m, err := s.moments(ctx, v)
	if err != nil || m == nil {
		return nil, err
	}
	return m.summary(0), nil
}

// summary describes column i. No variance is below zero but by noise.
func (m *moments) summary(i int) *Summary {
	return &Summary{Count: m.n, Sum: value(m.sums[i]), Mean: m.mean(i), Variance: max(m.covariance(i, i), 0)}
}

// A Pair describes two columns. The correlation is not a number if one of them is constant, or
// of a variance of zero by noise, and from -1 to 1 whatever noise there is.
type Pair struct {
	X, Y                    Summary
	Covariance, Correlation float64
}

// Covariance opens the sums of x and of y, of their squares and of their products.
//
// With Config.Privacy it protects one row of both columns, which is replaced by another; the
// count is public. For declared ranges of widths R and S, all five have a sensitivity of one
// together in units of 2R, 2S, 4R², 4S² and 2RS, where squares and products are those of distances
// from the middles of the ranges. The scales of their noise are these over Epsilon.
func (s *Study) Covariance(ctx context.Context, x, y *mpc.Vec) (*Pair, error) {
	m, err := s.moments(ctx, x, y)
	if err != nil || m == nil {
		return nil, err
	}
	p := &Pair{X: *m.summary(0), Y: *m.summary(1), Covariance: m.covariance(0, 1)}
	p.Correlation = math.NaN()
	if product := p.X.Deviation() * p.Y.Deviation(); product > 0 {
		p.Correlation = p.Covariance / product
		if s.cfg.Privacy != nil {
			p.Correlation = min(max(p.Correlation, -1), 1)
		}
	}
	return p, nil
}

// Quantiles opens, for each of q from 0 to 1, the smallest value that at least that
// part of all rows does not exceed. It is a value of some row: Config.Minimum cannot protect
// its owner, who may be known by being the richest, for instance. So as many rows as
// Config.Minimum must be below and above each, or it is an error.
//
// With Config.Privacy it is refused: a row can move a quantile as far as the range is wide. Counts
// of a Histogram have little noise, and say where quantiles are.
func (s *Study) Quantiles(ctx context.Context, v *mpc.Vec, q ...float64) ([]float64, error) {
	if err := s.exact("Quantiles"); err != nil {
		return nil, err
	}
	n, err := s.rows(v)
	if err != nil {
		return nil, err
	}
	rows := make([]int, len(q))
	for i, q := range q {
		if !(q >= 0 && q <= 1) {
			return nil, fmt.Errorf("stat: the quantile %v is not from 0 to 1", q)
		}
		rows[i] = max(int(math.Ceil(q*float64(n))), 1) - 1
		if m := s.cfg.Minimum; m > 1 && (rows[i] < m || n-1-rows[i] < m) {
			return nil, fmt.Errorf("stat: the quantile %v of %d rows has less than %d below or above it, which is Config.Minimum", q, n, m)
		}
	}
	if len(q) == 0 {
		return nil, nil
	}
	sorted, err := s.engine.Sort(ctx, v, v)
	if err != nil {
		return nil, err
	}
	chosen := make([]*mpc.Vec, len(q))
	for i, row := range rows {
		if chosen[i], err = sorted[0].Slice(row, row+1); err != nil {
			return nil, err
		}
	}
	all, err := mpc.Concat(chosen...)
	if err != nil {
		return nil, err
	}
	return s.engine.OpenFixed(ctx, all, s.cfg.To...)
}
