package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// All aggregations, in one process each, with their phases and their own figures.
func TestHEJobs(t *testing.T) {
	o := mustParse(t, "-sizes", "4,6,5x6", "-count", "1", "-run", "^HE/", "-parties", "3")
	jobs := selectJobs(allJobs(o), o.pattern)
	require.Len(t, jobs, 2*5)
	results, left, err := newRunner(o, func(string, int) {}).all(t.Context(), jobs)
	require.NoError(t, err)
	require.Empty(t, left)
	for _, r := range results {
		require.Len(t, r.Runs[0].Processes, 1)
		parties := r.Runs[0].Processes[0].Parties
		require.Len(t, parties, 1)
		require.Positive(t, r.figure(figureOwn+"/all/up").Median, r.Name)
		// At least what the contributors send.
		up := r.figure(figureOwn+"/all/up").Median * 3
		require.GreaterOrEqual(t, r.perItem(figureBytes), up*0.999, r.Name)
		for _, name := range []string{"key", "encrypt", "aggregate", "open"} {
			require.Positive(t, r.figure(figurePhase+"/all/"+name).Median, "%s: %s", r.Name, name)
		}
	}
	var out bytes.Buffer
	report := &report{Machine: &machine{}, Jobs: results, Procs: 1, Count: 1}
	report.print(&out)
	require.Contains(t, out.String(), "Figures of their own")
	require.Contains(t, out.String(), "B/value")
	out.Reset()
	require.NoError(t, report.benchstat(&out))
	require.Contains(t, out.String(), " up-B/value")
}

func TestWrongSumsFail(t *testing.T) {
	for _, kind := range []string{"one-shot", "lattigo"} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-run", "^HE/"+kind, "-parties", "3")
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), errSums.Error())
	}
	j := &heJob{Bits: 36, Parties: 3, N: 2}
	require.ErrorIs(t, j.check(nil), errSums)
	require.ErrorIs(t, j.check([]int64{-1, -1}), errSums)
}

// Where the sums don't fit, plain calls of lattigo are left out, and so is all
// without the network mem.
func TestHEList(t *testing.T) {
	require.Len(t, heJobs([]size{{16, 16}}, []string{networkMem}, 16), 4)
	require.Empty(t, heJobs([]size{{16, 16}}, []string{networkTLS}, 8))
	for _, bad := range []string{"2", "33"} {
		_, err := parse([]string{"-parties", bad}, io.Discard)
		require.ErrorContains(t, err, "-parties")
	}
}
