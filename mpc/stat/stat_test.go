package stat

import (
	"context"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc"
)

// run runs f at three parties, of which 0 and 2 learn results of at least minimum rows.
func run(t *testing.T, minimum int, f func(ctx context.Context, e *mpc.Engine, s *Study)) {
	runOf(t, 3, &Config{To: []int{0, 2}, Minimum: minimum}, f)
}

// runOf runs f at so many parties.
func runOf(t *testing.T, parties int, cfg *Config, f func(ctx context.Context, e *mpc.Engine, s *Study)) {
	synctest.Test(t, func(t *testing.T) {
		streams := make([][]io.ReadWriter, parties)
		for i := range streams {
			streams[i] = make([]io.ReadWriter, parties)
			for j := range i {
				streams[i][j], streams[j][i] = net.Pipe()
			}
		}
		var running sync.WaitGroup
		for i := range streams {
			running.Go(func() {
				for j, rw := range streams[i] {
					if j != i {
						defer rw.(io.Closer).Close()
					}
				}
				e, err := mpc.New(t.Context(), i, streams[i], &mpc.Config{Adversary: mpc.SemiHonest})
				if err != nil {
					t.Error(err)
					return
				}
				s, err := New(e, cfg)
				if err != nil {
					t.Error(err)
					return
				}
				f(t.Context(), e, s)
				if err := e.Close(nil); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	})
}

// input shares values of party 1.
func input(t *testing.T, ctx context.Context, e *mpc.Engine, lo, hi int64, values []int64) *mpc.Vec {
	n := len(values)
	if e.Self() != 1 {
		values = nil
	}
	v, err := e.Input(ctx, 1, n, mpc.Range{Min: lo, Max: hi}, values)
	require.NoError(t, err)
	return v
}

func random(seed uint64, n int, lo, hi int64) []int64 {
	g := rand.New(rand.NewPCG(seed, 1))
	v := make([]int64, n)
	for i := range v {
		v[i] = lo + g.Int64N(hi-lo+1)
	}
	return v
}

// describe is a plain computation, in two passes over the values.
func describe(v []int64) (mean, variance float64) {
	for _, x := range v {
		mean += float64(x)
	}
	mean /= float64(len(v))
	for _, x := range v {
		variance += (float64(x) - mean) * (float64(x) - mean)
	}
	return mean, variance / float64(len(v)-1)
}

// covariance returns the covariance of two columns.
func covariance(a, b []int64) (sum float64) {
	meanA, _ := describe(a)
	meanB, _ := describe(b)
	for i := range a {
		sum += (float64(a[i]) - meanA) * (float64(b[i]) - meanB)
	}
	return sum / float64(len(a)-1)
}

// TestMoments compares summaries, covariances and t tests with plain computations, of
// numbers far from zero also, where sums of squares cancel.
func TestMoments(t *testing.T) {
	for _, base := range []int64{0, -50, 10_000_000} {
		const n = 300
		a, b := random(1, n, base, base+100), random(2, n, base+3, base+90)
		run(t, 10, func(ctx context.Context, e *mpc.Engine, s *Study) {
			x, y := input(t, ctx, e, base, base+100, a), input(t, ctx, e, base, base+100, b)
			pair, err := s.Covariance(ctx, x, y)
			require.NoError(t, err)
			test, err := s.TTest(ctx, x, y)
			require.NoError(t, err)
			half, err := x.Halve(1)
			require.NoError(t, err)
			halved, err := s.Describe(ctx, half)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.Nil(t, pair)
				require.Nil(t, test)
				require.Nil(t, halved)
				return
			}
			mean, variance := describe(a)
			mean2, variance2 := describe(b)
			covariance := covariance(a, b)
			require.Equal(t, n, pair.X.Count)
			require.InEpsilon(t, mean, pair.X.Mean, 1e-12)
			require.InEpsilon(t, mean*n, pair.X.Sum, 1e-12)
			require.InEpsilon(t, variance, pair.X.Variance, 1e-10)
			require.InEpsilon(t, variance2, pair.Y.Variance, 1e-10)
			require.InEpsilon(t, covariance, pair.Covariance, 1e-7)
			require.InEpsilon(t, covariance/math.Sqrt(variance*variance2), pair.Correlation, 1e-7)
			require.InEpsilon(t, (mean-mean2)/math.Sqrt(variance/n+variance2/n), test.Statistic, 1e-7)
			require.InEpsilon(t, mean/2, halved.Mean, 1e-12)
			if base < 1000 {
				require.InEpsilon(t, variance/4, halved.Variance, 1e-10)
			}
		})
	}
}

// TestTables compares histograms, cross-tabulations, groups and quantiles with plain ones,
// and looks whether what is of few rows is hidden.
func TestTables(t *testing.T) {
	const n = 200
	a, b := random(1, n, 0, 4), random(2, n, 0, 2)
	for i := range a {
		if a[i] == 3 {
			a[i] = 2
		}
	}
	a[0] = 3 // one row of its own
	wages := random(3, n, -5, 1000)
	for _, minimum := range []int{1, 5} {
		run(t, minimum, func(ctx context.Context, e *mpc.Engine, s *Study) {
			x, y := input(t, ctx, e, 0, 4, a), input(t, ctx, e, 0, 2, b)
			w := input(t, ctx, e, -5, 1000, wages)
			histogram, err := s.Histogram(ctx, x, 1, 3, 4, 9)
			require.NoError(t, err)
			table, err := s.Crosstab(ctx, x, y, 5, 3)
			require.NoError(t, err)
			groups, err := s.ByGroup(ctx, x, w, y)
			require.NoError(t, err)
			quantiles, err := s.Quantiles(ctx, w, 0.25, 0.5, 0.9)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.Nil(t, histogram)
				require.Nil(t, table)
				require.Nil(t, groups)
				require.Nil(t, quantiles)
				return
			}
			shown := func(count int64) int64 {
				if count < int64(minimum) {
					return 0
				}
				return count
			}
			cells, keys := make(map[[2]int64]int64), make(map[int64]int64)
			sums := make(map[int64]float64)
			for i := range a {
				cells[[2]int64{a[i], b[i]}]++
				keys[a[i]]++
				sums[a[i]] += float64(wages[i])
			}
			require.Equal(t, []int64{shown(keys[0]), shown(keys[1] + keys[2]), shown(keys[3]), shown(keys[4]), 0}, histogram)
			for i, row := range table {
				for k, count := range row {
					require.Equal(t, shown(cells[[2]int64{int64(i), int64(k)}]), count)
				}
			}
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				if shown(keys[k]) == 0 {
					continue
				}
				require.Equal(t, k, groups[0].Key)
				require.Equal(t, keys[k], groups[0].Count)
				require.Equal(t, sums[k], groups[0].Sums[0])
				require.InEpsilon(t, sums[k]/float64(keys[k]), groups[0].Means[0], 1e-12)
				require.Len(t, groups[0].Sums, 2)
				groups = groups[1:]
			}
			require.Empty(t, groups)
			sorted := slices.Sorted(slices.Values(wages))
			require.Equal(t, []float64{float64(sorted[49]), float64(sorted[99]), float64(sorted[179])}, quantiles)
		})
	}
}

// TestLargeTable counts a table of which not all values are compared at once.
func TestLargeTable(t *testing.T) {
	const n, rows, columns = maxCompared/4 + 1, 5, 2 // in two pieces, the second of two values
	a, b := random(1, n, 0, rows), random(2, n, 0, columns-1)
	var exact [rows][columns]int64
	for i, x := range a {
		if x < rows {
			exact[x][b[i]]++
		}
	}
	run(t, 1, func(ctx context.Context, e *mpc.Engine, s *Study) {
		table, err := s.Crosstab(ctx, input(t, ctx, e, 0, rows, a), input(t, ctx, e, 0, columns-1, b), rows, columns)
		require.NoError(t, err)
		for i, row := range table {
			require.Equal(t, exact[i][:], row)
		}
		require.Equal(t, e.Self() == 1, table == nil)
	})
}

// TestLinear recovers a line, and compares the rest with what R's lm says of five rows.
func TestLinear(t *testing.T) {
	a, b := random(1, 100, 0, 50), random(2, 100, -9, 9)
	c := make([]int64, 100)
	for i := range c {
		c[i] = 7 + 3*a[i] - 2*b[i]
	}
	run(t, 5, func(ctx context.Context, e *mpc.Engine, s *Study) {
		x, z, y := input(t, ctx, e, 0, 50, a), input(t, ctx, e, -9, 9, b), input(t, ctx, e, -100, 1000, c)
		l, err := s.Linear(ctx, y, x, z)
		require.NoError(t, err)
		small := input(t, ctx, e, 0, 9, []int64{1, 2, 3, 4, 5})
		five, err := s.Linear(ctx, input(t, ctx, e, 0, 9, []int64{2, 4, 5, 4, 5}), small)
		require.NoError(t, err)
		_, mistake := s.Linear(ctx, y, x, x)
		if e.Self() == 1 {
			require.NoError(t, mistake)
			require.Nil(t, l)
			require.Nil(t, five)
			return
		}
		require.ErrorContains(t, mistake, "combination")
		require.Equal(t, &Line{Intercept: 7, Coefficients: []float64{3, -2}, Errors: []float64{0, 0}, Explained: 1}, l)
		// By hand: Sxx = 10, Sxy = 6, Syy = 6, and 2.4 is left with 3 degrees of freedom.
		require.InDelta(t, 2.2, five.Intercept, 1e-12)
		require.InDelta(t, 0.6, five.Coefficients[0], 1e-12)
		require.InDelta(t, math.Sqrt(2.4/3/10), five.Errors[0], 1e-12)
		require.InDelta(t, 0.6, five.Explained, 1e-12)
	})
}

// TestProbabilities compares p values with closed forms: t with one and with two degrees of
// freedom, chi-square with two and with one, and with symmetry.
func TestProbabilities(t *testing.T) {
	for _, x := range []float64{0.001, 0.1, 0.5, 1, 2, 5, 30} {
		require.InEpsilon(t, 2/math.Pi*math.Atan(1/x), incompleteBeta(0.5, 0.5, 1/(1+x*x)), 1e-10)
		require.InEpsilon(t, 1-x/math.Sqrt(2+x*x), incompleteBeta(1, 0.5, 2/(2+x*x)), 1e-10)
		require.InEpsilon(t, math.Exp(-x/2), upperGamma(1, x/2), 1e-10)
		require.InEpsilon(t, math.Erfc(math.Sqrt(x/2)), upperGamma(0.5, x/2), 1e-10)
		require.InEpsilon(t, math.Exp(-x/2)*(1+x/2), upperGamma(2, x/2), 1e-10)
	}
	for _, a := range []float64{0.5, 3, 1e6} {
		require.InDelta(t, 0.5, incompleteBeta(a, a, 0.5), 1e-8)
	}
	require.Equal(t, 1.0, upperGamma(3, 0))
	require.Equal(t, 1.0, incompleteBeta(2, 3, 1))

	test, err := ChiSquare([][]int64{{10, 20, 0}, {20, 10, 0}, {0, 0, 0}})
	require.NoError(t, err)
	require.InEpsilon(t, 20.0/3, test.Statistic, 1e-12) // four times 25/15
	require.Equal(t, 1.0, test.Freedom)
	require.InEpsilon(t, math.Erfc(math.Sqrt(10.0/3)), test.P, 1e-10)
	for _, table := range [][][]int64{nil, {{1, 2}}, {{1, 2}, {3}}, {{1, -1}, {1, 1}}, {{1, 0}, {2, 0}}} {
		_, err := ChiSquare(table)
		require.Error(t, err)
	}
}

// TestMistakes tries what is too few, or not of one length.
func TestMistakes(t *testing.T) {
	run(t, 5, func(ctx context.Context, e *mpc.Engine, s *Study) {
		four, five := input(t, ctx, e, 0, 9, make([]int64, 4)), input(t, ctx, e, 0, 9, make([]int64, 5))
		half, err := five.Halve(1)
		require.NoError(t, err)
		before := e.Stats()
		for _, err := range []error{
			second(New(nil, &Config{})),
			second(New(e, nil)),
			second(New(e, &Config{To: []int{0}})),
			second(New(e, &Config{Minimum: 1})),
			second(New(e, &Config{To: []int{3}, Minimum: 1})),
			second(New(e, &Config{To: []int{1, 1}, Minimum: 1})),
			second(s.Describe(ctx, four)),
			second(s.Describe(ctx, nil)),
			second(s.Covariance(ctx, five, four)),
			second(s.TTest(ctx, five, four)),
			second(s.Quantiles(ctx, five, 0.5)),
			second(s.Quantiles(ctx, five, math.NaN())),
			second(s.Histogram(ctx, five)),
			second(s.Histogram(ctx, half, 1)),
			second(s.Crosstab(ctx, five, five, 0, 1)),
			second(s.ByGroup(ctx, half)),
			second(s.ByGroup(ctx, five, four)),
			second(s.Linear(ctx, five)),
		} {
			require.Error(t, err)
		}
		require.Equal(t, before, e.Stats())
		_, err = s.Histogram(ctx, five, 2, 2)
		require.Error(t, err)
	})
}

func second[T any](_ T, err error) error { return err }
