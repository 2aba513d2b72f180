package main

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// growing returns results whose figures are known powers of their sizes. Medians of time are
// twice the least.
func growing(series string, exponent float64, sizes ...int) (results []*result) {
	for _, n := range sizes {
		least := 3e-9 * math.Pow(float64(n), exponent)
		results = append(results, &result{
			job:     job{Name: series, Series: series, Items: n, Equal: true},
			Figures: []figure{{Name: figureWall, Min: least, Median: 2 * least}, {Name: figureRSS, Min: float64(100 * n), Median: float64(100 * n)}},
		})
	}
	return results
}

func TestFits(t *testing.T) {
	results := append(growing("a", 1.25, 1<<20, 1<<16, 1<<18), growing("b", 1, 1<<10)...)
	r := &report{Machine: &machine{}, Jobs: results, Fits: fits(results)}
	require.Len(t, r.Fits, 2, "wall and memory of the series with two sizes; CPU time is unknown")
	f, ok := r.fit("a", figureWall)
	require.True(t, ok)
	require.InDelta(t, 1.25, f.Exponent, 1e-9)
	require.InEpsilon(t, 6e-9*math.Pow(1e9, 1.25), f.at(1e9), 1e-9, "from the median")
	_, ok = r.fit("b", figureWall)
	require.False(t, ok)
	var out bytes.Buffer
	r.print(&out, true)
	require.Contains(t, out.String(), "projections that nobody has measured")
	require.Regexp(t, `a +wall +1\.25 +3 `, out.String())
	require.Regexp(t, `a +rss +1\.00 +3 +10000MB +100000MB`, out.String())

	small, _ := fitOf(growing("e", 1, 1<<8, 1<<10), figureWall)
	require.InDelta(t, 1, small.Exponent, 1e-9)
	require.Zero(t, small.at(1e9), "nothing is projected from there")
}

// A fit is of sizes near the largest, and of equal ones; a projection is in proportion at
// least.
func TestFitOf(t *testing.T) {
	for _, test := range []struct {
		results  []*result
		exponent float64
		sizes    int
	}{
		{append(growing("c", 0, 1<<2, 1<<4, 1<<14), growing("c", 1, 1<<16, 1<<18, 1<<20)...), 1, 3},
		{append(growing("c", 0, 1<<10, 1<<14), growing("c", 1, 1<<18, 1<<20)...), 1, 2},
		{growing("c", 2, 1<<20, 1<<10), 2, 2}, // there is no other
		{append(growing("c", 2, 1<<20, 1<<10), growing("c", 5, 1<<4)...), 2, 2},
	} {
		f, ok := fitOf(test.results, figureWall)
		require.True(t, ok)
		require.InDelta(t, test.exponent, f.Exponent, 1e-9)
		require.Equal(t, test.sizes, f.Sizes)
		require.Equal(t, 1<<20, f.Largest)
	}
	flat, _ := fitOf(growing("c", 0.5, 1<<18, 1<<20), figureWall)
	require.InDelta(t, 0.5, flat.Exponent, 1e-9)
	require.InEpsilon(t, 6e-9*math.Sqrt(1<<20)*1000, flat.at(1000<<20), 1e-9)

	unequal := growing("c", 1, 1<<18, 1<<20)
	for _, r := range unequal {
		r.Equal = false
	}
	require.Empty(t, fits(unequal))
	for _, results := range [][]*result{nil, growing("d", 1, 8), growing("d", 1, 8, 8)} {
		_, ok := fitOf(results, figureWall)
		require.False(t, ok, "one size")
	}
}
