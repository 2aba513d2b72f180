package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// referencePace returns how long a run of a job takes by the reference run, in which
// a job of the same series was measured, or by a cautious guess.
func referencePace(t *testing.T) func(j *job) time.Duration {
	r, err := readReport(filepath.Join("results", "report.json"))
	require.NoError(t, err)
	return func(j *job) time.Duration {
		const process = 50 * time.Millisecond // to start, connect and end processes
		series, factor := j.Series, 1.0
		for _, b := range backends[1:] { // two parties and malicious ones take longer
			if s, ok := strings.CutPrefix(series, "MPC/"+b.name+"/"); ok {
				series, factor = "MPC/three-parties/"+s, 3
			}
		}
		series = strings.Replace(series, "/mulfixed/", "/less/", 1)
		best := largest(r.Jobs, series)
		if best == nil {
			return process + time.Duration(j.Work)*10*time.Microsecond
		}
		once := best.figure(figureWall).Median + best.figure(figurePrepare).Median
		return process + time.Duration(factor*once*max(1, float64(j.Work)/float64(best.Work))*float64(time.Second))
	}
}

// By the figures of the reference run, also those of a shared machine, a run by
// default ends in time, with every series measured.
func TestDefaultRunFits(t *testing.T) {
	o, err := parse(nil, nil)
	require.NoError(t, err)
	require.Equal(t, 10*time.Minute, o.budget)
	pace := referencePace(t)
	now := time.Now()
	start, runs := now, 0
	r := newRunner(o, func(_ string, n int) { runs += n })
	r.now = func() time.Time { return now }
	r.deadline = now.Add(o.budget)
	r.measure = func(_ context.Context, j *job, _ int) (*measurement, error) {
		now = now.Add(pace(j))
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, nil
	}
	jobs := allJobs(o)
	results, left, err := r.all(t.Context(), jobs)
	require.NoError(t, err)
	require.Equal(t, len(jobs), len(results)+len(left))
	require.Equal(t, len(jobs)*(o.count+1), runs, "the progress bar comes to its end")
	require.LessOrEqual(t, now.Sub(start), o.budget+30*time.Second, "a warm-up run may be one too many")
	measured := map[string]bool{}
	for _, r := range results {
		require.Len(t, r.Runs, o.count)
		measured[r.Series] = true
	}
	for _, j := range jobs {
		require.True(t, measured[j.Series], "%s is not measured at all", j.Series)
	}
	t.Logf("%d of %d jobs in %v", len(results), len(jobs), now.Sub(start).Round(time.Second))
	for _, l := range left {
		require.NotEmpty(t, l.Why)
	}
}

// What a run will take follows from the sizes before: with one it is a trial, with
// two a line through both.
func TestExpected(t *testing.T) {
	r := fakeRunner(time.Hour, time.Second, nil)
	of := func(work int) *job { return &job{Series: "s", Work: work} }
	require.Zero(t, r.expected(of(5)))
	r.keepPace(of(100), 10*time.Second)
	require.Equal(t, 20*time.Second, r.expected(of(400)), "a trial")
	r.keepPace(of(100), 8*time.Second) // the last run of a size counts
	r.keepPace(of(200), 12*time.Second)
	require.Equal(t, 20*time.Second, r.expected(of(400)))
	r.keepPace(of(400), 10*time.Second) // quicker, by a disturbance before
	require.Equal(t, 10*time.Second, r.expected(of(800)))
	require.Zero(t, r.expected(&job{Series: "t", Work: 1}))
}

// A budget that ends within the runs of a job keeps those that are done.
func TestBudgetEndsWithin(t *testing.T) {
	r := fakeRunner(time.Hour, time.Second, nil)
	r.deadline = time.Now().Add(100 * time.Millisecond)
	count := 0
	r.measure = func(ctx context.Context, _ *job, _ int) (*measurement, error) {
		if count++; count == 3 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, nil
	}
	results, left, err := r.all(t.Context(), []*job{{Name: "a", Series: "a", Work: 1, Items: 1}})
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Len(t, results[0].Runs, 1, "without the warm-up")
	require.Equal(t, []leftOut{{"a", "the budget ended after 1 of 3 runs"}}, left)
}
