package main

import (
	_ "embed"
	"html/template"
	"io"
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
	Disturbed int // of Alone jobs
	Alone     int
	Crowded   int
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

// groups are how jobs' names begin, in the order of the page. A job is in the first
// group of its name.
var groups = []struct{ name, title, intro string }{
	{"PSI", "Private set intersection", "Two parties find out which items both have. Half of the smaller side's items are common."},
	{"MPC/three-parties", "Computing on shares", "Three semi-honest parties share two vectors, compute, and open the result to one. Times are those of all of that; the operation alone is in the table."},
	{"MPC", "Computing on shares otherwise", "The same by three parties of which one may be malicious, and by two with triples from a dealer or from oblivious transfers, which are made during the run."},
	{"HE", "Aggregation under encryption", "Many add up their vectors of numbers by an aggregator that can read nothing. One process plays all parties in turn: time is that of all of them."},
	{"Share", "Sharing secrets", "A dealer shares a vector of numbers among holders, who combine it."},
	{"Identity", "Identity and directory", "A catalogue of records is signed, registered, resolved, searched and proven. Size 2²⁰ is the catalogue of a country, 340,000 records. Identities are registered one after the other, 4,096 at size 2²⁰: nonce, signature, countersignature, disk and log."},
	{"Jobs", "End to end", "What organisations do: sign a contract, pass the gate, and link or add up their data in the channel behind it."},
}

func (r *report) page() *page {
	p := &page{report: r, Crowded: r.crowded(), Published: publishedFigures, Colours: make([]struct{}, colours)}
	p.Disturbed, p.Alone = r.disturbed()
	p.HasEnergy = slices.ContainsFunc(r.Jobs, func(j *result) bool { return j.figure(figureEnergy).Median > 0 })
	for _, n := range networks {
		if slices.ContainsFunc(r.Jobs, func(j *result) bool { return j.Network == n.name }) {
			p.Links = append(p.Links, link{n.name, n.what})
		}
	}
	for _, g := range groups {
		var jobs []*result
		for _, j := range r.Jobs {
			if groupOf(j) == g.name {
				jobs = append(jobs, j)
			}
		}
		if len(jobs) > 0 {
			p.Sections = append(p.Sections, r.section(strings.ReplaceAll(g.name, "/", "-"), g.title, g.intro, jobs))
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

// groupOf returns the name of a job's group, or nothing.
func groupOf(j *result) string {
	for _, g := range groups {
		if strings.HasPrefix(j.Name, g.name+"/") {
			return g.name
		}
	}
	return ""
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
		_, name, _ := strings.Cut(j.Name, "/")
		row := tableRow{
			Job: j, Label: pretty(name),
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
