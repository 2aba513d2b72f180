package main

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageReport is a report with jobs of two protocols and a peer, at three sizes on
// two networks, whose figures are known.
func pageReport() *report {
	r := &report{Format: reportFormat, Machine: &machine{CPU: "<abacus> & Söhne", Cores: 2, Commit: "0123456789abcdef"}, Count: 5, Procs: 1,
		LeftOut: []leftOut{{"PSI/slow", "no time"}}}
	for i, protocol := range []string{"vole/semi-honest", "dh/semi-honest", "textbook/semi-honest"} {
		for _, k := range []int{10, 14, 18} {
			for _, network := range []string{networkMem, "1g"} {
				j := newPSIJob("PSI/"+protocol+"/", network, &psiJob{N: 1 << k, M: 1 << k})
				j.Peer = i == 2
				t := float64(i+1) * 1e-6 * math.Exp2(float64(k))
				m := &measurement{[]*process{{CPU: t, PeakRSS: 1 << 24, Energy: 2, Parties: []partyTime{
					{"receiver", 0, t, costs{Sent: 100 << k, Received: 28 << k, Delays: 3, Phases: []phase{{Name: "match", Seconds: t}}}},
					{"sender", 0, t, costs{Sent: 28 << k, Received: 100 << k, Delays: 3, Phases: []phase{{Name: "code", Seconds: t / 2}, {Name: "wait", Seconds: t / 2}}}},
				}}}}
				res := &result{job: *j, Runs: []*measurement{m, m, m}}
				res.summarize()
				r.Jobs = append(r.Jobs, res)
			}
		}
	}
	r.Fits = fits(r.Jobs)
	return r
}

func TestPage(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, pageReport().html(&out))
	page := out.String()
	for _, want := range []string{
		"Time against size", "Bytes per item", "Memory against size", "Time on each network", "Phases", "Peers",
		"vole, semi\u2011honest <var>n<sup>1.00</sup></var>",
		">128 B</text>", // 100 and 28
		">3.00×</text>", // the peer against VOLE, of three times the time
		"n = 2¹⁸",       // the largest size
		"vole/semi-honest/n=2¹⁰/1g",
		"1 Gbit/s and 20 ms", // the network that was used
		"2.00J", "0123456789ab<", "&lt;abacus&gt; &amp; Söhne", "PSI/slow", "no time",
		"projection", "16.7 min", // a billion items of a microsecond
		"Raghuraman, Rindal",
	} {
		if !strings.Contains(page, want) { // without all of the page
			t.Errorf("the page has no %q", want)
		}
	}
	for _, unwanted := range []string{
		"100 Mbit/s", // a network that was not used
		"<abacus>",   // not escaped
		"ZgotmplZ",   // what a template refused
	} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	// It needs nothing else: no script, and addresses only to click on.
	require.NotRegexp(t, regexp.MustCompile(`(?i)<script|<link|<img|<iframe|@import|url\(|src=`), page)
	require.Equal(t, strings.Count(page, "https://"), strings.Count(page, `<a href="https://`))

	// Drawings are well formed, and their coordinates are numbers.
	drawings := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1)
	require.Greater(t, len(drawings), 10)
	for _, drawing := range drawings {
		wellFormed(t, drawing)
	}
}

// Projections are marked as such, and nothing else is; what others published stands in a
// table of its own.
func TestPageParts(t *testing.T) {
	r := pageReport()
	var out bytes.Buffer
	require.NoError(t, r.html(&out))
	part := func(id string) string {
		_, rest, ok := strings.Cut(out.String(), `id="`+id+`"`)
		require.True(t, ok, id)
		text, _, _ := strings.Cut(rest, "</section>")
		return text
	}
	growth := part("growth")
	require.Contains(t, growth, "Numbers in italics are projections, which nobody has measured")
	rows := regexp.MustCompile(`<tr>(?:<td.*?</td>)+</tr>`).FindAllString(growth, -1)
	require.Len(t, rows, 6, "three protocols on two networks")
	for _, row := range rows {
		require.Regexp(t, `^<tr><td>PSI/\S+</td><td>1\.00</td><td>2</td><td>2¹⁸</td><td>[0-9.]+ms</td><td class="projection">[0-9. a-z]+</td><td class="projection">[0-9. a-z]+</td></tr>$`, row)
	}
	require.Equal(t, strings.Count(out.String(), `class="projection"`), 2*len(rows)+1, "and where it is explained")

	for _, p := range publishedFigures {
		system := strings.ReplaceAll(template.HTMLEscapeString(p.System), "+", "&#43;")
		require.Equal(t, 1, strings.Count(out.String(), "<td>"+system+"</td>"), system)
		require.Contains(t, part("published"), "<td>"+system+"</td>")
	}
	require.Contains(t, part("published"), "None of this was measured in this run")
	require.NotContains(t, part("PSI"), "Raghuraman")

	out.Reset()
	r.print(&out, true)
	data, err := r.encode()
	require.NoError(t, err)
	require.NotContains(t, out.String()+string(data), "Raghuraman", "only on the page")
}

// A report that has little shows little, and no plot of nothing.
func TestPoorPage(t *testing.T) {
	r := pageReport()
	for _, jobs := range [][]*result{nil, r.Jobs[:1], {{job: *newPSIJob("PSI/x/y/", networkMem, &psiJob{N: 1, M: 2})}}} {
		var out bytes.Buffer
		require.NoError(t, (&report{Machine: &machine{}, Jobs: jobs}).html(&out))
		require.NotContains(t, out.String(), "NaN")
		require.NotContains(t, out.String(), "Time against size")
		require.NotContains(t, out.String(), "Left out")
	}
}

func TestPageFromFile(t *testing.T) {
	dir := t.TempDir()
	data, page := filepath.Join(dir, "x.json"), filepath.Join(dir, "x.html")
	o := &options{jsonFile: data}
	require.NoError(t, pageReport().save(o, io.Discard))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), mustParse(t, "-from", data, "-html", page), &out))
	require.Contains(t, out.String(), "PSI/dh/semi-honest/n=2^18/1g")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "Time against size")
	require.Error(t, run(t.Context(), mustParse(t, "-from", filepath.Join(dir, "none.json")), io.Discard))
}

func TestScale(t *testing.T) {
	s := scale{1, 1000, 10, 40}
	require.InDelta(t, 10, s.at(1), 1e-9)
	require.InDelta(t, 20, s.at(10), 1e-9)
	require.InDelta(t, 40, s.at(1000), 1e-9)
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"2¹⁰": prettySize(1024), "340000": prettySize(340000), "2⁻³": "2" + superscript(-3),
		"n=2¹⁰/m=2²⁰": pretty("n=2^10/m=2^20"),
		"1 µs":        axisSeconds(1e-6), "100 ms": axisSeconds(0.1), "1000 s": axisSeconds(1000),
		"10 MB": axisBytes(1e7), "1 GB": axisBytes(1e9), "1 kB": axisBytes(1000),
		"5 /s": axisRate(5), "10 k/s": axisRate(1e4), "1 M/s": axisRate(1e6),
		"59.0s": longTime(59), "2.00 min": longTime(120), "3.00 h": longTime(3 * 3600), "4.00 days": longTime(4 * 86400),
	} {
		require.Equal(t, want, got)
	}
}

func TestPlotBars(t *testing.T) {
	width := regexp.MustCompile(`width="([0-9.]+)" height="13`)
	bars := []bar{{"a", "4", []part{{"", 0, 1, ""}, {"", 1, 3, ""}}}, {"b", "2", []part{{"", 0, 2, ""}}}}
	widths := func(share bool) (w []string) {
		for _, m := range width.FindAllStringSubmatch(string(plotBars("x", bars, share)), -1) {
			w = append(w, m[1])
		}
		return w
	}
	require.Equal(t, []string{"81.0", "243.0", "162.0"}, widths(false))
	require.Equal(t, []string{"81.0", "243.0", "324.0"}, widths(true))
}

// Everything published says where it stands.
func TestPublished(t *testing.T) {
	for _, p := range publishedFigures {
		require.Regexp(t, `^https://`, p.URL)
		for _, text := range []string{p.System, p.Figure, p.Hardware, p.Source} {
			require.NotEmpty(t, text, fmt.Sprint(p))
		}
	}
}

// The page of the reference run is that of its figures.
func TestReference(t *testing.T) {
	r, err := readReport(filepath.Join("results", "report.json"))
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, r.html(&page))
	file := filepath.Join("results", "report.html")
	if *update {
		require.NoError(t, os.WriteFile(file, page.Bytes(), 0o644))
		return
	}
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(kept, page.Bytes()), "go test ./bench -run 'TestRe(adme|ference)' -update writes it again")
}
