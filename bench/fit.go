package main

import (
	"math"
	"slices"
)

// A fit is how a figure of a series grows with the number of items.
type fit struct {
	Series string `json:"series"`
	Figure string `json:"figure"`
	// Exponent is that of the power of items that comes nearest to the least of all runs of
	// some sizes.
	Exponent float64 `json:"exponent"`
	Sizes    int     `json:"sizes"`   // through which it goes
	Largest  int     `json:"largest"` // of them
	Median   float64 `json:"median"`  // there
}

// A fit goes through the largest two sizes that there are, and through a third one that is no
// less than this part of the largest: what does not grow with the size would make it too flat
// at small ones.
const (
	fitSizes = 3
	fitPart  = 1. / 16
)

// fits returns those of wall time, CPU time and memory, for all series with two
// sizes or more.
func fits(results []*result) (all []fit) {
	var names []string
	series := map[string][]*result{}
	for _, r := range results {
		if r.Equal {
			if series[r.Series] == nil {
				names = append(names, r.Series)
			}
			series[r.Series] = append(series[r.Series], r)
		}
	}
	for _, name := range names {
		for _, figure := range []string{figureWall, figureCPU, figureRSS} {
			if f, ok := fitOf(series[name], figure); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

// fitOf is the line of least squares through the logarithms. Of short runs the least is the
// one that was disturbed the least.
func fitOf(results []*result, figure string) (fit, bool) {
	results = slices.SortedStableFunc(slices.Values(results), func(a, b *result) int { return a.Items - b.Items })
	results = slices.DeleteFunc(results, func(r *result) bool { return r.figure(figure).Min <= 0 })
	results = results[max(0, len(results)-fitSizes):]
	if len(results) == 0 {
		return fit{}, false
	}
	last := results[len(results)-1]
	if len(results) == fitSizes && float64(results[0].Items) < fitPart*float64(last.Items) {
		results = results[1:]
	}
	if results[0].Items == last.Items {
		return fit{}, false
	}
	var x, y, xx, xy float64
	for _, r := range results {
		a, b := math.Log(float64(r.Items)), math.Log(r.figure(figure).Min)
		x, y, xx, xy = x+a, y+b, xx+a*a, xy+a*b
	}
	n := float64(len(results))
	return fit{
		Series: last.Series, Figure: figure, Exponent: (n*xy - x*y) / (n*xx - x*x),
		Sizes: len(results), Largest: last.Items, Median: last.figure(figure).Median,
	}, true
}

// projected is the smallest size from which anything is projected. Below it a run
// is mostly what it takes whatever the size.
const projected = 1 << 16

// at is the projection to a number of items, or zero if the sizes are too small for
// one. It goes on from the largest size by the exponent, but in proportion at least: what
// does not grow with the size makes a part of the exponent, and grows no more there.
func (f fit) at(items float64) float64 {
	if f.Largest < projected {
		return 0
	}
	return f.Median * math.Pow(items/float64(f.Largest), max(1, f.Exponent))
}

// fit returns that of a figure of a series.
func (r *report) fit(series, figure string) (fit, bool) {
	for _, f := range r.Fits {
		if f.Series == series && f.Figure == figure {
			return f, true
		}
	}
	return fit{}, false
}
