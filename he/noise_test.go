package he

import (
	"bytes"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The privacy that coins give, computed from all probabilities, is what was asked
// for, and not much better.
func TestCoins(t *testing.T) {
	for _, c := range []struct {
		delta   int64
		epsilon float64
		failure float64
	}{{1, 1, 1e-6}, {1, .3, 1e-9}, {5, 2, 1e-6}, {20, 5, 1e-4}, {3, 10, 1e-3}} {
		n := &Noise{Epsilon: c.epsilon, Delta: c.failure, Honest: 1}
		coins, err := n.coins(big.NewInt(c.delta), 1)
		require.NoError(t, err)
		require.Zero(t, coins%2)
		got := failure(coins, c.delta, c.epsilon)
		require.LessOrEqual(t, got, c.failure)
		require.Greater(t, failure(coins/8, c.delta, c.epsilon), c.failure, "eight times too many coins")

		// The coins of three honest contributors together suffice too.
		n.Honest = 3
		each, err := n.coins(big.NewInt(c.delta), 1)
		require.NoError(t, err)
		require.GreaterOrEqual(t, 3*each, coins)
		require.Less(t, 3*each, coins+9)
	}
}

// failure is the smallest delta with which heads of n coins are differentially
// private for a shift by d: the sum of all that is more than e^epsilon times as
// likely without it.
func failure(n, d int64, epsilon float64) (sum float64) {
	log := func(k int64) float64 {
		if k < 0 || k > n {
			return math.Inf(-1)
		}
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c - float64(n)*math.Ln2
	}
	for k := int64(0); k <= n; k++ {
		p, q := math.Exp(log(k)), math.Exp(log(k-d))
		sum += max(0, p-math.Exp(epsilon)*q)
	}
	return sum
}

// The mean of 4000 numbers of heads of n coins is within 7 standard errors of n/2,
// and their variance within 0.2 of n/4, but for a probability below 10^-9.
func TestHeads(t *testing.T) {
	f := newFlipper()
	require.Zero(t, f.heads(0))
	for _, n := range []int64{1, 2, 63, 64, 65, 200, 1000, 64*256 + 2} {
		const times = 4000
		var sum, squares float64
		for range times {
			x := float64(f.heads(n))
			require.LessOrEqual(t, x, float64(n))
			sum += x - float64(n)/2
			squares += (x - float64(n)/2) * (x - float64(n)/2)
		}
		require.Less(t, math.Abs(sum/times), 7*math.Sqrt(float64(n)/4/times), "%d coins", n)
		require.InEpsilon(t, float64(n)/4, squares/times, .2, "%d coins", n)
	}
}

func noisy() *Spec {
	spec := counts()
	spec.Fields = append(spec.Fields, Field{"age", 0, 120, 0})
	spec.Functions = []Function{Vector("cases"), Count(), Histogram("age", 50)}
	spec.Noise = &Noise{Epsilon: 10, Delta: 1e-3, Honest: 2}
	return spec
}

// A vector that is all there is has its own field's numbers, and noise if the plan has.
func TestLoneVector(t *testing.T) {
	spec := counts()
	spec.Rows, spec.Expert = 4, &Expert{Bits: 30} // so that a row takes one slot
	encoded := func() (values []uint64) {
		plan, err := NewPlan(spec)
		require.NoError(t, err)
		require.Len(t, plan.layout.row.slots, 1)
		row := []float64{700, 30}[:len(spec.Fields)]
		rows := rowsOf(slices.Repeat([][]float64{row}, spec.Rows)...)
		err = plan.encode(0, rows, func(chunk []uint64) error {
			values = append(values, chunk...)
			return nil
		})
		require.NoError(t, err)
		var slots []uint64
		for i := range spec.Rows {
			coef, shift := plan.layout.rowAt(i)
			slots = append(slots, values[coef]>>shift&(1<<plan.layout.row.bits-1))
		}
		return slots
	}
	require.Equal(t, []uint64{700, 700, 700, 700}, encoded())
	spec.Fields = append(spec.Fields, Field{"age", 20, 120, 0})
	require.Equal(t, []uint64{700, 700, 700, 700}, encoded())
	spec.Functions = []Function{Vector("age")}
	require.Equal(t, []uint64{10, 10, 10, 10}, encoded())
	spec.Fields, spec.Functions = spec.Fields[:1], []Function{Vector("cases")}
	spec.Noise = &Noise{Epsilon: 1, Delta: 1e-3, Honest: 2}
	// There are millions of coins on each: all are tails as good as never.
	for _, x := range encoded() {
		require.Greater(t, x, uint64(700))
	}
}

// Noise is within its bounds, and there.
func TestNoise(t *testing.T) {
	for _, mode := range []Mode{Collective, OneShot, ReceiverKey} {
		spec := noisy()
		if spec.Mode = mode; mode == ReceiverKey {
			spec.Holders, spec.Threshold = 0, 0
		}
		p := newParties(t, spec)
		p.budget = filepath.Join(t.TempDir(), "budget")
		none := true
		for _, x := range []float64{0, 1000} { // both extremes of the range
			if x > 0 {
				p.begin(&p.s.roster)
			}
			r := p.run(func(int) seqRows { return rowsOf([]float64{x, 30}, []float64{x, 70}) }, upTo(5), upTo(spec.Threshold))
			bound := float64(5 * p.plan.vectorCoins[0] / 2)
			require.InDelta(t, 5*x, r.Vectors["cases"][0], bound)
			require.InDelta(t, 5*x, r.Vectors["cases"][1], bound)
			for _, sum := range r.Vectors["cases"] {
				none = none && float64(sum) == 5*x
			}
			n, _ := r.Answers[0].Float(0)
			require.InDelta(t, 10, n, float64(5*p.plan.blocks[0].coins/2))
		}
		// Each of four sums has no noise with a probability below 1/1000.
		require.False(t, none)
	}
}

func TestBudget(t *testing.T) {
	name := filepath.Join(t.TempDir(), "budget")
	b, err := OpenBudget(name, 1, 1e-6)
	require.NoError(t, err)
	n := &Noise{Epsilon: .3, Delta: 1e-7}
	for i := range 3 {
		require.NoError(t, b.spend([32]byte{byte(i)}, n))
	}
	require.ErrorIs(t, b.spend([32]byte{3}, n), ErrBudget)
	require.NoError(t, b.Close())
	require.Error(t, b.spend([32]byte{4}, &Noise{Epsilon: .01, Delta: 1e-9}))

	// After a crash it is as spent as before, whatever was being written.
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Len(t, whole, 3*budgetSize)
	for k := 2 * budgetSize; k <= len(whole); k += 9 { // the last is whole
		require.NoError(t, os.WriteFile(name, whole[:k], 0o600))
		b, err := OpenBudget(name, 1, 1e-6)
		require.NoError(t, err)
		epsilon, delta := b.Left()
		require.InDelta(t, 1-.3*float64(k/budgetSize), epsilon, 1e-9)
		require.InDelta(t, 1e-6-1e-7*float64(k/budgetSize), delta, 1e-15)
		require.NoError(t, b.Close())
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] = 'x'
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		_, err := OpenBudget(name, 1, 1e-6)
		require.ErrorContains(t, err, "damaged", "byte %d", i)
	}
	_, err = OpenBudget(name, 0, 1)
	require.Error(t, err)

	// Nothing is encrypted without one.
	p := newParties(t, noisy())
	c, err := p.s.NewContributor(p.contributorKeys[0], p.public)
	require.NoError(t, err)
	_, err = c.Encrypt(failing{t}, rowsOf([]float64{0, 0}, []float64{0, 0}))
	require.ErrorContains(t, err, "Spend")
	b, err = OpenBudget(filepath.Join(t.TempDir(), "small"), 9, 1)
	require.NoError(t, err)
	defer b.Close()
	c.Spend(b)
	_, err = c.Encrypt(failing{t}, rowsOf([]float64{0, 0}, []float64{0, 0}))
	require.ErrorIs(t, err, ErrBudget)
}
