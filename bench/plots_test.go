package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resultOf returns a result of one run whose parties, with these names, each sent 100
// bytes an item and took a second.
func resultOf(name, network string, items int, sides ...string) *result {
	j := newJob(name+"/", items, network)
	p := &process{CPU: 1, PeakRSS: 1 << 20}
	for _, side := range sides {
		p.Parties = append(p.Parties, partyTime{side, 0, 1, costs{Sent: int64(100 * items), Delays: 1, Phases: []phase{{Name: "work", Seconds: 1}}}})
	}
	r := &result{job: *j, Runs: []*measurement{{[]*process{p}}}}
	r.summarize()
	return r
}

// mpcResult returns a result of a backend's multiplication.
func mpcResult(b *backend, network string, items int) *result {
	r := resultOf("MPC/"+b.name+"/mul", network, items, b.sides...)
	r.MPC = &mpcJob{Backend: b.name, Operation: "mul", N: items}
	return r
}

// Every job that there is has a place on the page, and one only.
func TestGroups(t *testing.T) {
	for _, j := range allJobs(mustParse(t, "-sizes", "4,10x20", "-peers", strings.Join(builtinPeers, ","), "-networks", "mem,tls,10g,1g,100m")) {
		require.NotEmpty(t, groupOf(&result{job: *j}), j.Name)
	}
	require.Empty(t, groupOf(&result{job: job{Name: "PSIX/a"}}))
	require.Equal(t, "MPC/three-parties", groupOf(&result{job: job{Name: "MPC/three-parties/mul/x"}}))
	require.Equal(t, "MPC", groupOf(&result{job: job{Name: "MPC/two-dealer/mul/x"}}))

	var page bytes.Buffer
	r := &report{Machine: &machine{}}
	for i := range backends {
		r.Jobs = append(r.Jobs, mpcResult(&backends[i], networkMem, 16), mpcResult(&backends[i], networkTLS, 16))
	}
	require.NoError(t, r.html(&page))
	for _, want := range []string{
		`id="MPC-three-parties"`, `id="MPC"`, `href="#MPC-three-parties"`,
		"two\u2011dealer, mul", "party 2 or dealer sends", // of three sides, by three names
		"three-malicious/mul/n=2⁴/tls",
	} {
		require.Contains(t, page.String(), want)
	}
	for _, j := range r.Jobs {
		require.Equal(t, 1, strings.Count(page.String(), ">"+pretty(strings.TrimPrefix(j.Name, "MPC/"))+"<"), j.Name)
	}
}

func TestSidesOf(t *testing.T) {
	var jobs []*result
	for i := range backends {
		jobs = append(jobs, mpcResult(&backends[i], networkMem, 4))
	}
	require.Equal(t, [][]string{{"party 0"}, {"party 1"}, {"party 2", "dealer"}, {"party 3"}}, sidesOf(jobs))
	require.Empty(t, sidesOf([]*result{{job: job{Secret: &secretJob{}}}}), "one side needs no legend")
	require.Empty(t, sidesOf(nil))
}

// Jobs are compared at the largest size that most of them were measured at.
func TestAtLargest(t *testing.T) {
	jobs := []*result{
		resultOf("PSI/a/x", networkMem, 16), resultOf("PSI/a/x", networkMem, 64), resultOf("PSI/a/x", networkMem, 256),
		resultOf("PSI/b/x", networkMem, 16), resultOf("PSI/b/x", networkMem, 64),
		resultOf("PSI/c/x", networkMem, 16), resultOf("PSI/c/x", networkTLS, 1024),
	}
	at := atLargest(jobs, labels(jobs), networkMem)
	require.Len(t, at, 2)
	for _, j := range at {
		require.Equal(t, 64, j.Items)
	}
	require.Equal(t, []string{"a, x", "b, x", "c, x"}, labels(jobs))
	require.Equal(t, networkMem, firstNetwork(jobs))
	require.Equal(t, networkTLS, firstNetwork(jobs[6:]))
	require.Empty(t, atLargest(nil, nil, networkMem))
	require.Equal(t, 256, largest(jobs, "PSI/a/x/mem").Items)
	require.Nil(t, largest(jobs, "PSI/d/x/mem"))
}

// A peer is compared with jobs of its class, size and network, at its largest size,
// and with nothing else.
func TestPeerRatios(t *testing.T) {
	of := func(name string, items int, cpu float64, class string, peer bool) *result {
		r := resultOf("PSI/"+name+"/x", networkMem, items, "all")
		r.Class, r.Peer = class, peer
		r.Runs[0].Processes[0].CPU = cpu
		r.summarize()
		return r
	}
	ours, theirs := of("ours", 64, 2, "intersection", false), of("theirs", 64, 7, "intersection", true)
	p, ok := peerRatios([]*result{ours, theirs, of("ours", 16, 1, "intersection", false), of("theirs", 16, 1, "intersection", true)})
	require.True(t, ok)
	require.Contains(t, string(p.SVG), ">3.50×</text>")
	require.NotContains(t, string(p.SVG), ">1.00×</text>")
	for _, others := range [][]*result{
		{ours}, {theirs},
		{of("ours", 64, 2, "sums", false), theirs},
		{of("ours", 16, 2, "intersection", false), theirs},
		{of("ours", 64, 0, "intersection", false), theirs}, // a system that doesn't tell
		{ours, of("theirs", 64, 0, "intersection", true)},
	} {
		_, ok := peerRatios(others)
		require.False(t, ok)
	}
}

// Times on networks need two of them.
func TestByNetwork(t *testing.T) {
	jobs := []*result{resultOf("PSI/a/x", networkMem, 16, "all"), resultOf("PSI/a/x", "1g", 16, "all")}
	p, ok := byNetwork(jobs, labels(jobs))
	require.True(t, ok)
	require.Equal(t, 2, strings.Count(string(p.SVG), "<title>"))
	require.Len(t, p.Legend, 2)
	_, ok = byNetwork(jobs[:1], labels(jobs))
	require.False(t, ok)
}

// wellFormed requires a drawing to be XML without numbers that are none.
func wellFormed(t *testing.T, drawing string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(drawing)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, drawing)
	}
	require.NotRegexp(t, "NaN|Inf|%!", drawing)
}

// Drawings hold for values of all magnitudes, equal ones, and texts that XML would
// take for its own.
func TestDrawings(t *testing.T) {
	for _, v := range []float64{1e-9, 1e-3, 0.999, 1, 10, 1e12} {
		points := []point2{{1, v, v, v}, {1 << 20, 3 * v, 2 * v, 4 * v}}
		wellFormed(t, string(plotLogLog("<a> & b", []curve{{"<c>", 9, points}, {"one", 0, points[:1]}}, axisSeconds)))
		wellFormed(t, string(plotLogLog("one", []curve{{"one", 0, points[:1]}}, axisBytes)))
		wellFormed(t, string(plotBars("<a>", []bar{{"<b> & c", "<1", []part{{"x", 0, v, "<t>"}, {"y", 1, 0, ""}}}}, true)))
		wellFormed(t, string(plotDots("<a>", []dotRow{{"<b>", []dot{{0, v, "<t>"}, {1, v, ""}}}, {"none", nil}}, axisSeconds)))
	}
	wellFormed(t, string(plotBars("none", []bar{{"zero", "0", []part{{"x", 0, 0, ""}}}}, true)))
	wellFormed(t, string(plotBars("none", []bar{{"zero", "0", []part{{"x", 0, 0, ""}}}}, false)))
	for series := range colours + 1 {
		s := newSVG(10, 10, "")
		s.mark(series, 1, 2, "")
		wellFormed(t, string(s.done()))
	}
}

// Exact powers of ten are on the axis, and every point is inside.
func TestLogAxis(t *testing.T) {
	s := string(plotLogLog("x", []curve{{"c", 0, []point2{{1024, 0.01, 0.01, 0.01}, {4096, 1, 1, 1}}}}, axisSeconds))
	for _, want := range []string{">10 ms<", ">100 ms<", ">1 s<", ">2¹⁰<", ">2¹²<", "items, n"} {
		require.Contains(t, s, want)
	}
	a := scale{1, 100, 0, 10}
	for v := 1.0; v <= 100; v *= math.Sqrt2 {
		require.True(t, a.at(v) >= 0 && a.at(v) <= 10)
	}
}
