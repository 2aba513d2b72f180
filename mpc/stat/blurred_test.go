package stat

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc"
)

// tables returns all tables of two rows whose columns are in these ranges, as rows of each.
func tables(ranges []mpc.Range) (all [][2][]int64) {
	rows := [][]int64{nil}
	for _, r := range ranges {
		var longer [][]int64
		for _, row := range rows {
			for x := r.Min; x <= r.Max; x++ {
				longer = append(longer, append(row[:len(row):len(row)], x))
			}
		}
		rows = longer
	}
	for _, first := range rows {
		for _, second := range rows {
			all = append(all, [2][]int64{first, second})
		}
	}
	return all
}

// sensitivity returns by how much what f opens of a table, each number divided by its scale,
// changes at most if its second row is another one. It tries all tables of two rows.
func sensitivity(t *testing.T, ranges []mpc.Range, f func(ctx context.Context, s *Study, columns []*mpc.Vec) ([]*mpc.Vec, []uint64)) float64 {
	most := 0.0
	run(t, 1, func(ctx context.Context, e *mpc.Engine, s *Study) {
		results := make(map[int64][][]float64) // by the first row
		for _, table := range tables(ranges) {
			var columns []*mpc.Vec
			name := int64(0)
			for i, r := range ranges {
				v := input(t, ctx, e, r.Min, r.Max, []int64{table[0][i], table[1][i]})
				if i == 1 {
					// Units are those of integers, wherever the point is.
					var err error
					v, err = v.Halve(3)
					require.NoError(t, err)
				}
				columns = append(columns, v)
				name = 100*name + table[0][i] + 50
			}
			vs, scales := f(ctx, s, columns)
			require.Len(t, scales, len(vs))
			var parts []float64
			for i, v := range vs {
				opened, err := e.OpenFixed(ctx, v, 0)
				require.NoError(t, err)
				for _, x := range opened {
					parts = append(parts, math.Ldexp(x, v.Fraction())/float64(max(scales[i], 1)))
				}
			}
			results[name] = append(results[name], parts)
		}
		if e.Self() != 0 {
			return
		}
		for _, neighbours := range results {
			for _, a := range neighbours {
				for _, b := range neighbours {
					change := 0.0
					for i, x := range a {
						change += math.Abs(x - b[i])
					}
					most = max(most, change)
				}
			}
		}
	})
	return most
}

// TestMomentSensitivity tries all neighbours of small tables: sums and products of distances change
// by one together, in units of their scales, and not more. There is a row where they do.
func TestMomentSensitivity(t *testing.T) {
	for _, ranges := range [][]mpc.Range{
		{{Min: -2, Max: 3}},
		{{Min: 7, Max: 9}},
		{{Min: 0, Max: 1}, {Min: -3, Max: 0}},
		{{Min: -1, Max: 1}, {Min: 4, Max: 6}},
		{{Min: 0, Max: 1}, {Min: -1, Max: 1}, {Min: 4, Max: 5}},
	} {
		most := sensitivity(t, ranges, func(ctx context.Context, s *Study, columns []*mpc.Vec) ([]*mpc.Vec, []uint64) {
			var sums []*mpc.Vec
			products := make([][]*mpc.Vec, len(columns))
			for i, c := range columns {
				sum, err := c.Sum()
				require.NoError(t, err)
				sums = append(sums, sum)
				for _, d := range columns[:i+1] {
					product, err := s.engine.Dot(ctx, c, d)
					require.NoError(t, err)
					products[i] = append(products[i], product)
				}
			}
			all, err := centred(columns, sums, products)
			require.NoError(t, err)
			return all, momentScales(columns)
		})
		require.InDelta(t, 1, most, 1e-12, "%v", ranges)
	}
	// A column of one number changes nothing.
	most := sensitivity(t, []mpc.Range{{Min: 5, Max: 5}}, func(_ context.Context, _ *Study, columns []*mpc.Vec) ([]*mpc.Vec, []uint64) {
		return columns, momentScales(columns)[:1]
	})
	require.Zero(t, most)
}

// TestGroupSensitivity tries all neighbours of small tables of keys and values.
func TestGroupSensitivity(t *testing.T) {
	for _, ranges := range [][]mpc.Range{
		{{Min: -1, Max: 3}},
		{{Min: -1, Max: 1}, {Min: -2, Max: 1}},
		{{Min: 4, Max: 5}, {Min: 0, Max: 1}, {Min: 7, Max: 9}},
	} {
		most := sensitivity(t, ranges, func(ctx context.Context, s *Study, columns []*mpc.Vec) ([]*mpc.Vec, []uint64) {
			r := ranges[0]
			all, err := s.byKey(ctx, columns[0], r.Min, int(r.Max-r.Min)+1, columns[1:])
			require.NoError(t, err)
			return all, groupScales(columns[1:])
		})
		require.InDelta(t, 1, most, 1e-12, "%v", ranges)
	}
}

// TestMomentScale looks whether the noise of each moment has its scale: by Chernoff's bound the mean
// of 150 absolute values, which is about the scale, is two times too large or too small with a
// probability below 10^-11, any of the five.
func TestMomentScale(t *testing.T) {
	const epsilon, draws = 1.0, 150
	a, b := []int64{900, 1000, 950, 930}, []int64{-20, 30, 0, 7}
	// In units of integers: of y before it is halved.
	scales := []float64{2 * 100, 2 * 50, 4 * 100 * 100, 2 * 100 * 50, 4 * 50 * 50}
	var sums [5]float64
	runOf(t, 3, private(epsilon), func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 900, 1000, a)
		y, err := input(t, ctx, e, -20, 30, b).Halve(1)
		require.NoError(t, err)
		for range draws {
			m, err := s.moments(ctx, x, y)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.Nil(t, m)
			}
			if e.Self() != 0 {
				continue
			}
			exact := [5]float64{}
			for i := range a {
				u, v := float64(a[i])-950, float64(b[i])-5
				exact[0] += float64(a[i])
				exact[1] += float64(b[i])
				exact[2] += u * u
				exact[3] += u * v
				exact[4] += v * v
			}
			// The moments of distances, from those of numbers.
			p, q := value(m.sums[0]), 2*value(m.sums[1])
			n := float64(len(a))
			opened := [5]float64{
				p, q,
				value(m.products[0][0]) - 2*950*p + n*950*950,
				2*value(m.products[1][0]) - 950*q - 5*p + n*950*5,
				4*value(m.products[1][1]) - 2*5*q + n*5*5,
			}
			for i := range opened {
				sums[i] += math.Abs(opened[i] - exact[i])
			}
		}
	})
	for i, scale := range scales {
		require.Greater(t, sums[i]/draws*epsilon/scale, 0.5, "moment %d", i)
		require.Less(t, sums[i]/draws*epsilon/scale, 2.0, "moment %d", i)
	}
}

// TestGroupScale is TestMomentScale for groups, of which about half of 450 are shown, as all but
// one have no rows. By Chernoff's bound these are less than 150 or more than 300 with a probability
// below 10^-10, and means of 150 noises two times too large or too small with one below 10^-12.
func TestGroupScale(t *testing.T) {
	const epsilon = 1.0 / 64
	for parties := 3; parties <= 4; parties++ {
		runOf(t, parties, private(epsilon), func(ctx context.Context, e *mpc.Engine, s *Study) {
			keys := input(t, ctx, e, -100, 349, []int64{-100})
			x := input(t, ctx, e, 40, 60, []int64{40})
			y, err := input(t, ctx, e, 0, 9, []int64{9}).Halve(1)
			require.NoError(t, err)
			groups, err := s.ByGroup(ctx, keys, x, y)
			require.NoError(t, err)
			if e.Self()%2 == 1 {
				require.Nil(t, groups)
				return
			}
			require.Greater(t, len(groups), 150)
			require.Less(t, len(groups), 300)
			var noise [3]float64
			for i, g := range groups {
				require.True(t, i == 0 || groups[i-1].Key < g.Key)
				require.GreaterOrEqual(t, g.Count, int64(1))
				require.InEpsilon(t, g.Sums[0], g.Means[0]*float64(g.Count), 1e-9)
				noise[0] += float64(g.Count)
				noise[1] += math.Abs(g.Sums[0] - 50*float64(g.Count))
				noise[2] += math.Abs(2*g.Sums[1] - 4.5*float64(g.Count))
			}
			for i, scale := range []float64{2 * 3, 20 * 3, 9 * 3} {
				got := noise[i] / float64(len(groups)) * epsilon / scale
				require.Greater(t, got, 0.5, "column %d", i)
				require.Less(t, got, 2.0, "column %d", i)
			}
		})
	}
}

// TestBlurredMoments compares what has little noise with plain results: each number is off by 30
// times its scale with a probability of 10^-13.
func TestBlurredMoments(t *testing.T) {
	const n, epsilon, most = 2000, 10, 30
	a, b := random(1, n, 1000, 1100), random(2, n, -60, 40)
	for i := range b {
		b[i] = min(b[i], 1030-a[i]+10) // so that there is a correlation
		b[i] = max(b[i], -60)
	}
	results := make([]*Pair, 3)
	runOf(t, 3, private(epsilon), func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 1000, 1100, a)
		y, err := input(t, ctx, e, -60, 40, b).Halve(1)
		require.NoError(t, err)
		pair, err := s.Covariance(ctx, x, y)
		require.NoError(t, err)
		one, err := s.Describe(ctx, x)
		require.NoError(t, err)
		if results[e.Self()] = pair; e.Self() == 1 {
			require.Nil(t, pair)
			require.Nil(t, one)
			return
		}
		mean, variance := describe(a)
		mean2, variance2 := describe(b)
		covariance := covariance(a, b)
		require.Less(t, covariance, -100.0)
		const unit = 100.0 / epsilon / n // the range is of 100 numbers
		require.Equal(t, n, one.Count)
		require.InDelta(t, mean, one.Mean, most*unit)
		require.InDelta(t, variance, one.Variance, 2*most*100*unit)
		require.InDelta(t, mean, pair.X.Mean, most*2*unit)
		require.InDelta(t, mean2/2, pair.Y.Mean, most*unit)
		require.InDelta(t, variance, pair.X.Variance, 2*most*4*100*unit)
		require.InDelta(t, variance2/4, pair.Y.Variance, 2*most*100*unit)
		require.InDelta(t, covariance/2, pair.Covariance, 2*most*100*unit)
		require.InDelta(t, pair.Covariance/math.Sqrt(pair.X.Variance*pair.Y.Variance), pair.Correlation, 1e-9)
	})
	require.Equal(t, results[0], results[2])
}

// TestNoVariance opens what noise makes of a variance of zero: never less, nor a correlation of more
// than one. Half of all variances are zero, and none of 80 with a probability of 10^-24.
func TestNoVariance(t *testing.T) {
	zeros := 0
	runOf(t, 3, private(1), func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 0, 9, []int64{4, 4, 4, 4})
		for range 40 {
			pair, err := s.Covariance(ctx, x, x)
			require.NoError(t, err)
			if e.Self() != 0 {
				continue
			}
			require.GreaterOrEqual(t, pair.X.Variance, 0.0)
			require.GreaterOrEqual(t, pair.Y.Variance, 0.0)
			if pair.X.Variance == 0 || pair.Y.Variance == 0 {
				zeros++
				require.True(t, math.IsNaN(pair.Correlation))
				continue
			}
			require.LessOrEqual(t, math.Abs(pair.Correlation), 1.0)
		}
	})
	require.Greater(t, zeros, 0)
}

// TestBlurredGroups compares groups of many rows with plain ones, and looks whether those of few
// are left out: a noise of 70 times its scale has a probability of 10^-30.
func TestBlurredGroups(t *testing.T) {
	const n, epsilon, minimum = 900, 10, 50
	keys, wages := random(1, n, 2, 4), random(2, n, 100, 200)
	counts, sums := make(map[int64]int64), make(map[int64]int64)
	for i, k := range keys {
		counts[k]++
		sums[k] += wages[i]
	}
	cfg := private(epsilon)
	cfg.Minimum = minimum
	runOf(t, 3, cfg, func(ctx context.Context, e *mpc.Engine, s *Study) {
		k := input(t, ctx, e, 0, 9, keys)
		w, err := input(t, ctx, e, 100, 200, wages).Halve(2)
		require.NoError(t, err)
		groups, err := s.ByGroup(ctx, k, w)
		require.NoError(t, err)
		alone, err := s.ByGroup(ctx, k)
		require.NoError(t, err)
		if e.Self() == 1 {
			require.Nil(t, groups)
			require.Nil(t, alone)
			return
		}
		require.Len(t, groups, 3)
		require.Len(t, alone, 3)
		for i, g := range groups {
			require.Equal(t, int64(2+i), g.Key)
			require.InDelta(t, counts[g.Key], g.Count, 30)
			require.InDelta(t, float64(sums[g.Key])/4-float64(counts[g.Key]-g.Count)*150/4, g.Sums[0], 70*100*2/4/epsilon)
			require.InEpsilon(t, g.Sums[0]/float64(g.Count), g.Means[0], 1e-12)
			require.Equal(t, g.Key, alone[i].Key)
			require.InDelta(t, counts[g.Key], alone[i].Count, 30)
			require.Empty(t, alone[i].Sums)
		}
	})
}
