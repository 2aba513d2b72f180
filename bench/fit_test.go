package main

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// growing returns results whose figures are known powers of their sizes.
func growing(series string, exponent float64, sizes ...int) (results []*result) {
	for _, n := range sizes {
		results = append(results, &result{
			job:     job{Name: series, Series: series, Items: n, Equal: true},
			Figures: []figure{{Name: figureWall, Median: 3e-9 * math.Pow(float64(n), exponent)}, {Name: figureRSS, Median: float64(100 * n)}},
		})
	}
	return results
}

func TestFits(t *testing.T) {
	results := append(growing("a", 1.25, 1<<20, 1<<10, 1<<15), growing("b", 1, 1<<10)...)
	results[3].Equal = true
	r := &report{Machine: &machine{}, Jobs: results, Fits: fits(results)}
	require.Len(t, r.Fits, 2, "wall and memory of the series with two sizes; CPU time is unknown")
	f, ok := r.fit("a", figureWall)
	require.True(t, ok)
	require.InDelta(t, 1.25, f.Exponent, 1e-9)
	require.InEpsilon(t, 3e-9, f.Constant, 1e-9)
	require.InEpsilon(t, 3e-9*math.Pow(1e9, 1.25), f.at(1e9), 1e-9)
	_, ok = r.fit("b", figureWall)
	require.False(t, ok)
	var out bytes.Buffer
	r.print(&out)
	require.Contains(t, out.String(), "projections that nobody has measured")
	require.Regexp(t, `a +wall +1\.25 +3 `, out.String())
	require.Regexp(t, `a +rss +1\.00 +3 +10000MB +100000MB`, out.String())

	small, _ := fitOf(growing("e", 1, 1<<8, 1<<10), figureWall)
	require.InDelta(t, 1, small.Exponent, 1e-9)
	require.Zero(t, small.at(1e9), "nothing is projected from there")

	// What is the same at all small sizes does not count, and jobs of unequal
	// sizes neither.
	flat := append(growing("c", 0, 1<<2, 1<<4, 1<<6), growing("c", 1, 1<<16, 1<<18, 1<<20)...)
	f, _ = fitOf(flat, figureWall)
	require.InDelta(t, 1, f.Exponent, 1e-9)
	for _, r := range flat {
		r.Equal = false
	}
	require.Empty(t, fits(flat))
	_, ok = fitOf(growing("d", 1, 8, 8), figureWall)
	require.False(t, ok, "one size")
}
