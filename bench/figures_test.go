package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFigure(t *testing.T) {
	values := []float64{4, 1, 2}
	require.Equal(t, figure{"x", "s", 2, 1, 4, 1.5}, newFigure("x", "s", values))
	require.Equal(t, []float64{4, 1, 2}, values, "left as they were")
	require.Equal(t, figure{"x", "s", 3, 1, 10, 3}, newFigure("x", "s", []float64{10, 1, 2, 4}))
	require.Equal(t, figure{"x", "B", 5, 5, 5, 0}, newFigure("x", "B", []float64{5}))
	require.Equal(t, figure{"x", "B", 0, 0, 0, 0}, newFigure("x", "B", []float64{0, 0}))
}

// twoParties is a run over TLS.
func twoParties(wall float64) *measurement {
	return &measurement{[]*process{
		{CPU: 1, PeakRSS: 100, Parties: []partyTime{{"receiver", 0.25, wall, costs{Sent: 10, Received: 20, Delays: 3, Phases: []phase{{Name: "match", Seconds: 0.125}}}}}},
		{CPU: 2, PeakRSS: 300, Parties: []partyTime{{"sender", 0.5, wall / 2, costs{Sent: 20, Received: 10, Delays: 4, Phases: nil}}}},
	}}
}

func TestSummarize(t *testing.T) {
	r := &result{job: job{Items: 4}, Runs: []*measurement{twoParties(8), twoParties(6), twoParties(7)}}
	r.summarize()
	require.Equal(t, figure{figureWall, "s", 7, 6, 8, 2. / 7}, r.figure(figureWall))
	for name, want := range map[string]float64{
		figureCPU: 3, figurePrepare: 0.75, figureRSS: 300, figureBytes: 30, figureDelays: 4,
		"cpu/receiver": 1, "rss/sender": 300, "sent/sender": 20, "phase/receiver/match": 0.125, "wall/sender": 3.5,
	} {
		require.Equal(t, want, r.figure(name).Median, name)
	}
	require.Equal(t, 1.75, r.perItem(figureWall))
	require.Zero(t, r.figure("none").Median)
	once := map[string]bool{}
	for _, f := range r.Figures {
		require.False(t, once[f.Name], "%s comes twice", f.Name)
		once[f.Name] = true
	}
}

func TestGrow(t *testing.T) {
	of := func(series string, items int, equal bool, wall float64) *result {
		r := &result{job: job{Series: series, Items: items, Equal: equal}, Runs: []*measurement{twoParties(wall)}}
		r.summarize()
		return r
	}
	results := []*result{of("a", 2, true, 2), of("b", 2, true, 1), of("a", 8, false, 100), of("a", 4, true, 6), of("b", 4, true, 2)}
	grow(results)
	growths, ofCPU := make([]float64, len(results)), make([]float64, len(results))
	for i, r := range results {
		growths[i], ofCPU[i] = r.Growth, r.CPUGrowth
	}
	require.Equal(t, []float64{0, 0, 0, 1.5, 1}, growths)
	require.Equal(t, []float64{0, 0, 0, 0.5, 0.5}, ofCPU)
}

// reportOf returns a report with jobs that took the given times.
func reportOf(walls map[string]float64) *report {
	r := &report{Format: reportFormat, Machine: &machine{CPU: "abacus"}, Procs: 1, Count: 1}
	for name, wall := range walls {
		j := &result{job: job{Name: name, Items: 1}, Runs: []*measurement{twoParties(wall)}}
		j.summarize()
		r.Jobs = append(r.Jobs, j)
	}
	return r
}

func TestCompare(t *testing.T) {
	before := reportOf(map[string]float64{"x": 100, "y": 100})
	with := func(x, y float64) *report { return reportOf(map[string]float64{"x": x, "y": y}) }
	check := func(after *report, args ...string) (string, error) {
		var out bytes.Buffer
		err := compare(&out, before, after, mustParse(t, args...))
		return out.String(), err
	}

	_, err := check(with(104, 100))
	require.NoError(t, err)
	out, err := check(with(106, 100))
	require.ErrorContains(t, err, "1 figures are worse by more than 5%")
	require.Regexp(t, `x +wall +100s +106s +\+6\.0% .*!`, out)
	_, err = check(with(106, 100), "-threshold", "10%")
	require.NoError(t, err)
	_, err = check(with(106, 100), "-figures", "cpu,bytes")
	require.NoError(t, err)
	_, err = check(with(106, 100), "-run", "y")
	require.NoError(t, err)
	_, err = check(with(20, 100)) // better by any amount
	require.NoError(t, err)

	_, err = check(reportOf(map[string]float64{"x": 100}))
	require.ErrorContains(t, err, "1 jobs are missing")
	_, err = check(reportOf(map[string]float64{"x": 100}), "-run", "x")
	require.NoError(t, err)
	_, err = check(with(100, 100), "-run", "z")
	require.ErrorContains(t, err, "nothing to compare")

	other := with(100, 100)
	other.Machine.CPU, other.Procs = "slide rule", 2
	out, err = check(other)
	require.NoError(t, err)
	require.Contains(t, out, "another processor: abacus, then slide rule")
	require.Contains(t, out, "another -procs: 1, then 2")
}

// runsOf returns a report of one job whose runs took the given times.
func runsOf(walls ...float64) *report {
	j := &result{job: job{Name: "x", Items: 1}}
	for _, w := range walls {
		j.Runs = append(j.Runs, twoParties(w))
	}
	j.summarize()
	return &report{Format: reportFormat, Machine: &machine{}, Jobs: []*result{j}}
}

// What two runs of the same program differ by is no regression, a slower one is.
func TestCompareSpread(t *testing.T) {
	for _, c := range []struct {
		old, new []float64
		mark     string
	}{
		{[]float64{100, 101, 102}, []float64{103, 104, 105}, ""},
		{[]float64{100, 100, 130}, []float64{110, 110, 110}, "~"},
		{[]float64{100, 100, 101}, []float64{101, 110, 110}, "~"},
		{[]float64{100, 100, 101}, []float64{102, 110, 110}, "!"},
		{[]float64{100, 100, 130}, []float64{131, 140, 200}, "!"},
		{[]float64{102, 110, 110}, []float64{100, 100, 101}, ""}, // faster
	} {
		var out bytes.Buffer
		err := compare(&out, runsOf(c.old...), runsOf(c.new...), mustParse(t, "-figures", "wall"))
		require.Equal(t, c.mark == "!", err != nil, "%v, then %v", c.old, c.new)
		require.Regexp(t, `x +wall .*%[ ]*`+c.mark+`\s*\n`, out.String())
	}
}

// A protocol that sends 5 % more is caught, by the figures of a real run.
func TestMoreBytesAreSeen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	o := mustParse(t, "-sizes", "6", "-count", "1", "-networks", "mem", "-run", "/vole/semi", "-json", file)
	require.NoError(t, run(t.Context(), o, io.Discard))
	before, err := readReport(file)
	require.NoError(t, err)
	after, err := readReport(file)
	require.NoError(t, err)
	more := func(share float64) error {
		for i, p := range after.Jobs[0].Runs[0].Processes[0].Parties {
			after.Jobs[0].Runs[0].Processes[0].Parties[i].Sent += int64(share * float64(p.Sent))
		}
		after.Jobs[0].summarize()
		return compare(io.Discard, before, after, mustParse(t))
	}
	require.NoError(t, more(0))
	require.ErrorContains(t, more(0.05), "1 figures are worse")
}

// A library whose kernels are switched off is caught, by its processor time.
func TestSlowKernelsAreSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	if !slices.Contains(thisMachine(t.Context()).Kernels, "avx2") {
		t.Skip("this machine has no kernels to switch off")
	}
	dir := t.TempDir()
	measured := func(name string) string {
		file := filepath.Join(dir, name)
		o := mustParse(t, "-sizes", "14", "-count", "3", "-networks", "mem", "-run", "/vole/semi", "-json", file)
		require.NoError(t, run(t.Context(), o, io.Discard))
		return file
	}
	fast := measured("fast.json")
	t.Setenv("GODEBUG", "cpu.avx2=off,cpu.aes=off,cpu.pclmulqdq=off")
	slow := measured("slow.json")
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), mustParse(t, "-compare", fast, slow, "-figures", "cpu", "-threshold", "25%"), &out), "1 figures are worse")
	require.Contains(t, out.String(), "another list of settings", "the report says what else was different")
	require.NoError(t, run(t.Context(), mustParse(t, "-compare", slow, fast, "-figures", "cpu", "-threshold", "25%"), io.Discard))
}

// Waiting says something of the machine where a process has a processor of its own, for long
// enough.
func TestDisturbed(t *testing.T) {
	of := func(processes int, cpu, wait float64) *result {
		return &result{
			Runs:    []*measurement{{make([]*process, processes)}},
			Figures: []figure{{Name: figureCPU, Median: cpu}, {Name: figureWait, Median: wait}},
		}
	}
	r := &report{Machine: &machine{Cores: 2}, Procs: 1, Jobs: []*result{of(1, 1, 0.09), of(1, 1, 0.11), of(1, 0, 0), of(1, 0.001, 1), of(2, 1, 1), of(3, 1, 0)}}
	n, all := r.disturbed()
	require.Equal(t, []int{1, 2}, []int{n, all})
	require.Equal(t, 2, r.crowded())
	var out bytes.Buffer
	r.print(&out, true)
	require.Contains(t, out.String(), "of 2 jobs in one process, 1 waited")
	require.Contains(t, out.String(), "In 2 jobs parties have as many processes")
	out.Reset()
	require.NoError(t, r.html(&out))
	require.Contains(t, out.String(), "Of 2 jobs in one process, 1 waited")
	require.Contains(t, out.String(), "In 2 jobs parties have as many processes")

	r.Machine.Cores = 4
	require.Zero(t, r.crowded())
	r.Procs = 8
	n, all = r.disturbed()
	require.Equal(t, []int{0, 0}, []int{n, all}, "threads wait for each other")
	require.Equal(t, 2, r.crowded())
}

// Of more threads than processors, some wait.
func TestCPUWait(t *testing.T) {
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("this system doesn't tell")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	before := cpuWait()
	var busy sync.WaitGroup
	var enough atomic.Bool
	for range 4 * runtime.NumCPU() {
		busy.Go(func() {
			runtime.LockOSThread()
			for !enough.Load() {
			}
		})
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
	}
	during := cpuWait() // of threads that are still there
	enough.Store(true)
	busy.Wait()
	require.Greater(t, during-before, 10*time.Millisecond)
}

// A figure that a system cannot know is neither better nor worse.
func TestChange(t *testing.T) {
	require.Zero(t, change(0, 5))
	require.Zero(t, change(5, 0))
	require.InDelta(t, 0.25, change(4, 5), 1e-12)
	require.InDelta(t, -0.5, change(4, 2), 1e-12)
}

func TestReadReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	_, err := readReport(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, text := range []string{"", "{}", `{"format":2,"machine":{}}`, `{"format":1}`, `{"format":1,"machine":{},"jobs":[{}]}`} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := readReport(file)
		require.Error(t, err, text)
	}
}

func TestMachine(t *testing.T) {
	m := thisMachine(t.Context())
	require.NotEmpty(t, m.CPU)
	require.Positive(t, m.Cores)
	require.NotEmpty(t, m.Go)
	require.Equal(t, purego, m.Purego)
	if purego {
		require.Empty(t, m.Kernels)
	}
	if slices.Contains(m.Kernels, "ifma") {
		require.Equal(t, []string{"avx2", "vaes", "avx512", "ifma"}, m.Kernels)
	}
	var out bytes.Buffer
	(&report{Machine: m, Count: 5}).print(&out, true)
	require.Contains(t, out.String(), m.CPU)
	out.Reset()
	require.NoError(t, (&report{Machine: m}).benchstat(&out))
	require.NotRegexp(t, `(?m)^(go|commit|purego):`, out.String(), "benchstat compares only what agrees in these")
}

func TestAmounts(t *testing.T) {
	for want, got := range map[string]string{
		"-": seconds(0), "250µs": seconds(250e-6), "1.50ms": seconds(1.5e-3), "12.3s": seconds(12.34),
		"33.5MB": size10(33.5e6), "999B": size10(999), "1.00kB": size10(1000), "1.00MiB": mebibytes(1 << 20), "5%": percent(0.051),
	} {
		require.Equal(t, want, got)
	}
}
