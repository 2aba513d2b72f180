package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

//go:embed report.html.tmpl
var pageTemplate string

// html writes the report as one page that needs nothing else: no script, no
// font, no network.
func (r *report) html(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"seconds": seconds, "size10": size10, "mebibytes": mebibytes, "percent": percent, "digits": digits, "count": count, "joules": joules,
		"short": func(commit string) string { return commit[:min(len(commit), 12)] },
		"join":  func(s []string) string { return strings.Join(s, " ") },
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, r.page())
}

// A page is what the template shows.
type page struct {
	*report
	Links     []link
	Disturbed int
	Sections  []section
	Growth    []growthRow
	Published []published
	Colours   []struct{}
	HasEnergy bool
}

type link struct{ Name, What string }

// A section is a group of jobs.
type section struct {
	ID, Title, Intro string
	Plots            []plot
	Table            []tableRow
	HasOwn           bool
}

type plot struct {
	Title, Caption string
	SVG            template.HTML
	Legend         []legend
}

type legend struct {
	Mark     template.HTML
	Text     string
	Exponent string // of growth, if it is known
}

type tableRow struct {
	Job       *result
	Label     string
	Wall, CPU figure
	PerItem   float64 // ns of CPU
	Bytes     float64 // per item
	Delays    float64
	RSS       float64
	Allocs    float64
	Energy    float64
	Own       []figure
}

type growthRow struct {
	Series           string
	Exponent         float64
	Sizes            int
	Largest          string
	Measured         string
	Hundred, Billion string
}

// groups are the first words of jobs' names, in the order of the page.
var groups = []struct{ name, title, intro string }{
	{"PSI", "Private set intersection", "Two parties find out which items both have. Half of the smaller side's items are common."},
	{"MPC", "Computing on shares", "Three parties share two vectors, compute, and open the result to one. Times are those of all of that; the operation alone is in the table."},
	{"HE", "Aggregation under encryption", "Many add up their vectors of numbers by an aggregator that can read nothing. One process plays all parties in turn: time is that of all of them."},
	{"Share", "Sharing secrets", "A dealer shares a vector of numbers among holders, who combine it."},
	{"Identity", "Identity and directory", "A catalogue of records is signed, registered, resolved, searched and proven. Size 2²⁰ is the catalogue of a country, 340,000 records."},
	{"Jobs", "End to end", "What organisations do: sign a contract, pass the gate, and link or add up their data in the channel behind it."},
}

func (r *report) page() *page {
	p := &page{report: r, Disturbed: r.disturbed(), Published: publishedFigures, Colours: make([]struct{}, colours)}
	p.HasEnergy = slices.ContainsFunc(r.Jobs, func(j *result) bool { return j.figure(figureEnergy).Median > 0 })
	for _, n := range networks {
		if slices.ContainsFunc(r.Jobs, func(j *result) bool { return j.Network == n.name }) {
			p.Links = append(p.Links, link{n.name, n.what})
		}
	}
	for _, g := range groups {
		var jobs []*result
		for _, j := range r.Jobs {
			if group, _, _ := strings.Cut(j.Name, "/"); group == g.name {
				jobs = append(jobs, j)
			}
		}
		if len(jobs) > 0 {
			p.Sections = append(p.Sections, r.section(g.name, g.title, g.intro, jobs))
		}
	}
	for _, f := range r.Fits {
		if f.Figure != figureWall {
			continue
		}
		last := largest(r.Jobs, f.Series)
		p.Growth = append(p.Growth, growthRow{
			Series: f.Series, Exponent: f.Exponent, Sizes: f.Sizes,
			Largest: prettySize(last.Items), Measured: seconds(last.figure(figureWall).Median),
			Hundred: longTime(f.at(1e8)), Billion: longTime(f.at(1e9)),
		})
	}
	return p
}

// label is the name of a series without its group and network.
func label(j *result) string {
	parts := strings.Split(strings.TrimSuffix(j.Series, "/"+j.Network), "/")
	return strings.ReplaceAll(strings.Join(parts[1:], ", "), "-", "\u2011")
}

// largest returns the result of most items in a series.
func largest(jobs []*result, series string) (best *result) {
	for _, j := range jobs {
		if j.Series == series && (best == nil || j.Items > best.Items) {
			best = j
		}
	}
	return best
}

// labels returns the labels of jobs, in their order, each of which has one colour
// throughout its section.
func labels(jobs []*result) (all []string) {
	for _, j := range jobs {
		if l := label(j); !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

func (r *report) section(id, title, intro string, jobs []*result) section {
	s := section{ID: id, Title: title, Intro: intro}
	names := labels(jobs)
	add := func(p plot, ok bool) {
		if ok {
			s.Plots = append(s.Plots, p)
		}
	}
	add(r.overSizes(jobs, names, figureWall, "Time against size",
		"Median wall time, with the range of all runs. Beside each name the exponent of growth.", axisSeconds))
	add(bytesPerItem(jobs, names))
	add(r.overSizes(jobs, names, figureRSS, "Memory against size",
		"Peak resident memory of the largest process, Go's runtime and the input included.", axisBytes))
	add(byNetwork(jobs, names))
	add(phaseBars(jobs))
	add(peerRatios(jobs))
	for _, j := range jobs {
		row := tableRow{
			Job: j, Label: pretty(strings.TrimPrefix(j.Name, id+"/")),
			Wall: j.figure(figureWall), CPU: j.figure(figureCPU),
			PerItem: 1e9 * j.perItem(figureCPU), Bytes: j.perItem(figureBytes), Delays: j.figure(figureDelays).Median,
			RSS: j.figure(figureRSS).Median, Allocs: j.figure(figureAllocs).Median, Energy: j.figure(figureEnergy).Median,
		}
		for _, f := range j.Figures {
			if own, ok := strings.CutPrefix(f.Name, figureOwn+"/"); ok {
				_, f.Name, _ = strings.Cut(own, "/")
				row.Own = append(row.Own, f)
			}
		}
		s.HasOwn = s.HasOwn || len(row.Own) > 0
		s.Table = append(s.Table, row)
	}
	return s
}

// firstNetwork is the first network on which any of the jobs were measured.
func firstNetwork(jobs []*result) string {
	for _, n := range networks {
		if slices.ContainsFunc(jobs, func(j *result) bool { return j.Network == n.name }) {
			return n.name
		}
	}
	return ""
}

// overSizes plots a figure of all series on the first network.
func (r *report) overSizes(jobs []*result, names []string, figure, title, caption string, unit func(float64) string) (plot, bool) {
	network := firstNetwork(jobs)
	p := plot{Title: title, Caption: caption + " Network " + network + "."}
	var curves []curve
	for i, name := range names {
		c := curve{name: name, series: i}
		exponent := ""
		for _, j := range jobs {
			f := j.figure(figure)
			if label(j) != name || j.Network != network || !j.Equal || f.Median <= 0 {
				continue
			}
			c.points = append(c.points, point2{float64(j.Items), f.Median, f.Min, f.Max})
			if fit, ok := r.fit(j.Series, figure); ok {
				exponent = fmt.Sprintf("%.2f", fit.Exponent)
			}
		}
		slices.SortFunc(c.points, func(a, b point2) int { return int(a.x - b.x) })
		if len(c.points) > 0 {
			curves = append(curves, c)
			l := newLegend(i, name)
			l.Exponent = exponent
			p.Legend = append(p.Legend, l)
		}
	}
	if !slices.ContainsFunc(curves, func(c curve) bool { return len(c.points) > 1 }) {
		return p, false
	}
	p.SVG = plotLogLog(title, curves, unit)
	return p, true
}

func newLegend(series int, text string) legend {
	s := newSVG(12, 12, "")
	s.mark(series, 6, 6, "")
	return legend{Mark: s.done(), Text: text}
}

// atLargest returns one result of each label on a network: that of the largest size
// that half of them were measured at, so that they can be compared.
func atLargest(jobs []*result, names []string, network string) (common []*result) {
	sizes := map[int]int{}
	for _, j := range jobs {
		if j.Network == network && j.Equal {
			sizes[j.Items]++
		}
	}
	best, most := 0, 0
	for _, n := range sizes {
		most = max(most, n)
	}
	for items, n := range sizes {
		if 2*n >= most {
			best = max(best, items)
		}
	}
	for _, name := range names {
		for _, j := range jobs {
			if j.Network == network && j.Equal && j.Items == best && label(j) == name {
				common = append(common, j)
			}
		}
	}
	return common
}

func bytesPerItem(jobs []*result, names []string) (plot, bool) {
	var bars []bar
	at := atLargest(jobs, names, firstNetwork(jobs))
	for _, j := range at {
		if per := j.perItem(figureBytes); per > 0 {
			b := bar{label: label(j), value: digits(per) + " B"}
			for k, side := range j.sides() {
				sent := j.figure(figureSent+"/"+side).Median / float64(j.Items)
				b.parts = append(b.parts, part{side, k, sent, fmt.Sprintf("%s sends %s B an item", side, digits(sent))})
			}
			bars = append(bars, b)
		}
	}
	if len(bars) == 0 {
		return plot{}, false
	}
	p := plot{Title: "Bytes per item", Caption: fmt.Sprintf("What all parties send together, n = %s.", prettySize(at[0].Items))}
	for k, side := range at[0].sides() {
		if len(at[0].sides()) > 1 {
			p.Legend = append(p.Legend, newLegend(k, side+" sends"))
		}
	}
	p.SVG = plotBars(p.Title, bars, false)
	return p, true
}

// byNetwork shows how long each series takes on each network.
func byNetwork(jobs []*result, names []string) (plot, bool) {
	var present []string
	for _, n := range networks {
		if slices.ContainsFunc(jobs, func(j *result) bool { return j.Network == n.name }) {
			present = append(present, n.name)
		}
	}
	if len(present) < 2 {
		return plot{}, false
	}
	at := atLargest(jobs, names, present[len(present)-1])
	var rows []dotRow
	for _, last := range at {
		row := dotRow{label: label(last)}
		for k, network := range present {
			for _, j := range jobs {
				if wall := j.figure(figureWall).Median; j.Network == network && j.Items == last.Items && j.Equal && label(j) == label(last) && wall > 0 {
					row.dots = append(row.dots, dot{k, wall, network + ": " + seconds(wall)})
				}
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return plot{}, false
	}
	p := plot{Title: "Time on each network", Caption: fmt.Sprintf("Median wall time, n = %s.", prettySize(at[0].Items))}
	for k, network := range present {
		p.Legend = append(p.Legend, newLegend(k, network))
	}
	p.SVG = plotDots(p.Title, rows, axisSeconds)
	return p, true
}

// phaseBars shows into which phases the time of each party goes.
func phaseBars(jobs []*result) (plot, bool) {
	var phases []string
	var bars []bar
	at := atLargest(jobs, labels(jobs), firstNetwork(jobs))
	for _, j := range at {
		for k, side := range j.sides() {
			if k > 1 {
				break // the third of three is as the second
			}
			b := bar{label: label(j)}
			if len(j.sides()) > 1 {
				b.label += ": " + side
			}
			var sum float64
			for _, f := range j.Figures {
				phase, ok := strings.CutPrefix(f.Name, figurePhase+"/"+side+"/")
				if !ok || f.Median <= 0 {
					continue
				}
				name := phase
				if group, _, _ := strings.Cut(j.Name, "/"); group == "MPC" && !slices.Contains([]string{"join", "input", "open", "close"}, phase) {
					name = "operation"
				}
				c := slices.Index(phases, name)
				if c < 0 {
					c = len(phases)
					phases = append(phases, name)
				}
				sum += f.Median
				b.parts = append(b.parts, part{phase, c, f.Median, phase + ": " + seconds(f.Median)})
			}
			b.value = seconds(sum)
			if sum > 0 {
				bars = append(bars, b)
			}
		}
	}
	if len(bars) == 0 {
		return plot{}, false
	}
	p := plot{Title: "Phases", Caption: fmt.Sprintf("Where the time goes, waiting for the other included; n = %s, network %s.", prettySize(at[0].Items), at[0].Network)}
	for c, name := range phases {
		p.Legend = append(p.Legend, newLegend(c, name))
	}
	p.SVG = plotBars(p.Title, bars, true)
	return p, true
}

// peerRatios shows how many times the processor time of this library its peers take
// for the same, each at the largest size at which both were measured.
func peerRatios(jobs []*result) (plot, bool) {
	var bars []bar
	for _, name := range labels(jobs) {
		var best *result
		var ours []*result
		for _, peer := range jobs {
			if !peer.Peer || label(peer) != name || best != nil && best.Items >= peer.Items {
				continue
			}
			var same []*result
			for _, j := range jobs {
				if !j.Peer && j.Class == peer.Class && j.Items == peer.Items && j.Network == peer.Network && j.Equal && j.figure(figureCPU).Median > 0 {
					same = append(same, j)
				}
			}
			if len(same) > 0 && peer.Equal && peer.figure(figureCPU).Median > 0 {
				best, ours = peer, same
			}
		}
		for _, j := range ours {
			ratio := best.figure(figureCPU).Median / j.figure(figureCPU).Median
			bars = append(bars, bar{
				label: fmt.Sprintf("%s against %s, n = %s", name, label(j), prettySize(j.Items)),
				value: digits(ratio) + "×",
				parts: []part{{"", slices.Index(labels(jobs), label(j)), ratio, seconds(best.figure(figureCPU).Median) + " against " + seconds(j.figure(figureCPU).Median)}},
			})
		}
	}
	if len(bars) == 0 {
		return plot{}, false
	}
	p := plot{Title: "Peers", Caption: "How many times the processor time others take for the same task in the same run; a longer bar is a slower peer, below 1× a faster one."}
	p.SVG = plotBars(p.Title, bars, false)
	return p, true
}

// prettySize writes 2²⁰, or another number as it is.
func prettySize(n int) string {
	if k := int(math.Round(math.Log2(float64(n)))); n == 1<<k {
		return "2" + superscript(k)
	}
	return fmt.Sprint(n)
}

// pretty writes the powers in a name as people do.
func pretty(name string) string {
	return power.ReplaceAllStringFunc(name, func(s string) string {
		var k int
		fmt.Sscanf(s, "2^%d", &k)
		return "2" + superscript(k)
	})
}

var power = regexp.MustCompile(`2\^[0-9]+`)

// axisSeconds writes a power of ten of seconds, or any other time.
func axisSeconds(s float64) string {
	switch {
	case s < 0.9e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 0.9:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.4g s", s)
}

// axisBytes writes a power of ten of bytes, or any other number of them.
func axisBytes(b float64) string {
	switch {
	case b < 0.9e6:
		return fmt.Sprintf("%.3g kB", b/1e3)
	case b < 0.9e9:
		return fmt.Sprintf("%.3g MB", b/1e6)
	}
	return fmt.Sprintf("%.3g GB", b/1e9)
}

// longTime writes times that people wait for.
func longTime(s float64) string {
	switch {
	case s >= 48*3600:
		return digits(s/86400) + " days"
	case s >= 2*3600:
		return digits(s/3600) + " h"
	case s >= 120:
		return digits(s/60) + " min"
	}
	return seconds(s)
}
