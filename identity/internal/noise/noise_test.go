package noise

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frequencies are those of the distribution. With fixed coins the test always
// passes or always fails; for other coins each of the about 60 comparisons would
// fail with a probability of about 10^-9, as the bound is 6.2 standard deviations.
func TestLaplace(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, scale := range [][2]uint64{{1, 1}, {5, 2}, {1_000_000, 300_000}, {1, 3}, {20, 1}} {
		const n = 100_000
		counts := map[int64]int{}
		sum := 0.0
		for range n {
			x := laplace(scale[0], scale[1], rng.Uint64)
			counts[x]++
			sum += float64(x)
		}
		r := math.Exp(-float64(scale[1]) / float64(scale[0]))
		for x := int64(-6); x <= 6; x++ {
			p := (1 - r) / (1 + r) * math.Pow(r, math.Abs(float64(x)))
			require.InDelta(t, n*p, counts[x], 1+6.2*math.Sqrt(n*p*(1-p)), "scale %v, %d", scale, x)
		}
		variance := 2 * r / (1 - r) / (1 - r)
		require.InDelta(t, 0, sum/n, 6.2*math.Sqrt(variance/n))
	}
}

func TestBernoulliExp(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, g := range [][2]uint64{{0, 1}, {1, 1}, {1, 2}, {999_999, 1_000_000}} {
		const n = 200_000
		hits := 0
		for range n {
			if bernoulliExp(g[0], g[1], rng.Uint64) {
				hits++
			}
		}
		p := math.Exp(-float64(g[0]) / float64(g[1]))
		require.InDelta(t, n*p, hits, 1+6.2*math.Sqrt(n*p*(1-p)), "%v", g)
	}
}

func TestBelow(t *testing.T) {
	// The last values, of an incomplete turn, are drawn again.
	values := []uint64{math.MaxUint64, math.MaxUint64 - 1, 7}
	next := func() uint64 { x := values[0]; values = values[1:]; return x }
	require.EqualValues(t, 7, below(1<<63+1, next))
	require.Empty(t, values)
	require.NotPanics(t, func() { Laplace(MaxScale, 1) })
	for _, bad := range [][2]uint64{{0, 1}, {1, 0}, {MaxScale + 1, 1}} {
		require.Panics(t, func() { Laplace(bad[0], bad[1]) })
	}
}
