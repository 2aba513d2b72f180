package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

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

// rates plots the figures of a second that only some jobs have, such as searches, over sizes.
func rates(jobs []*result) (plot, bool) {
	network := firstNetwork(jobs)
	p := plot{Title: "Rates against size", Caption: "Medians, with the range of all runs. Network " + network + "."}
	var curves []curve
	for _, j := range ordered(jobs) {
		for _, f := range j.Figures {
			name, ok := strings.CutPrefix(f.Name, figureOwn+"/")
			if !ok || f.Unit != "/s" || j.Network != network || f.Median <= 0 {
				continue
			}
			_, name, _ = strings.Cut(name, "/")
			i := slices.IndexFunc(curves, func(c curve) bool { return c.name == name })
			if i < 0 {
				i = len(curves)
				curves = append(curves, curve{name: name, series: i})
				p.Legend = append(p.Legend, newLegend(i, name))
			}
			curves[i].points = append(curves[i].points, point2{float64(j.Items), f.Median, f.Min, f.Max})
		}
	}
	if !slices.ContainsFunc(curves, func(c curve) bool { return len(c.points) > 1 }) {
		return p, false
	}
	p.SVG = plotLogLog(p.Title, curves, axisRate)
	return p, true
}

func newLegend(series int, text string) legend {
	s := newSVG(12, 12, "")
	s.mark(series, 6, 6, "")
	return legend{Mark: s.done(), Text: text}
}

// atLargest returns one result of each label on a network: that of its largest size.
func atLargest(jobs []*result, names []string, network string) (all []*result) {
	for _, name := range names {
		var best *result
		for _, j := range jobs {
			if j.Network == network && j.Equal && label(j) == name && (best == nil || j.Items > best.Items) {
				best = j
			}
		}
		if best != nil {
			all = append(all, best)
		}
	}
	return all
}

// sized is a label with the size.
func sized(j *result) string { return label(j) + ", " + prettySize(j.Items) }

func bytesPerItem(jobs []*result, names []string) (plot, bool) {
	var bars []bar
	at := atLargest(jobs, names, firstNetwork(jobs))
	for _, j := range at {
		if per := j.perItem(figureBytes); per > 0 {
			b := bar{label: sized(j), value: digits(per) + " B"}
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
	p := plot{Title: "Bytes per item", Caption: "What all parties send together, each at its largest size."}
	for k, names := range sidesOf(at) {
		p.Legend = append(p.Legend, newLegend(k, strings.Join(names, " or ")+" sends"))
	}
	p.SVG = plotBars(p.Title, bars, false)
	return p, true
}

// sidesOf returns the names that side k has in jobs of several sides, at [k].
func sidesOf(jobs []*result) (names [][]string) {
	for _, j := range jobs {
		sides := j.sides()
		for k, side := range sides {
			switch {
			case len(sides) == 1:
			case k == len(names):
				names = append(names, []string{side})
			case !slices.Contains(names[k], side):
				names[k] = append(names[k], side)
			}
		}
	}
	return names
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
	var rows []dotRow
	for _, name := range names {
		var row dotRow
		for _, j := range jobs { // the largest size of those that most networks have
			if label(j) != name || !j.Equal {
				continue
			}
			if r := networkDots(jobs, present, j); len(r.dots) > 1 && len(r.dots) >= len(row.dots) {
				row = r
			}
		}
		if len(row.dots) > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return plot{}, false
	}
	p := plot{Title: "Time on each network", Caption: "Median wall time, at the largest size that most networks have."}
	for k, network := range present {
		p.Legend = append(p.Legend, newLegend(k, network))
	}
	p.SVG = plotDots(p.Title, rows, axisSeconds)
	return p, true
}

// networkDots returns how long a job takes on each network.
func networkDots(jobs []*result, present []string, of *result) dotRow {
	row := dotRow{label: sized(of)}
	for k, network := range present {
		for _, j := range jobs {
			if wall := j.figure(figureWall).Median; j.Network == network && j.Equal && j.task() == of.task() && wall > 0 {
				row.dots = append(row.dots, dot{k, wall, network + ": " + seconds(wall)})
			}
		}
	}
	return row
}

// A phase is small if it is less than this part of the time of each party, and then one
// of the others.
const smallPhase = 0.03

// otherPhases is the name of all small phases, and of those for which there is no colour.
const otherPhases = "other"

// phaseBars shows into which phases the time of each party goes.
func phaseBars(jobs []*result) (plot, bool) {
	type timed struct {
		name    string // of the plot, for all operations
		seconds float64
		title   string
	}
	var bars []bar
	var times [][]timed // of each bar
	most := map[string]float64{}
	at := atLargest(jobs, labels(jobs), firstNetwork(jobs))
	for _, j := range at {
		for k, side := range j.sides() {
			if k > 1 {
				break // the third of three is as the second
			}
			b := bar{label: sized(j)}
			if len(j.sides()) > 1 {
				b.label += ": " + side
			}
			var sum float64
			var all []timed
			for _, f := range j.Figures {
				phase, ok := strings.CutPrefix(f.Name, figurePhase+"/"+side+"/")
				if !ok || f.Median <= 0 {
					continue
				}
				name := phase
				if j.MPC != nil && !slices.Contains([]string{"join", "input", "open", "close"}, phase) {
					name = "operation"
				}
				sum += f.Median
				all = append(all, timed{name, f.Median, phase + ": " + seconds(f.Median)})
			}
			if sum == 0 {
				continue
			}
			for _, p := range all {
				most[p.name] = max(most[p.name], p.seconds/sum)
			}
			b.value = seconds(sum)
			bars, times = append(bars, b), append(times, all)
		}
	}
	if len(bars) == 0 {
		return plot{}, false
	}
	large := slices.SortedFunc(maps.Keys(most), func(a, b string) int { return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a, b)) })
	large = large[:min(len(large), colours-1)]
	large = slices.DeleteFunc(large, func(name string) bool { return most[name] < smallPhase })
	var phases []string // in the order in which they come
	p := plot{Title: "Phases", Caption: "Where the time goes, waiting for the other included, on the network " + at[0].Network + "."}
	for i, all := range times {
		rest := part{otherPhases, colours - 1, 0, otherPhases}
		for _, t := range all {
			if !slices.Contains(large, t.name) {
				rest.value += t.seconds
				continue
			}
			if !slices.Contains(phases, t.name) {
				phases = append(phases, t.name)
			}
			bars[i].parts = append(bars[i].parts, part{t.name, slices.Index(phases, t.name), t.seconds, t.title})
		}
		if rest.value > 0 {
			rest.title += ": " + seconds(rest.value)
			bars[i].parts = append(bars[i].parts, rest)
		}
	}
	for c, name := range phases {
		p.Legend = append(p.Legend, newLegend(c, name))
	}
	if len(phases) < len(most) {
		p.Legend = append(p.Legend, newLegend(colours-1, otherPhases))
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
