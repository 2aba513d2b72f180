package main

import "slices"

// A result is a job with all its runs, and what they amount to.
type result struct {
	job
	Runs    []*measurement `json:"runs"`
	Figures []figure       `json:"-"` // which follow from the runs
	// Growth and CPUGrowth are wall and CPU time per item, compared with
	// those of the next smaller size. One is linear; zero is unknown.
	Growth    float64 `json:"-"`
	CPUGrowth float64 `json:"-"`
}

// A figure is a quantity over all runs of a job.
type figure struct {
	Name   string
	Unit   string
	Median float64
	Min    float64
	Max    float64
	// Spread is (Max - Min) / Median: how far the runs lie apart.
	Spread float64
}

// Names of figures. Those of one party have its side behind a slash, those of a
// phase its name too.
const (
	figureWall    = "wall"      // s, until both parties are done
	figureCPU     = "cpu"       // s, of all processes
	figureWait    = "wait"      // s, for a processor, of all processes
	figurePrepare = "prepare"   // s, of both parties; of PSI, NewSet
	figureRSS     = "rss"       // B, the peak of the larger process
	figureSetRSS  = "set-rss"   // B, the same before the run, when all is prepared
	figureBytes   = "bytes"     // B, both ways
	figureDelays  = "delays"    // until both parties are done
	figureAllocs  = "allocs"    // on the heap, of all processes
	figureEnergy  = "energy"    // J, of the machine
	figureSent    = "sent"      // B, of a party
	figurePhase   = "phase"     // s, of a party
	figureLap     = "cpu-phase" // s, of the process in a phase
	figureOwn     = "own"       // what only this kind of job has

	figureAllocBytes = "alloc-bytes" // B, of all allocations
)

// judged is what a comparison looks at.
var judged = []string{figureWall, figureCPU, figurePrepare, figureRSS, figureBytes, figureDelays}

func newFigure(name, unit string, values []float64) figure {
	f := figure{Name: name, Unit: unit, Median: median(values), Min: slices.Min(values), Max: slices.Max(values)}
	if f.Median != 0 {
		f.Spread = (f.Max - f.Min) / f.Median
	}
	return f
}

// median returns the middle of values, or the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// figure returns the figure with the given name, or one of zeros.
func (r *result) figure(name string) figure {
	for _, f := range r.Figures {
		if f.Name == name {
			return f
		}
	}
	return figure{Name: name}
}

// perItem returns the median of a figure divided by the number of items.
func (r *result) perItem(name string) float64 { return r.figure(name).Median / float64(r.Items) }

// summarize computes all figures of the runs.
func (r *result) summarize() {
	r.Figures = nil
	var names []string // in the order in which they come
	values := map[string][]float64{}
	units := map[string]string{}
	for _, m := range r.Runs {
		for _, q := range m.quantities() {
			if values[q.name] == nil {
				names = append(names, q.name)
				units[q.name] = q.unit
			}
			values[q.name] = append(values[q.name], q.value)
		}
	}
	for _, name := range names {
		r.Figures = append(r.Figures, newFigure(name, units[name], values[name]))
	}
}

type quantity struct {
	name, unit string
	value      float64
}

// quantities are all figures of one run.
func (m *measurement) quantities() []quantity {
	var wall, cpu, wait, prepare, rss, setRSS, bytes, delays, allocs, allocBytes, energy float64
	var parts []quantity
	part := func(name, unit string, value float64) { parts = append(parts, quantity{name, unit, value}) }
	for _, p := range m.Processes {
		cpu += p.CPU
		wait += p.CPUWait
		rss = max(rss, float64(p.PeakRSS))
		setRSS = max(setRSS, float64(p.PrepareRSS))
		allocs += float64(p.Allocs)
		allocBytes += float64(p.AllocBytes)
		energy = max(energy, p.Energy) // all processes see the machine's
		if len(p.Parties) == 1 {       // figures of a process are those of its party
			part(figureCPU+"/"+p.Parties[0].Side, "s", p.CPU)
			part(figureRSS+"/"+p.Parties[0].Side, "B", float64(p.PeakRSS))
		}
		for _, t := range p.Parties {
			wall = max(wall, t.Wall)
			prepare += t.Prepare
			bytes += float64(t.Sent)
			delays = max(delays, float64(t.Delays))
			part(figureWall+"/"+t.Side, "s", t.Wall)
			part(figurePrepare+"/"+t.Side, "s", t.Prepare)
			part(figureSent+"/"+t.Side, "B", float64(t.Sent))
			part(figureDelays+"/"+t.Side, "", float64(t.Delays))
			for _, ph := range t.Phases {
				part(figurePhase+"/"+t.Side+"/"+ph.Name, "s", ph.Seconds)
				if ph.CPU > 0 {
					part(figureLap+"/"+t.Side+"/"+ph.Name, "s", ph.CPU)
				}
			}
			for _, own := range t.Own {
				part(figureOwn+"/"+t.Side+"/"+own.Name, own.Unit, own.Value)
			}
		}
	}
	return append([]quantity{
		{figureWall, "s", wall},
		{figureCPU, "s", cpu},
		{figureWait, "s", wait},
		{figurePrepare, "s", prepare},
		{figureRSS, "B", rss},
		{figureSetRSS, "B", setRSS},
		{figureBytes, "B", bytes},
		{figureDelays, "", delays},
		{figureAllocs, "", allocs},
		{figureAllocBytes, "B", allocBytes},
		{figureEnergy, "J", energy},
	}, parts...)
}

// grow sets the growth of each result, which come in the order of sizes.
func grow(results []*result) {
	before := map[string]*result{}
	for _, r := range results {
		if !r.Equal {
			continue
		}
		if b := before[r.Series]; b != nil {
			r.Growth = ratio(r.perItem(figureWall), b.perItem(figureWall))
			r.CPUGrowth = ratio(r.perItem(figureCPU), b.perItem(figureCPU))
		}
		before[r.Series] = r
	}
}

// ratio returns a/b, or zero if that is unknown.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
