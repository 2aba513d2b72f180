package main

import (
	"math"
	"slices"
)

// A fit is how a figure of a series grows with the number of items:
// Constant · items^Exponent.
type fit struct {
	Series   string  `json:"series"`
	Figure   string  `json:"figure"`
	Exponent float64 `json:"exponent"`
	Constant float64 `json:"constant"`
	Sizes    int     `json:"sizes"`   // through which it goes
	Largest  int     `json:"largest"` // of them
}

// fitSizes is the number of sizes of a fit, the largest there are: what does not
// grow with the size would make it too flat at the small ones.
const fitSizes = 3

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

// fitOf is the line of least squares through the logarithms.
func fitOf(results []*result, figure string) (fit, bool) {
	results = slices.SortedStableFunc(slices.Values(results), func(a, b *result) int { return a.Items - b.Items })
	results = slices.DeleteFunc(results, func(r *result) bool { return r.figure(figure).Median <= 0 })
	results = results[max(0, len(results)-fitSizes):]
	if len(results) < 2 || results[0].Items == results[len(results)-1].Items {
		return fit{}, false
	}
	var x, y, xx, xy float64
	for _, r := range results {
		a, b := math.Log(float64(r.Items)), math.Log(r.figure(figure).Median)
		x, y, xx, xy = x+a, y+b, xx+a*a, xy+a*b
	}
	n := float64(len(results))
	f := fit{Series: results[0].Series, Figure: figure, Sizes: len(results), Largest: results[len(results)-1].Items}
	f.Exponent = (n*xy - x*y) / (n*xx - x*x)
	f.Constant = math.Exp((y - f.Exponent*x) / n)
	return f, true
}

// projected is the smallest size from which anything is projected. Below it a run
// is mostly what it takes whatever the size.
const projected = 1 << 16

// at is the projection to a number of items, or zero if the sizes are too small for
// one.
func (f fit) at(items float64) float64 {
	if f.Largest < projected {
		return 0
	}
	return f.Constant * math.Pow(items, f.Exponent)
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
