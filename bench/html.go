package main

import (
	"cmp"
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
		"seconds": seconds, "amount": amountOf, "cell": cell, "size10": size10, "mebibytes": mebibytes, "percent": percent, "digits": digits, "count": count, "joules": joules,
		"commit":  func(m *machine) string { return m.commit(12) },
		"kernels": (*machine).kernels,
		"join":    func(s []string) string { return strings.Join(s, " ") },
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
	Own              []figure // that only some jobs have, by the first that has them
	OwnText          bool     // they are text, not columns
	Traffic          bool     // some parties send something
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

// A group is a section of the page. It has the jobs whose names begin with one of names and
// a slash, without what the section says anyway: that many words of the name.
type group struct {
	id, title, intro string
	names            []string
	said             int
}

// groups are in the order of the page. A job is in the first group of its name.
var groups = []group{
	{"PSI", "Private set intersection", "Two parties find out which items both have. Half of the smaller side's items are common.",
		[]string{"PSI"}, 1},
	{"MPC-three-parties", "Computing on shares", "Three semi-honest parties share two vectors, compute, and open the result to one. Times are those of all of that; the last columns are of the operation alone.",
		threeParties(arithmetic), 2},
	{"MPC-functions", "Functions of shared numbers", "The same three parties approximate functions. The regression is of two columns, by 40 iterations; there is an element in it for each row.",
		threeParties(functions), 2},
	{"MPC-tables", "Tables in shares", "The same three parties sort, group and join rows by secret keys of 16 to 32 bits.",
		threeParties(tables), 2},
	{"MPC-others", "Against a malicious party, and of four", "Three parties of which one may be malicious, who check all products, and four of which one may be curious. The check of products comes with the opening: it is in the times, and not in the last columns.",
		[]string{"MPC/three-malicious", "MPC/four-parties"}, 1},
	{"MPC-two", "Between two parties", "Triples come from a dealer, or from oblivious transfers or encryption, and are made during the run.",
		[]string{"MPC"}, 1},
	{"HE", "Aggregation under encryption", "Many add up their vectors of numbers by an aggregator that can read nothing. One process plays all parties in turn: time is that of all of them.",
		[]string{"HE"}, 1},
	{"Share", "Sharing secrets", "A dealer shares a vector of numbers, or a secret of bytes, among holders, who combine it.",
		[]string{"Share"}, 1},
	{"Identity-directory", "The directory", "A catalogue of records is signed, registered, resolved, searched and proven. Size 2²⁰ is the catalogue of a country, 340,000 records.",
		[]string{"Identity/directory"}, 1},
	{"Identity-registration", "Registration of identities", "Identities are registered one after the other, 4,096 at size 2²⁰: nonce, signature, countersignature, disk and log.",
		[]string{"Identity"}, 1},
	{"Jobs", "End to end", "What organisations do: sign a contract, pass the gate, and link or add up their data in the channel behind it.",
		[]string{"Jobs"}, 1},
}

// threeParties are the names of operations between three semi-honest parties.
func threeParties(all []operation) (names []string) {
	for _, op := range all {
		names = append(names, "MPC/three-parties/"+op.name)
	}
	return names
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
	for i := range groups {
		var jobs []*result
		for _, j := range r.Jobs {
			if groupOf(j) == &groups[i] {
				jobs = append(jobs, j)
			}
		}
		if len(jobs) > 0 {
			p.Sections = append(p.Sections, r.section(&groups[i], jobs))
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

// groupOf returns a job's group, or nil.
func groupOf(j *result) *group {
	for i, g := range groups {
		for _, name := range g.names {
			if strings.HasPrefix(j.Name, name+"/") {
				return &groups[i]
			}
		}
	}
	return nil
}

// unsaid returns the words of a name that the section of a job does not say.
func unsaid(j *result, name string) []string {
	said := 0
	if g := groupOf(j); g != nil {
		said = g.said
	}
	return strings.Split(name, "/")[said:]
}

// label is the name of a series without its section and network.
func label(j *result) string {
	return strings.ReplaceAll(strings.Join(unsaid(j, strings.TrimSuffix(j.Series, "/"+j.Network)), ", "), "-", "\u2011")
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

// cell writes an amount whose unit is in the head of its column.
func cell(f figure) string {
	if f.Unit == "s" {
		return seconds(f.Median)
	}
	return digits(f.Median)
}

func (r *report) section(g *group, jobs []*result) section {
	s := section{ID: g.id, Title: g.title, Intro: g.intro}
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
	add(rates(jobs))
	add(byNetwork(jobs, names))
	add(phaseBars(jobs))
	add(peerRatios(jobs))
	s.fill(jobs)
	return s
}

// ordered returns jobs in the order of sections, and in these all sizes of a series together.
func ordered(jobs []*result) []*result {
	names := labels(jobs)
	place := func(j *result) (part, link int) {
		part = slices.IndexFunc(groups, func(g group) bool { return groupOf(j) != nil && groupOf(j).id == g.id })
		return part, slices.IndexFunc(networks, func(n network) bool { return n.name == j.Network })
	}
	return slices.SortedStableFunc(slices.Values(jobs), func(a, b *result) int {
		partA, linkA := place(a)
		partB, linkB := place(b)
		return cmp.Or(partA-partB, slices.Index(names, label(a))-slices.Index(names, label(b)), a.Items-b.Items, a.Work-b.Work, linkA-linkB)
	})
}

// ownColumns is the most columns of figures that only some jobs have; more are text.
const ownColumns = 6

// fill makes the table, in which the sizes of a series stand together.
func (s *section) fill(jobs []*result) {
	for _, j := range ordered(jobs) {
		row := tableRow{
			Job: j, Label: pretty(strings.Join(unsaid(j, j.Name), "/")),
			Wall: j.figure(figureWall), CPU: j.figure(figureCPU),
			PerItem: 1e9 * j.perItem(figureCPU), Bytes: j.perItem(figureBytes), Delays: j.figure(figureDelays).Median,
			RSS: j.figure(figureRSS).Median, Allocs: j.figure(figureAllocs).Median, Energy: j.figure(figureEnergy).Median,
		}
		for _, f := range j.Figures {
			if own, ok := strings.CutPrefix(f.Name, figureOwn+"/"); ok {
				_, f.Name, _ = strings.Cut(own, "/")
				row.Own = append(row.Own, f)
				if s.own(f) < 0 {
					s.Own = append(s.Own, f)
				}
			}
		}
		s.Traffic = s.Traffic || row.Bytes > 0
		s.Table = append(s.Table, row)
	}
	if s.OwnText = len(s.Own) > ownColumns; s.OwnText {
		return
	}
	for i, row := range s.Table {
		columns := make([]figure, len(s.Own))
		for _, f := range row.Own {
			columns[s.own(f)] = f
		}
		s.Table[i].Own = columns
	}
}

// own is the place of a figure among those that only some jobs have, or less than zero.
func (s *section) own(f figure) int {
	return slices.IndexFunc(s.Own, func(g figure) bool { return f.Name == g.Name && f.Unit == g.Unit })
}
