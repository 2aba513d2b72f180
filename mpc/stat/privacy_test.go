package stat

import (
	"context"
	"math"
	"math/big"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc"
)

// private is a configuration of which 0 and 2 learn results.
func private(epsilon float64) *Config {
	return &Config{To: []int{0, 2}, Minimum: 1, Privacy: &Privacy{Epsilon: epsilon}}
}

// exponential returns e^x by another way than digits: a short series for x/2^64, and the
// 64-fold square of it, in floating-point numbers of 600 bits.
func exponential(x *big.Float) *big.Float {
	float := func() *big.Float { return new(big.Float).SetPrec(600) }
	small := float().SetMantExp(x, -64)
	sum, term := float().SetInt64(1), float().SetInt64(1)
	for k := range int64(12) {
		term.Mul(term, small).Quo(term, float().SetInt64(k+1))
		sum.Add(sum, term)
	}
	for range 64 {
		sum.Mul(sum, sum)
	}
	return sum
}

// TestDigits compares chances with a reference, and the numbers that they make with the
// geometric distribution, of which the probabilities are one in all.
func TestDigits(t *testing.T) {
	for _, c := range []struct {
		epsilon     float64
		sensitivity uint64
	}{{10, 1}, {1, 1}, {0.1, 2}, {math.Ln2, 1}, {3, 1000}, {0.01, 1 << 40}, {0x1p-40, 2}} {
		chances, err := digits(c.epsilon, c.sensitivity)
		require.NoError(t, err)
		for j := range len(chances) + 1 {
			x := new(big.Float).SetPrec(600).SetFloat64(c.epsilon)
			x.Quo(x, new(big.Float).SetUint64(c.sensitivity))
			x.SetMantExp(x, j)
			p := exponential(x)
			p.Quo(big.NewFloat(1<<chanceBits).SetPrec(600), p.Add(p, big.NewFloat(1)))
			if j < len(chances) {
				p.Sub(p, new(big.Float).SetInt64(chances[j]))
			}
			require.LessOrEqual(t, p.Abs(p).Cmp(big.NewFloat(0.5+1e-9)), 0, "digit %d of %v", j, c)
		}
		if len(chances) > 16 {
			continue
		}
		q, all := math.Exp(-c.epsilon/float64(c.sensitivity)), 0.0
		for x := range 1 << len(chances) {
			p := 1.0
			for j, chance := range chances {
				one := math.Ldexp(float64(chance), -chanceBits)
				if x>>j&1 == 0 {
					one = 1 - one
				}
				p *= one
			}
			require.InDelta(t, (1-q)*math.Pow(q, float64(x)), p, 1e-14)
			all += p
		}
		require.InDelta(t, 1, all, 1e-11)
	}
	for _, c := range []struct {
		epsilon     float64
		sensitivity uint64
	}{{10, math.MaxUint64}, {0x1p-60, 1}, {5e-324, 1}} {
		_, err := digits(c.epsilon, c.sensitivity)
		require.ErrorContains(t, err, "does not fit")
	}
}

// TestNoise looks whether noise has its distribution, by a chi-square test that fails with a
// probability of about 10^-9 for right noise, at three and at four parties, whose rings are others.
func TestNoise(t *testing.T) {
	const widest = 4 // and beyond, where at least 16 are expected on each side
	for parties, n := range map[int]int{3: 1000, 4: 200} {
		runOf(t, parties, private(1), func(ctx context.Context, e *mpc.Engine, s *Study) {
			chances, err := digits(1, 2)
			require.NoError(t, err)
			v, err := s.noise(ctx, n, [][]int64{{1 << 58, 1}, chances, {3}})
			require.NoError(t, err)
			opened, err := e.Open(ctx, v[1], 0)
			require.NoError(t, err)
			if e.Self() != 0 {
				return
			}
			var seen [2*widest + 1]float64
			for _, x := range opened {
				seen[min(max(x, -widest), widest)+widest]++
			}
			q, statistic := math.Exp(-0.5), 0.0
			for i, count := range seen {
				expected := float64(n) * math.Pow(q, math.Abs(float64(i-widest))) / (1 + q)
				if i > 0 && i < len(seen)-1 {
					expected *= 1 - q // otherwise of all that are farther
				}
				statistic += (count - expected) * (count - expected) / expected
			}
			require.Greater(t, upperGamma(widest, statistic/2), 1e-9, "%v", seen)
		})
	}
}

// TestBlurred looks whether all that is opened has noise: so much of it that it is zero with
// a probability of 2^-42 only, and so little that it is above three units with one of
// 10^-13.
func TestBlurred(t *testing.T) {
	a := random(1, 60, 0, 1)
	ones := int64(0)
	for _, x := range a {
		ones += x
	}
	zeros := int64(len(a)) - ones
	for _, epsilon := range []float64{0x1p-40, 10} {
		results := make([][]float64, 3)
		runOf(t, 3, private(epsilon), func(ctx context.Context, e *mpc.Engine, s *Study) {
			x := input(t, ctx, e, 0, 1, a)
			half, err := x.Halve(1)
			require.NoError(t, err)
			summary, err := s.Describe(ctx, x)
			require.NoError(t, err)
			halved, err := s.Describe(ctx, half)
			require.NoError(t, err)
			histogram, err := s.Histogram(ctx, x, 1)
			require.NoError(t, err)
			table, err := s.Crosstab(ctx, x, x, 2, 2)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.Nil(t, summary)
				require.Nil(t, halved)
				require.Nil(t, histogram)
				require.Nil(t, table)
				return
			}
			require.Equal(t, len(a), summary.Count)
			require.InEpsilon(t, summary.Sum/float64(len(a)), summary.Mean, 1e-12)
			results[e.Self()] = []float64{
				summary.Sum, 2 * halved.Sum, float64(histogram[0]), float64(histogram[1]),
				float64(table[0][0]), float64(table[1][1]),
			}
		})
		require.Equal(t, results[0], results[2])
		for i, exact := range []int64{ones, ones, zeros, ones, zeros, ones} {
			if epsilon < 1 {
				require.NotEqual(t, float64(exact), results[0][i], "result %d", i)
			} else {
				require.InDelta(t, exact, results[0][i], 6, "result %d", i)
			}
		}
	}
}

// TestNoisyMinimum hides noisy counts, not exact ones: about half of 399 cells without a row are
// shown, and what is above the minimum of 5 is a geometric variable, of mean 2/epsilon for
// the two cells that a row can change. By Chernoff's bound right noise fails with a probability
// below 10^-9.
func TestNoisyMinimum(t *testing.T) {
	const epsilon = 1.0 / 64
	cfg := private(epsilon)
	cfg.Minimum = 5
	runOf(t, 3, cfg, func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 0, 9, make([]int64, 5))
		table, err := s.Crosstab(ctx, x, x, 20, 20)
		require.NoError(t, err)
		if e.Self() == 1 {
			return
		}
		shown, sum := 0.0, 0.0
		for i, row := range table {
			for k, count := range row {
				if i+k > 0 && count != 0 {
					require.GreaterOrEqual(t, count, int64(5))
					shown++
					sum += float64(count - 5)
				}
			}
		}
		require.InDelta(t, 192, shown, 70)
		require.Greater(t, sum/shown*epsilon/2, 0.58)
		require.Less(t, sum/shown*epsilon/2, 1.6)
	})
}

// TestSensitivity looks whether the noise of sums hides the width of the range. Means of 60
// absolute values are three times too large or small with a probability below 10^-11.
func TestSensitivity(t *testing.T) {
	runOf(t, 3, private(1), func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 900, 1000, []int64{950})
		mean := 0.0
		for range 60 {
			summary, err := s.Describe(ctx, x)
			require.NoError(t, err)
			if summary != nil {
				mean += math.Abs(summary.Sum-950) / 60
			}
		}
		if e.Self() != 1 {
			require.Greater(t, mean, 100.0/3)
			require.Less(t, mean, 100.0*3)
		}
	})
}

// TestNoiseRounds adds noise to one and to many numbers in as many rounds.
func TestNoiseRounds(t *testing.T) {
	runOf(t, 3, private(1), func(ctx context.Context, e *mpc.Engine, s *Study) {
		var rounds []int
		for _, n := range []int{1, 300} {
			before := e.Stats().Rounds
			v := input(t, ctx, e, 0, 9, make([]int64, n))
			chances, err := s.chances(2, 900)
			require.NoError(t, err)
			_, err = s.blur(ctx, chances, v, v)
			require.NoError(t, err)
			rounds = append(rounds, int(e.Stats().Rounds-before))
		}
		require.Equal(t, rounds[0], rounds[1])
		// Pieces beyond that are put together.
		chances, err := digits(1, 2)
		require.NoError(t, err)
		require.Greater(t, maxDigits/(2*len(chances)), 2000)
	})
}

// TestRefused opens nothing that would be without noise.
func TestRefused(t *testing.T) {
	runOf(t, 3, private(1), func(ctx context.Context, e *mpc.Engine, s *Study) {
		x := input(t, ctx, e, 0, 9, []int64{1, 2, 3, 4})
		wide := input(t, ctx, e, 0, 1<<60, make([]int64, 4))
		squared := input(t, ctx, e, 0, 1<<30, make([]int64, 4)) // of which squares fit, without noise
		thousand := input(t, ctx, e, -500, 500, make([]int64, 4))
		before := e.Stats()
		for _, err := range []error{
			second(s.Linear(ctx, x, x)),
			second(s.TTest(ctx, x, x)),
			second(s.Quantiles(ctx, x, 0.5)),
			second(s.Logistic(ctx, 1, 1, x, x)),
		} {
			require.ErrorContains(t, err, "Config.Privacy")
		}
		// A method that is new must be among these, or add noise as five do.
		require.Equal(t, 4+5, reflect.TypeFor[*Study]().NumMethod())
		_, err := s.Describe(ctx, wide)
		require.ErrorContains(t, err, "declare narrower ranges")
		_, err = s.Describe(ctx, squared)
		require.ErrorContains(t, err, "declare narrower ranges")
		_, err = s.ByGroup(ctx, x, wide)
		require.ErrorContains(t, err, "declare narrower ranges")
		_, err = s.ByGroup(ctx, thousand)
		require.ErrorContains(t, err, "at most 1000")
		_, err = s.ByGroup(ctx, squared)
		require.ErrorContains(t, err, "at most 1000")
		require.Error(t, second(s.Describe(ctx, nil)))
		for _, epsilon := range []float64{0, -1, 10.5, math.Inf(1), math.NaN()} {
			_, err := New(e, private(epsilon))
			require.ErrorContains(t, err, "Privacy.Epsilon")
		}
		require.Equal(t, before, e.Stats())
	})
}
