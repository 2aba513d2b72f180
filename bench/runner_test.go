package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nearest returns the result of a series whose work is the most that does not exceed that of a
// job, or else the least.
func nearest(results []*result, series string, work int) (best *result) {
	for _, r := range results {
		if r.Series == series && (best == nil || best.Work > work && r.Work < best.Work || r.Work <= work && r.Work > best.Work) {
			best = r
		}
	}
	return best
}

// referencePace returns how long a run of a job takes by the reference run, and what it
// says, from the nearest of its sizes that was measured, on its network or on another one, or by
// a cautious guess.
func referencePace(t *testing.T) func(j *job) (time.Duration, *measurement) {
	r, err := readReport(filepath.Join("results", "report.json"))
	require.NoError(t, err)
	return func(j *job) (time.Duration, *measurement) {
		const overhead = 60 * time.Millisecond // to start, connect and end processes
		best := nearest(r.Jobs, j.Series, j.Work)
		for _, n := range networks {
			other := nearest(r.Jobs, j.task().series+n.name, j.Work)
			if other != nil && (best == nil || other.Work > best.Work && other.Work <= j.Work) {
				best = other
			}
		}
		if best == nil {
			return overhead + time.Duration(j.Work)*10*time.Microsecond, &measurement{[]*process{{Parties: []partyTime{{Wall: 1}}}}}
		}
		larger := max(1, float64(j.Work)/float64(best.Work))
		took := best.figure(figureWall).Median + best.figure(figurePrepare).Median
		p := partyTime{Side: "receiver", Wall: took}
		p.Sent, p.Delays = int64(larger*best.figure(figureBytes).Median), int(best.figure(figureDelays).Median)
		elapsed := overhead + time.Duration(took*larger*float64(time.Second))
		if best.Network != j.Network {
			elapsed += networkOf(j.Network).waits(float64(p.Sent), float64(p.Delays))
		}
		return elapsed, &measurement{[]*process{{Parties: []partyTime{p}}}}
	}
}

// By the figures of the reference run, also those of a shared machine, a run by
// default ends in time, with everything measured on some network.
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
		took, m := pace(j)
		now = now.Add(took)
		return m, nil
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
		measured[r.task().series] = true
	}
	for _, j := range jobs {
		require.True(t, measured[j.task().series], "%s is not measured at all", j.Series)
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
	of := func(work int) *job { return &job{Series: "s/mem", Network: networkMem, Work: work} }
	keep := func(work int, d time.Duration) { r.keepPace(of(work), d, &measurement{}) }
	require.Zero(t, r.expected(of(5)))
	keep(100, 10*time.Second)
	require.Equal(t, 20*time.Second, r.expected(of(400)), "a trial")
	keep(100, 8*time.Second) // the last run of a size counts
	keep(200, 12*time.Second)
	require.Equal(t, 20*time.Second, r.expected(of(400)))
	keep(400, 10*time.Second) // quicker, by a disturbance before
	require.Equal(t, 10*time.Second, r.expected(of(800)))
	require.Zero(t, r.expected(&job{Series: "t/mem", Network: networkMem, Work: 1}))
}

// What a run takes on another network follows from its bytes and delays, unless two sizes say
// it there.
func TestExpectedElsewhere(t *testing.T) {
	r := fakeRunner(time.Hour, time.Second, nil)
	of := func(work int, network string) *job {
		return &job{Series: "s/" + network, Network: network, Work: work}
	}
	m := &measurement{[]*process{{Parties: []partyTime{{costs: costs{Sent: 100e6, Delays: 50}}, {costs: costs{Sent: 25e6, Delays: 40}}}}}}
	r.keepPace(of(100, networkMem), 2*time.Second, m)
	require.Equal(t, 2*time.Second, r.expected(of(100, networkTLS)))
	require.Equal(t, 4*time.Second, r.expected(of(100, "1g")), "a second for the bytes, and one for the delays")
	require.Zero(t, r.expected(of(200, "1g")))
	r.keepPace(of(100, "1g"), 3*time.Second, m)
	require.Equal(t, 2*time.Second, r.expected(of(100, networkTLS)), "from the first network")
	r.keepPace(of(100, networkMem), 7*time.Second, m)
	require.Equal(t, 7*time.Second, r.expected(of(100, networkTLS)), "by the last run there")
	r.keepPace(of(200, networkMem), 20*time.Second, m)
	require.Equal(t, 22*time.Second, r.expected(of(200, "1g")))
	r.keepPace(of(50, "1g"), time.Second, m)
	require.Equal(t, 7*time.Second, r.expected(of(200, "1g")), "by its own sizes")

	// What was seen on a slow network says no less of a fast one.
	r.keepPace(of(300, "1g"), 5*time.Second, m)
	require.Equal(t, 5*time.Second, r.expected(of(300, networkTLS)))
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

// What turns out to be slow waits for the others, and needs no other warm-up run then.
func TestSlowJobsWait(t *testing.T) {
	now := time.Now()
	r := newRunner(&options{count: 3, budget: 100 * time.Second}, func(string, int) {})
	r.deadline, r.now = now.Add(100*time.Second), func() time.Time { return now }
	var order []string
	r.measure = func(_ context.Context, j *job, _ int) (*measurement, error) {
		order = append(order, j.Name)
		now = now.Add(time.Duration(j.Work) * time.Second)
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, nil
	}
	of := func(name string, work int) *job {
		return &job{Name: name, Series: name, Network: networkMem, Work: work, Items: 1}
	}
	results, left, err := r.all(t.Context(), []*job{of("HE/slow", 20), of("PSI/quick", 1), of("HE/quick", 1)})
	require.NoError(t, err)
	require.Empty(t, left)
	require.Len(t, results, 3)
	require.Equal(t, "HE/slow", order[0], "a trial")
	require.Equal(t, []string{"HE/slow", "HE/slow", "HE/slow"}, order[len(order)-3:])
	require.Len(t, order, 12)
	for _, res := range results {
		require.Len(t, res.Runs, 3)
	}
}

// A first run that does not end takes what its package has left, and no more, and one of
// a larger size is left out for it.
func TestEndlessFirstRun(t *testing.T) {
	r := newRunner(&options{count: 3, budget: 2 * time.Second}, func(string, int) {})
	r.measure = func(ctx context.Context, j *job, _ int) (*measurement, error) {
		if j.Name == "HE/endless" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, nil
	}
	of := func(name string) *job {
		return &job{Name: name, Series: name, Network: networkMem, Work: 1, Items: 1}
	}
	results, left, err := r.all(t.Context(), []*job{of("HE/endless"), of("HE/endless"), of("MPC/quick")})
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Len(t, results[0].Runs, 3)
	require.Len(t, left, 2)
	require.Equal(t, leftOut{"HE/endless", "its first run took longer than the 500ms that it may"}, left[0])
	require.Contains(t, left[1].Why, "4 runs would take about")
}
