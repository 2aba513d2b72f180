package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSalary compares groups and means with a plain computation, over the census and over the
// table that is made up.
func TestSalary(t *testing.T) {
	for _, file := range []string{"", "../../../shared/data/adult/adult.csv"} {
		if _, err := os.Stat(file); file != "" && (err != nil || testing.Short()) {
			t.Log("without the census")
			continue
		}
		tables, err := readPeople(file)
		require.NoError(t, err)
		done := 0
		reports, err := together(t.Context(), tables, func() { done++ })
		require.NoError(t, err)
		require.Equal(t, steps, done)
		counts, high, hours := make(map[int64]int64), make(map[int64]float64), 0.0
		people := 0
		for _, table := range tables {
			for i, education := range table[1] {
				counts[education]++
				high[education] += float64(table[3][i])
				hours += float64(table[2][i])
				people++
			}
		}
		for _, r := range reports {
			require.Equal(t, people, r.hours.Count)
			require.InEpsilon(t, hours/float64(people), r.hours.Mean, 1e-12)
			require.Equal(t, reports[0].line, r.line)
			seen := 0
			for _, g := range r.groups {
				require.Equal(t, counts[g.Key], g.Count)
				require.Equal(t, high[g.Key], g.Sums[0])
				seen++
			}
			for _, n := range counts {
				if n < minimum {
					seen++
				}
			}
			require.Len(t, counts, seen)
			// Education and hours go with high incomes.
			for _, c := range r.line.Coefficients {
				require.Positive(t, c)
			}
		}
	}
}

// TestRun prints a report and draws a plot.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "plot.svg")
	require.NoError(t, run(t.Context(), &out, "", file))
	require.Contains(t, out.String(), "level of education")
	drawn, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "<svg")
	require.Error(t, run(t.Context(), &out, "missing", ""))
}
