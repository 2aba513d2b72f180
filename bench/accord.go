package main

import (
	"fmt"
	"io"
	"math"
)

// An accord is how the medians of two reports differ in a figure.
type accord struct {
	figure  string
	medians int
	// between are the new medians between the least and the most of the old runs, and
	// expected is how many of them would be if nothing changed.
	between  int
	expected float64
	// near are the new medians that differ from the old ones by no more than the old
	// runs differ among themselves.
	near int
}

// count counts the medians of a figure, whose old one is a, if both could know it.
func (g *accord) count(a, b figure, old, new int) {
	if a.Median == 0 || b.Median == 0 {
		return
	}
	low, high, spread, expected := a.Min, a.Max, a.Max-a.Min, chance(old, new)
	if a.Name == figureBytes || a.Name == figureDelays {
		// They are the same in all runs, but for what a protocol leaves to chance.
		spread, expected = max(spread, exact*a.Median), 1
		low, high = min(low, a.Median-spread), max(high, a.Median+spread)
	}
	g.medians++
	g.expected += expected
	if low <= b.Median && b.Median <= high {
		g.between++
	}
	if math.Abs(b.Median-a.Median) <= spread {
		g.near++
	}
}

// chance returns the probability that the median of so many new runs is between the least
// and the most of the old ones, if all come from one distribution. It is not if the lowest, or
// the highest, of all are new ones, more than half of these. Of an even number of new ones, it is
// a little less.
func chance(old, new int) float64 {
	below := 1.0
	for i := range new/2 + 1 {
		below *= float64(new-i) / float64(old+new-i)
	}
	return max(0, 1-2*below)
}

// printAccord says how well two reports of the same program agree.
func printAccord(w io.Writer, all []*accord) {
	total := &accord{figure: "all"}
	title := "Agreement: new medians that are between the least and the most of the old runs, and how many would be by chance if nothing changed; and those that differ from the old ones by no more than the old spread"
	table(w, title, "figure|medians|between|by chance|within spread", func(row func(...string)) {
		line := func(g *accord) {
			n := float64(g.medians)
			row(g.figure, fmt.Sprint(g.medians), percent(float64(g.between)/n), percent(g.expected/n), percent(float64(g.near)/n))
		}
		for _, g := range all {
			if g.medians > 0 {
				line(g)
			}
			total.medians += g.medians
			total.between += g.between
			total.expected += g.expected
			total.near += g.near
		}
		if total.medians > 0 {
			line(total)
		}
	})
}
