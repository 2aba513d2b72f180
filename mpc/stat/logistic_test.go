package stat

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc"
)

// likeliest returns the weights of rows that Logistic looks for, by Newton's method.
func likeliest(ridge float64, y []float64, x [][]float64) []float64 {
	k := len(x[0])
	b := make([]float64, k)
	for range 50 {
		a := make([][]float64, k)
		for i := range a {
			a[i] = make([]float64, k+1)
			a[i][i], a[i][k] = ridge, -ridge*b[i]
		}
		for row, x := range x {
			z := 0.0
			for i, v := range x {
				z += v * b[i]
			}
			p := 1 / (1 + math.Exp(-z))
			for i := range k {
				a[i][k] += x[i] * (y[row] - p)
				for j := range k {
					a[i][j] += p * (1 - p) * x[i] * x[j]
				}
			}
		}
		for i := range k {
			for j := range k {
				if factor := a[j][i] / a[i][i]; i != j {
					for l := i; l <= k; l++ {
						a[j][l] -= factor * a[i][l]
					}
				}
			}
		}
		for i := range b {
			b[i] += a[i][k] / a[i][i]
		}
	}
	return b
}

// TestLogistic compares coefficients and probabilities with those of Newton's method, for
// columns of all kinds and for classes that are separated.
func TestLogistic(t *testing.T) {
	const n = 200
	g := rand.New(rand.NewPCG(7, 1))
	ages, wages, halves := make([]int64, n), make([]int64, n), make([]int64, n)
	noisy, apart := make([]int64, n), make([]int64, n)
	x := make([][]float64, n)
	// Of -1 to 1 are the parts that the powers of two at the ranges' halves say.
	for i := range n {
		ages[i], wages[i], halves[i] = 20+g.Int64N(61), g.Int64N(1_000_001), g.Int64N(65)
		x[i] = []float64{1, float64(ages[i]-50) / 32, float64(wages[i]-500_000) / (1 << 19), float64(halves[i]-32) / 32}
		if x[i][1] > 0 {
			apart[i] = 1
		}
		if g.Float64() < 1/(1+math.Exp(-(0.5+2*x[i][1]-3*x[i][2]))) {
			noisy[i] = 1
		}
	}
	for name, ys := range map[string][]int64{"noisy": noisy, "apart": apart} {
		plain := make([]float64, n)
		for i, y := range ys {
			plain[i] = float64(y)
		}
		want := likeliest(6, plain, x)
		run(t, 10, func(ctx context.Context, e *mpc.Engine, s *Study) {
			half, err := input(t, ctx, e, 0, 64, halves).Halve(4)
			require.NoError(t, err)
			got, err := s.Logistic(ctx, 6, 80, input(t, ctx, e, 0, 1, ys),
				input(t, ctx, e, 20, 80, ages), input(t, ctx, e, 0, 1_000_000, wages), half)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.Nil(t, got)
				return
			}
			scaled := []float64{got.Coefficients[0] * 32, got.Coefficients[1] * (1 << 19), got.Coefficients[2] * 2}
			for i, b := range scaled {
				require.InDelta(t, want[i+1], b, 1e-3, name)
			}
			for i, x := range x {
				z := 0.0
				for j, v := range x {
					z += v * want[j]
				}
				p := got.Probability(float64(ages[i]), float64(wages[i]), float64(halves[i])/16)
				require.InDelta(t, 1/(1+math.Exp(-z)), p, 3e-4, name)
			}
		})
	}
}

// TestLogisticCost holds the rounds that the package comment says, and that the widest
// ranges, and the most rows and iterations fit.
func TestLogisticCost(t *testing.T) {
	rounds := func(rows, columns, iterations int, ridge float64, r mpc.Range) int {
		stats, err := mpc.Preview(0, 3, &mpc.Config{Adversary: mpc.SemiHonest}, func(e *mpc.Engine) error {
			s, err := New(e, &Config{To: []int{0}, Minimum: 1})
			if err != nil {
				return err
			}
			v, err := e.Input(t.Context(), 1, rows, r, nil)
			if err != nil {
				return err
			}
			y, err := e.Input(t.Context(), 1, rows, mpc.Range{Min: 0, Max: 1}, nil)
			if err != nil {
				return err
			}
			all := make([]*mpc.Vec, columns)
			for i := range all {
				all[i] = v
			}
			_, err = s.Logistic(t.Context(), ridge, iterations, y, all...)
			return err
		})
		require.NoError(t, err)
		return stats.Rounds
	}
	byte := mpc.Range{Min: 0, Max: 255}
	few := rounds(10, 2, 5, 1, byte)
	require.Equal(t, 5*37, rounds(10, 2, 10, 1, byte)-few)
	require.Equal(t, few, rounds(1000, 2, 5, 100, byte))
	// Where the coefficients can be large, comparisons are of 64 bits.
	require.Equal(t, 5*38, rounds(100, 9, 25, 0.01, byte)-rounds(100, 9, 20, 0.01, byte))
	rounds(1, 1, maxIterations, 0.001, mpc.Range{Min: -1 << 45, Max: 1 << 45})
	rounds(4, 16, maxIterations, 0.0001, mpc.Range{Min: -1, Max: 1 << 45})
	// The gradient is a sum of that many products before it is divided.
	require.Less(t, int64(maxLogitRows)*(1<<columnBits+1)*(1<<weightBits+1<<(weightBits-6)), int64(1)<<62)
}

// TestLogisticRefusals tries what cannot work, of which nothing is sent.
func TestLogisticRefusals(t *testing.T) {
	run(t, 5, func(ctx context.Context, e *mpc.Engine, s *Study) {
		x, y := input(t, ctx, e, 0, 9, make([]int64, 6)), input(t, ctx, e, 0, 1, make([]int64, 6))
		constant := input(t, ctx, e, 3, 3, []int64{3, 3, 3, 3, 3, 3})
		wide := input(t, ctx, e, 0, 1<<50, make([]int64, 6))
		four := input(t, ctx, e, 0, 1, make([]int64, 4))
		half, err := y.Halve(1)
		require.NoError(t, err)
		before := e.Stats()
		for _, err := range []error{
			second(s.Logistic(ctx, 1, 10, y)),
			second(s.Logistic(ctx, 1, 10, y, make([]*mpc.Vec, 17)...)),
			second(s.Logistic(ctx, 1, 10, y, nil)),
			second(s.Logistic(ctx, 1, 10, y, four)),
			second(s.Logistic(ctx, 1, 10, four, four)),
			second(s.Logistic(ctx, 1, 10, x, y)),
			second(s.Logistic(ctx, 1, 10, half, x)),
			second(s.Logistic(ctx, 1, 10, y, x, constant)),
			second(s.Logistic(ctx, 1, 10, y, x, wide)),
			second(s.Logistic(ctx, 1, 0, y, x)),
			second(s.Logistic(ctx, 1, maxIterations+1, y, x)),
			second(s.Logistic(ctx, 0, 10, y, x)),
			second(s.Logistic(ctx, -1, 10, y, x)),
			second(s.Logistic(ctx, math.NaN(), 10, y, x)),
			second(s.Logistic(ctx, 1e-9, 10, y, x)),
			second(s.Logistic(ctx, 1e6, 10, y, x)),
			second(s.Logistic(ctx, math.Inf(1), 10, y, x)),
		} {
			require.Error(t, err)
		}
		require.Equal(t, before, e.Stats())
	})
}
