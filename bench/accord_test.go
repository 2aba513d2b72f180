package main

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The chance is what counting says for small numbers, and what draws say for any.
func TestChance(t *testing.T) {
	require.InDelta(t, 1-2*21./252, chance(5, 5), 1e-12) // the lowest three of ten are new
	require.InDelta(t, 0, chance(1, 1), 1e-12)
	require.InDelta(t, 1./3, chance(2, 1), 1e-12)
	require.InDelta(t, 1-2*3./10, chance(2, 3), 1e-12) // the lowest two of five are new
	g := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][2]int{{5, 5}, {3, 5}, {7, 3}} {
		const tries = 20_000
		between := 0
		for range tries {
			draw := func(n int) (v []float64) {
				for range n {
					v = append(v, g.Float64())
				}
				return v
			}
			a := newFigure("x", "s", draw(c[0]))
			if m := median(draw(c[1])); a.Min <= m && m <= a.Max {
				between++
			}
		}
		// Six deviations of a binomial variable are at most 3/sqrt(tries). More come in one of
		// 10^8 tests, and coins are fixed.
		require.InDelta(t, chance(c[0], c[1]), float64(between)/tries, 0.0213)
	}
}

func TestAccord(t *testing.T) {
	figures := func(name string, values ...float64) figure { return newFigure(name, "", values) }
	for _, c := range []struct {
		old, new      figure
		between, near int
	}{
		{figures(figureWall, 10, 12, 14), figures(figureWall, 11, 14, 90), 1, 1},
		{figures(figureWall, 10, 13, 14), figures(figureWall, 9, 9.5, 10), 0, 1},
		{figures(figureWall, 10, 10, 10), figures(figureWall, 10.05), 0, 0},
		{figures(figureBytes, 1000), figures(figureBytes, 1009), 1, 1}, // what is left to chance
		{figures(figureBytes, 1000), figures(figureBytes, 1011), 0, 0},
		{figures(figureDelays, 4), figures(figureDelays, 5), 0, 0},
	} {
		g := &accord{}
		g.count(c.old, c.new, 5, 5)
		require.Equal(t, []int{1, c.between, c.near}, []int{g.medians, g.between, g.near}, "%v %v", c.old, c.new)
	}
	g := &accord{}
	g.count(figures(figureWall, 0), figures(figureWall, 1), 5, 5)
	g.count(figures(figureWall, 1), figures(figureWall, 0), 5, 5)
	require.Zero(t, g.medians, "unknown")
	g.count(figures(figureBytes, 1), figures(figureBytes, 1), 5, 5)
	require.InDelta(t, 1, g.expected, 1e-12)
	g.count(figures(figureWall, 1), figures(figureWall, 1), 5, 5)
	require.InDelta(t, 1+5./6, g.expected, 1e-12)
}

// A comparison ends with how well both runs agree.
func TestAccordIsPrinted(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, compare(&out, runsOf(100, 101, 102, 103, 104), runsOf(98, 99, 99, 99, 110), mustParse(t, "-figures", "wall,bytes")))
	require.Regexp(t, `wall +1 +0% +83% +100%`, out.String())
	require.Regexp(t, `bytes +1 +100% +100% +100%`, out.String())
	require.Regexp(t, `all +2 +50% +92% +100%`, out.String())
}
