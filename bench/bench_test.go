package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/psi"
)

// The measured processes are this test program, and so are peers.
func TestMain(m *testing.M) {
	if more, ok := strings.CutPrefix(os.Getenv(peerVariable), "more:"); ok && os.Getenv(childVariable) != "" {
		os.Exit(peerMain(os.Stdin, os.Stdout, more))
	}
	if os.Getenv(childVariable) != "" {
		os.Exit(childMain(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// mustParse parses flags. There are no peers and slow links unless args ask for some.
func mustParse(t *testing.T, args ...string) *options {
	t.Helper()
	o, err := parse(append([]string{"-peers", "", "-networks", "mem,tls"}, args...), io.Discard)
	require.NoError(t, err)
	return o
}

// measureAll returns the results of one run of each job that the flags select,
// without a warm-up.
func measureAll(t *testing.T, o *options) (results []*result) {
	t.Helper()
	for _, j := range selectJobs(allJobs(o), o.pattern) {
		m, err := measure(t.Context(), j, o.procs)
		require.NoError(t, err, j.Name)
		r := &result{job: *j, Runs: []*measurement{m}}
		r.summarize()
		results = append(results, r)
	}
	return results
}

// Everything, with processes of its own, in small.
func TestEndToEnd(t *testing.T) {
	dir := t.TempDir()
	file, lines := filepath.Join(dir, "new.json"), filepath.Join(dir, "new.txt")
	var out bytes.Buffer
	o := mustParse(t, "-sizes", "4,6,3x6", "-run", "/vole/semi.*/n=2.4/|/dh/", "-count", "1", "-json", file, "-benchstat", lines)
	require.NoError(t, run(t.Context(), o, &out))

	r, err := readReport(file)
	require.NoError(t, err)
	require.Len(t, r.Jobs, 2+3*2)
	require.Empty(t, r.LeftOut)
	for _, j := range r.Jobs {
		require.Len(t, j.Runs, 1, j.Name)
		require.Contains(t, out.String(), j.Name)
		for _, name := range []string{figureWall, figurePrepare, figureBytes, figureDelays} {
			require.Positive(t, j.figure(name).Median, "%s: %s", j.Name, name)
		}
		if cpuTime() > 0 {
			require.Positive(t, j.figure(figureCPU).Max, j.Name)
		}
		if peakRSS() > 0 {
			require.Greater(t, j.figure(figureRSS).Min, 1e6, j.Name)
		}
		processes := map[string]int{networkMem: 1, networkTLS: 2}[j.Network]
		for _, m := range j.Runs {
			require.Len(t, m.Processes, processes, j.Name)
			var parties []partyTime
			for _, p := range m.Processes {
				require.LessOrEqual(t, p.PrepareRSS, p.PeakRSS)
				parties = append(parties, p.Parties...)
			}
			require.Len(t, parties, 2)
			require.Equal(t, []string{"receiver", "sender"}, []string{parties[0].Side, parties[1].Side})
			require.Equal(t, parties[0].Sent, parties[1].Received)
			require.Equal(t, parties[1].Sent, parties[0].Received)
			for _, p := range parties {
				require.NotEmpty(t, p.Phases)
				require.Positive(t, p.Wall)
			}
		}
		require.Equal(t, j.Equal && strings.Contains(j.Name, "n=2^6"), j.Growth > 0, j.Name)
	}
	text, err := os.ReadFile(lines)
	require.NoError(t, err)
	require.Equal(t, len(r.Jobs), len(regexp.MustCompile(
		`(?m)^BenchmarkPSI/\S+/(mem|tls) 1 \d+ ns/op \d+\.\d+ ns/item .* \d+\.\d+ B/item \d+ delays`).FindAllString(string(text), -1)))

	// The report is the same after another round trip, and as good as itself.
	again, err := r.encode()
	require.NoError(t, err)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(written), string(again))
	require.NoError(t, run(t.Context(), mustParse(t, "-compare", file, file), io.Discard))
}

func TestWrongResultFails(t *testing.T) {
	for _, network := range []string{networkMem, networkTLS} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", network, "-run", "/dh/")
		o.fault = true
		err := run(t.Context(), o, io.Discard)
		require.ErrorContains(t, err, errWrong.Error(), network)
		require.ErrorContains(t, err, "receiver", network)
	}
}

// What is wrong, worse or misspelt is seen by the exit code.
func TestExitCode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	command := func(fault bool, args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		o, err := parse(args, &stderr)
		if err == nil {
			o.fault = fault
		}
		return exitCode(t.Context(), o, err, &stdout, &stderr), stderr.String()
	}
	small := []string{"-sizes", "4", "-count", "1", "-networks", "mem", "-run", "three-parties/mul/", "-peers", "", "-json", file}
	code, said := command(false, small...)
	require.Equal(t, 0, code, said)
	require.Empty(t, said)
	code, _ = command(false, "-compare", file, file)
	require.Equal(t, 0, code)
	code, said = command(true, small...)
	require.Equal(t, 1, code)
	require.Contains(t, said, errComputed.Error())
	code, said = command(false, "-compare", file, file+"x")
	require.Equal(t, 1, code)
	require.Contains(t, said, "x.jsonx")
	code, said = command(false, "-sizes", "many")
	require.Equal(t, 2, code)
	require.Contains(t, said, "-sizes")
	code, said = command(false, "-h")
	require.Equal(t, 0, code)
	require.Contains(t, said, "Usage")
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, mustParse(t, "-sizes", "4", "-count", "1"), io.Discard)
	require.ErrorContains(t, err, "interrupted")
}

// A measured process that fails says why, and no process stays behind.
func TestFailures(t *testing.T) {
	for _, network := range []string{networkMem, networkTLS} {
		j := &job{Name: "PSI/none", Network: network, PSI: &psiJob{Protocol: 77, Adversary: psi.SemiHonest, N: 4, M: 4}}
		_, err := measure(t.Context(), j, 1)
		require.ErrorContains(t, err, "Config.Protocol is 77")
		j.PSI = nil
		_, err = measure(t.Context(), j, 1)
		require.ErrorContains(t, err, "unknown kind of job")
	}
}

// When one of several processes ends, the others are not waited for, and the reason is its own.
func TestProcessDies(t *testing.T) {
	for _, network := range []string{networkTLS, "10g"} {
		j := newJob("MPC/none/", 4, network)
		j.MPC = &mpcJob{Backend: "three-parties", Operation: "mul", Bits: 70, N: 4} // no range of 64 bits
		start := time.Now()
		_, err := measure(t.Context(), j, 1)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "killed")
		require.Less(t, time.Since(start), 20*time.Second)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	j := newJob("MPC/none/", 4, networkTLS)
	j.MPC = &mpcJob{Backend: "three-parties", Operation: "mul", Bits: 20, N: 4}
	_, err := measure(ctx, j, 1)
	require.Error(t, err)
}

// The items are what package psi must find, whatever the sizes.
func TestKnownAnswer(t *testing.T) {
	for _, s := range []size{{1, 1}, {2, 2}, {64, 64}, {8, 256}, {256, 8}, {1, 16}, {7, 12}} {
		j := &psiJob{N: s.n, M: s.m}
		at := map[string]bool{}
		for item, err := range j.items(1) {
			require.NoError(t, err)
			at[string(item)] = true
		}
		require.Len(t, at, s.m, "items are different")
		different := map[string]bool{}
		var rows []int
		for item := range j.items(0) {
			if at[string(item)] {
				rows = append(rows, len(different))
			}
			different[string(item)] = true
		}
		require.Len(t, different, s.n, "items are different")
		require.Len(t, rows, (min(s.n, s.m)+1)/2)
		require.NoError(t, j.check(rows))

		require.ErrorIs(t, j.check(rows[1:]), errWrong)
		require.ErrorIs(t, j.check(rows[:len(rows)-1]), errWrong)
		require.ErrorIs(t, j.check(append(rows[:len(rows):len(rows)], s.n)), errWrong)
		rows[0]++
		require.ErrorIs(t, j.check(rows), errWrong)
	}
}

func TestParse(t *testing.T) {
	o := mustParse(t, "-compare", "old.json", "new.json", "-threshold", "7.5%", "-run", "x")
	require.Equal(t, "old.json", o.oldFile)
	require.Equal(t, "new.json", o.newFile)
	require.InDelta(t, 0.075, o.threshold, 1e-12)
	require.Equal(t, "x", o.pattern.String())
	require.InDelta(t, 0.05, mustParse(t).threshold, 1e-12)
	require.InDelta(t, 0.1, mustParse(t, "-threshold", "0.1").threshold, 1e-12)
	require.Equal(t, []size{{1 << 10, 1 << 10}, {1 << 10, 1 << 20}}, mustParse(t, "-sizes", "10,10x20").sizes)

	var usage bytes.Buffer
	_, err := parse([]string{"-h"}, &usage)
	require.ErrorIs(t, err, flag.ErrHelp)
	for _, want := range []string{"go run ./bench", "-sizes", "-budget", "-threshold", "exit"} {
		require.Contains(t, usage.String(), want)
	}
	for _, args := range [][]string{
		{"-sizes", "29"}, {"-sizes", ""}, {"-sizes", "10x"}, {"-sizes", "-1"}, {"-networks", "carrier-pigeon"},
		{"-run", "("}, {"-count", "0"}, {"-procs", "-1"}, {"-threshold", "much"}, {"-threshold", "-1%"}, {"-threshold", "NaN"},
		{"-figures", "beauty"}, {"-peers", "abacus"}, {"-parties", "8,x"}, {"file"}, {"-compare", "a.json"}, {"-compare", "a.json", "b.json", "c.json"}, {"-unknown"},
	} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, "%v", args)
	}
}

func TestList(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), mustParse(t, "-list", "-sizes", "20,10x20", "-run", "vole/malicious.*2^20/mem"), &out))
	require.Equal(t, "PSI/vole/malicious/n=2^10/m=2^20/mem\nPSI/vole/malicious/n=2^20/mem\n", out.String())
	require.Error(t, run(t.Context(), mustParse(t, "-run", "none such"), &out))
}

// fakeRunner returns a runner whose runs take a fake time for each unit of work.
func fakeRunner(budget, each time.Duration, fail error) *runner {
	now := time.Now()
	r := newRunner(&options{count: 3, budget: time.Hour}, func(string, int) {})
	r.deadline = now.Add(budget)
	r.now = func() time.Time { return now }
	r.measure = func(ctx context.Context, j *job, procs int) (*measurement, error) {
		now = now.Add(each * time.Duration(j.Work))
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, fail
	}
	return r
}

func TestBudget(t *testing.T) {
	jobs := selectJobs(psiJobs([]size{{1, 1}, {2, 2}, {8, 8}}, []string{networkMem}), regexp.MustCompile("/dh/"))
	// Four runs of 2 s and of 4 s leave 76 s; four runs of 16 s fit.
	results, left, err := fakeRunner(100*time.Second, time.Second, nil).all(t.Context(), jobs)
	require.NoError(t, err)
	require.Len(t, results, 3)
	require.Empty(t, left)
	require.Len(t, results[2].Runs, 3)
	// They don't fit into 36 s, which is known beforehand.
	results, left, err = fakeRunner(60*time.Second, time.Second, nil).all(t.Context(), jobs)
	require.NoError(t, err)
	require.Len(t, results, 2)
	require.Equal(t, []leftOut{{jobs[2].Name, "4 runs would take about 1m4s, and 36s of the budget are left"}}, left)
	// A first job is known to take too long after its warm-up.
	results, left, err = fakeRunner(60*time.Second, time.Second, nil).all(t.Context(), jobs[2:])
	require.NoError(t, err)
	require.Empty(t, results)
	require.Equal(t, []leftOut{{jobs[2].Name, "3 runs would take about 48s, and 44s of the budget are left"}}, left)
	// Nothing is left out because it fails.
	_, _, err = fakeRunner(60*time.Second, time.Second, errors.New("boom")).all(t.Context(), jobs)
	require.ErrorContains(t, err, "boom")
}

// What takes the least comes first, and results are in the order of jobs.
func TestCheapestFirst(t *testing.T) {
	of := func(series string, work int) *job {
		return &job{Name: fmt.Sprint(series, work), Series: series, Work: work, Items: work}
	}
	jobs := []*job{of("slow", 1), of("slow", 4), of("slow", 16), of("fast", 1), of("fast", 4), of("fast", 16)}
	var order []string
	r := fakeRunner(500*time.Second, 0, nil)
	now := time.Now()
	r.now = func() time.Time { return now }
	r.measure = func(_ context.Context, j *job, _ int) (*measurement, error) {
		if len(order) == 0 || order[len(order)-1] != j.Name {
			order = append(order, j.Name)
		}
		now = now.Add(time.Duration(j.Work) * map[string]time.Duration{"slow": 10 * time.Second, "fast": time.Second}[j.Series])
		return &measurement{[]*process{{Parties: []partyTime{{Side: "receiver", Wall: 1}}}}}, nil
	}
	results, left, err := r.all(t.Context(), jobs)
	require.NoError(t, err)
	require.Equal(t, []string{"slow1", "fast1", "fast4", "slow1", "fast16", "slow4"}, order, "after a trial slow1 waits")
	var names []string
	for _, r := range results {
		names = append(names, r.Name)
	}
	require.Equal(t, []string{"slow1", "slow4", "fast1", "fast4", "fast16"}, names)
	require.Len(t, left, 1)
	require.Equal(t, "slow16", left[0].Name)
}

// A package with many jobs leaves others their share, and what these don't need is for all.
func TestShares(t *testing.T) {
	of := func(family, series string, work int) *job {
		name := family + "/" + series + "/mem"
		return &job{Name: fmt.Sprint(name, work), Series: name, Network: networkMem, Work: work, Items: work}
	}
	var jobs []*job
	for i := range 20 {
		jobs = append(jobs, of("MPC", fmt.Sprint("s", i), 1), of("MPC", fmt.Sprint("s", i), 2))
	}
	jobs = append(jobs, of("PSI", "p", 1), of("PSI", "p", 10))
	require.Equal(t, map[string]time.Duration{"MPC": 80 * time.Second, "PSI": 50 * time.Second}, shares(jobs, 130*time.Second))
	require.Empty(t, shares(nil, time.Hour))

	r := fakeRunner(130*time.Second, time.Second, nil) // four runs of a second for each unit
	results, left, err := r.all(t.Context(), jobs)
	require.NoError(t, err)
	measured := map[string]int{}
	for _, r := range results {
		measured[r.family()]++
	}
	require.Equal(t, map[string]int{"MPC": 20, "PSI": 2}, measured, "of 130 s, PSI took 44 and MPC 80, and 8 more are too many")
	require.Len(t, left, len(jobs)-len(results))

	// A series that was left out altogether is not tried at a larger size.
	r = fakeRunner(10*time.Second, time.Second, nil)
	r.keepPace(of("PSI", "p", 100), 100*time.Second, &measurement{})
	slow := func(work int) *job {
		j := of("PSI", "p", work)
		j.Series, j.Network = "PSI/p/1g", "1g"
		return j
	}
	_, left, err = r.all(t.Context(), []*job{slow(100), slow(200)})
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Contains(t, left[1].Why, "about 6m40s", "as long as the smaller one")
}

// What was left out is said, with real processes.
func TestBudgetIsReported(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), mustParse(t, "-sizes", "4", "-networks", "mem", "-run", "/dh/", "-budget", "1ns"), &out))
	require.Contains(t, out.String(), "Left out")
	require.Contains(t, out.String(), "PSI/dh/semi-honest/n=2^4/mem: the budget ended during its first run")
}
