package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/dujiang-dev/dujiang/he"
)

// comparePeople compares answers with what floating-point numbers give for all
// tables together.
func comparePeople(result *he.Result, employers [][][]float64) error {
	all := slices.Concat(employers...)
	n := float64(len(all))
	const age, education, hours, gain, high = 0, 1, 2, 3, 4
	mean := func(f func(row []float64) float64) (sum float64) {
		for _, row := range all {
			sum += f(row)
		}
		return sum / n
	}
	column := func(c int) func([]float64) float64 { return func(row []float64) float64 { return row[c] } }
	covariance := func(c, d int) float64 {
		mc, md := mean(column(c)), mean(column(d))
		return mean(func(row []float64) float64 { return (row[c] - mc) * (row[d] - md) })
	}
	share := func(within func(row []float64) bool) float64 {
		return math.Round(n * mean(func(row []float64) float64 {
			if within(row) {
				return 1
			}
			return 0
		}))
	}
	want := [][]float64{
		{n}, {mean(column(hours))}, {covariance(hours, hours)}, {mean(column(gain))}, {covariance(gain, gain)},
		{covariance(education, hours)}, nil, nil, nil, nil,
	}
	edges := []float64{math.Inf(-1), 20, 30, 40, 50, 60, 70, math.Inf(1)}
	for i, e := range edges[1:] {
		want[6] = append(want[6], share(func(row []float64) bool { return row[age] >= edges[i] && row[age] < e }))
	}
	for _, e := range []float64{9, 10, 13, 14} {
		want[8] = append(want[8], share(func(row []float64) bool { return row[education] == e }),
			share(func(row []float64) bool { return row[education] == e && row[high] == 1 }))
	}
	for i, numbers := range want {
		for k, x := range numbers {
			got, ok := result.Answers[i].Float(k)
			if !ok || math.Abs(got-x) > 1e-9*math.Max(1, math.Abs(x)) {
				return fmt.Errorf("%s: %v, and %v in the tables", result.Answers[i].Function, got, x)
			}
		}
	}

	// Quantiles lie between the edges given.
	sorted := make([]float64, len(all))
	for i, row := range all {
		sorted[i] = row[hours]
	}
	slices.Sort(sorted)
	for i, p := range []float64{.25, .5, .75} {
		q := sorted[int(math.Ceil(p*n))-1]
		lo, _ := result.Answers[7].Float(2 * i)
		hi, _ := result.Answers[7].Float(2*i + 1)
		if q < lo || q > hi {
			return fmt.Errorf("the quantile %v is %v, not from %v to %v", p, q, lo, hi)
		}
	}

	// A line is the one with the least squares if what it leaves is orthogonal
	// to the constant and to all that explains.
	line := result.Answers[9]
	residual := func(row []float64) float64 {
		x := row[high]
		for i, v := range []float64{1, row[age], row[education], row[hours]} {
			b, _ := line.Float(i)
			x -= b * v
		}
		return x
	}
	for _, c := range []int{-1, age, education, hours} {
		left := mean(func(row []float64) float64 {
			if c < 0 {
				return residual(row)
			}
			return residual(row) * row[c]
		})
		if math.Abs(left) > 1e-9 {
			return fmt.Errorf("the line is not the best: %v is left", left)
		}
	}
	return nil
}
