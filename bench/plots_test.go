package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
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
		require.NotNil(t, groupOf(&result{job: *j}), j.Name)
	}
	require.Nil(t, groupOf(&result{job: job{Name: "PSIX/a"}}))
	for name, id := range map[string]string{
		"PSI/vole/malicious/x": "PSI", "MPC/three-parties/mul/x": "MPC-three-parties", "MPC/three-parties/mulfixed/x": "MPC-three-parties",
		"MPC/three-parties/log/x": "MPC-functions", "MPC/three-parties/logistic/x": "MPC-functions", "MPC/three-parties/topk/x": "MPC-tables",
		"MPC/three-malicious/sort/x": "MPC-others", "MPC/four-parties/mul/x": "MPC-others", "MPC/two-dealer/mul/x": "MPC-two", "HE/x": "HE",
		"Identity/directory/x": "Identity-directory", "Identity/registration/x": "Identity-registration",
	} {
		require.Equal(t, id, groupOf(&result{job: job{Name: name}}).id, name)
	}
	ids := map[string]bool{}
	for _, g := range groups {
		require.False(t, ids[g.id], g.id)
		ids[g.id] = true
	}

	var page bytes.Buffer
	r := &report{Machine: &machine{}}
	for i := range backends {
		r.Jobs = append(r.Jobs, mpcResult(&backends[i], networkMem, 16), mpcResult(&backends[i], networkTLS, 16))
	}
	require.NoError(t, r.html(&page))
	for _, want := range []string{
		`id="MPC-three-parties"`, `id="MPC-two"`, `href="#MPC-others"`,
		"two\u2011dealer, mul, 2⁴", "dealer sends", "party 3 sends",
		"three-malicious/mul/n=2⁴/tls",
	} {
		require.Contains(t, page.String(), want)
	}
	for _, j := range r.Jobs {
		name := strings.TrimPrefix(strings.TrimPrefix(j.Name, "MPC/"), "three-parties/")
		require.Equal(t, 1, strings.Count(page.String(), ">"+pretty(name)+"<"), j.Name)
	}
}

// Sizes and networks of a series stand together in the table, and figures that only some have
// in columns of their own, or as text if they are many.
func TestTableOrder(t *testing.T) {
	of := func(name, network string, items int, own ...ownFigure) *result {
		r := resultOf("Share/"+name+"/x", network, items, "all")
		r.Runs[0].Processes[0].Parties[0].Own = own
		r.summarize()
		return r
	}
	a, b := ownFigure{"rate", "/s", 7}, ownFigure{"wait", "s", 2}
	jobs := []*result{of("p", networkMem, 4, a), of("q", networkMem, 4, b), of("p", networkTLS, 4), of("q", networkMem, 16), of("p", networkTLS, 16), of("p", networkMem, 16)}
	var s section
	s.fill(jobs)
	var order []string
	for _, row := range s.Table {
		order = append(order, row.Label)
		require.Len(t, row.Own, 2)
	}
	require.Equal(t, []string{"p/x/n=2²/mem", "p/x/n=2²/tls", "p/x/n=2⁴/mem", "p/x/n=2⁴/tls", "q/x/n=2²/mem", "q/x/n=2⁴/mem"}, order)
	require.True(t, s.Traffic)
	require.False(t, s.OwnText)
	require.Equal(t, []string{"7.00", "-"}, []string{cell(s.Table[0].Own[0]), cell(s.Table[0].Own[1])})
	require.Equal(t, []string{"-", "2.00s"}, []string{cell(s.Table[4].Own[0]), cell(s.Table[4].Own[1])})

	var many []ownFigure
	for i := range ownColumns + 1 {
		many = append(many, ownFigure{fmt.Sprint("figure ", i), "B", 1})
	}
	var page bytes.Buffer
	require.NoError(t, (&report{Machine: &machine{}, Jobs: []*result{of("p", networkMem, 4, many...)}}).html(&page))
	require.Contains(t, page.String(), "its own figures")
	require.Contains(t, page.String(), "<small>figure 6</small> 1.00 B")
	page.Reset()
	require.NoError(t, (&report{Machine: &machine{}, Jobs: jobs}).html(&page))
	require.Contains(t, page.String(), "<th>rate, /s</th><th>wait</th>")
}

// What is so many a second is plotted over sizes, of one network, if there are two sizes.
func TestRates(t *testing.T) {
	of := func(network string, items int, own ...ownFigure) *result {
		r := resultOf("Identity/directory", network, items, "all")
		r.Runs[0].Processes[0].Parties[0].Own = own
		r.summarize()
		return r
	}
	searched, proof := ownFigure{"searched", "/s", 7e4}, ownFigure{"proof", "B", 1}
	small, large := of(networkMem, 16, searched, proof), of(networkMem, 64, searched, ownFigure{"proven", "/s", 10})
	p, ok := rates([]*result{large, small, of(networkTLS, 256, ownFigure{"other", "/s", 1})})
	require.True(t, ok)
	require.Len(t, p.Legend, 2)
	require.Equal(t, []string{"searched", "proven"}, []string{p.Legend[0].Text, p.Legend[1].Text})
	require.Contains(t, string(p.SVG), ">100 k/s<")
	wellFormed(t, string(p.SVG))
	for _, few := range [][]*result{nil, {small}, {resultOf("PSI/a/x", networkMem, 16), resultOf("PSI/a/x", networkMem, 64)}} {
		_, ok := rates(few)
		require.False(t, ok)
	}
}

// Phases for which there is no colour, and those that are small everywhere, are one.
func TestPhaseBars(t *testing.T) {
	r := resultOf("Share/a/x", networkMem, 16, "all")
	r.Secret = &secretJob{}
	var phases []phase
	for i := range colours + 1 {
		phases = append(phases, phase{Name: fmt.Sprint("phase ", i), Seconds: float64(10 + i)})
	}
	r.Runs[0].Processes[0].Parties[0].Phases = append(phases, phase{Name: "tiny", Seconds: 0.5})
	r.summarize()
	legends := func() (names []string) {
		p, ok := phaseBars([]*result{r})
		require.True(t, ok)
		for _, l := range p.Legend {
			names = append(names, l.Text)
		}
		return names
	}
	require.Equal(t, []string{"phase 2", "phase 3", "phase 4", "phase 5", "phase 6", "phase 7", "phase 8", otherPhases}, legends())
	r.Runs[0].Processes[0].Parties[0].Phases = phases[:2]
	r.summarize()
	require.Equal(t, []string{"phase 0", "phase 1"}, legends())
	r.Runs[0].Processes[0].Parties[0].Phases = nil
	r.summarize()
	_, ok := phaseBars([]*result{r})
	require.False(t, ok)
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

// Each label is shown at its largest size.
func TestAtLargest(t *testing.T) {
	jobs := []*result{
		resultOf("PSI/a/x", networkMem, 16), resultOf("PSI/a/x", networkMem, 256), resultOf("PSI/a/x", networkMem, 64),
		resultOf("PSI/b/x", networkMem, 16), resultOf("PSI/b/x", networkMem, 64),
		resultOf("PSI/c/x", networkTLS, 1024),
	}
	at := atLargest(jobs, labels(jobs), networkMem)
	require.Len(t, at, 2)
	require.Equal(t, []string{"a, x, 2⁸", "b, x, 2⁶"}, []string{sized(at[0]), sized(at[1])})
	require.Equal(t, []string{"a, x", "b, x", "c, x"}, labels(jobs))
	require.Equal(t, networkMem, firstNetwork(jobs))
	require.Equal(t, networkTLS, firstNetwork(jobs[5:]))
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

// Times on networks need two of them, and are of the largest size that most have.
func TestByNetwork(t *testing.T) {
	jobs := []*result{
		resultOf("PSI/a/x", networkMem, 16, "all"), resultOf("PSI/a/x", "1g", 16, "all"),
		resultOf("PSI/a/x", networkMem, 64, "all"), resultOf("PSI/a/x", "1g", 64, "all"),
		resultOf("PSI/a/x", networkMem, 256, "all"), resultOf("PSI/b/x", networkMem, 256, "all"),
	}
	p, ok := byNetwork(jobs, labels(jobs))
	require.True(t, ok)
	require.Equal(t, 2, strings.Count(string(p.SVG), "<title>"))
	require.Contains(t, string(p.SVG), "a, x, 2⁶")
	require.NotContains(t, string(p.SVG), "b, x")
	require.Len(t, p.Legend, 2)
	for _, few := range [][]*result{nil, jobs[:1], {jobs[0], jobs[3]}} {
		_, ok = byNetwork(few, labels(few))
		require.False(t, ok)
	}
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
