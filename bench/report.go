package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// reportFormat is the version of the JSON form. It changes when a field changes
// its meaning.
const reportFormat = 1

// A report is everything that a run of this program found out.
type report struct {
	Format  int       `json:"format"`
	Machine *machine  `json:"machine"`
	Procs   int       `json:"procs"` // GOMAXPROCS of the measured processes; 0 is Go's default
	Count   int       `json:"count"`
	Time    string    `json:"time,omitempty"` // at the start
	Jobs    []*result `json:"jobs"`
	LeftOut []leftOut `json:"left_out,omitempty"`
	Fits    []fit     `json:"fits,omitempty"`
}

// print writes tables for people, with details or without.
func (r *report) print(w io.Writer, details bool) {
	r.printMachine(w)
	r.printTimes(w)
	r.printCosts(w)
	if details {
		r.printParties(w)
		r.printPhases(w)
	}
	r.printOwn(w)
	r.printFits(w, details)
	if n, of := r.disturbed(); n > 0 {
		fmt.Fprintf(w, "\nBeware: of %d jobs in one process, %d waited for a processor for more than a tenth of their CPU time:\nother programs had it. Take CPU time, or measure again on an idle machine.\n", of, n)
	}
	if n := r.crowded(); n > 0 {
		fmt.Fprintf(w, "\nIn %d jobs parties have as many processes as there are processors, or more, and wait for each other:\ntheir wall time is that of machines that are shared.\n", n)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintln(w, "\nLeft out:")
		for _, l := range r.LeftOut {
			fmt.Fprintf(w, "  %s: %s\n", l.Name, l.Why)
		}
	}
}

// disturbed counts the jobs that had to wait for a processor for more than a
// tenth of the time that they had one, of those that should not: one process, whose threads
// all have a processor. Below a hundredth of a second, that may be a turn of the system's own.
func (r *report) disturbed() (n, of int) {
	for _, j := range r.Jobs {
		cpu := j.figure(figureCPU).Median
		if cpu < 0.01 || j.processes() > 1 || r.Procs == 0 || r.Procs > r.Machine.Cores {
			continue
		}
		of++
		if j.figure(figureWait).Median > cpu/10 {
			n++
		}
	}
	return n, of
}

// crowded counts the jobs whose processes have no processor that is free for the system and
// for the links.
func (r *report) crowded() (n int) {
	for _, j := range r.Jobs {
		if j.processes() > 1 && j.processes()*max(1, r.Procs) >= r.Machine.Cores {
			n++
		}
	}
	return n
}

// processes is in how many a job was measured.
func (r *result) processes() int {
	if len(r.Runs) == 0 {
		return 0
	}
	return len(r.Runs[0].Processes)
}

func (r *report) printMachine(w io.Writer) {
	m := r.Machine
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("machine", "%s, %d cores, %s/%s, load %s", m.CPU, m.Cores, m.OS, m.Arch, orUnknown(m.Load))
	line("build", "%s, commit %s %s", m.Go, m.commit(40), strings.Join(m.Settings, " "))
	line("kernels", "%s; processor has %s", m.kernels(), orUnknown(strings.Join(m.Features, " ")))
	line("memory", "transparent huge pages: %s", orUnknown(m.HugePages))
	threads := "one thread for each process (mem: for both parties together)"
	switch {
	case r.Procs == 0:
		threads = "all cores for each process"
	case r.Procs > 1:
		threads = fmt.Sprintf("%d threads for each process", r.Procs)
	}
	line("runs", "%d of each job after a warm-up, %s", r.Count, threads)
}

// table writes rows of cells, the first of which are names, on the left, and the
// others numbers, on the right.
func table(w io.Writer, title, head string, rows func(row func(cells ...string))) {
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	width := 0
	var all [][]string
	row := func(cells ...string) {
		width = max(width, len(cells[0]))
		all = append(all, cells)
	}
	row(strings.Split(head, "|")...)
	rows(row)
	for _, cells := range all {
		cells[0] += strings.Repeat(" ", width-len(cells[0]))
		fmt.Fprintln(t, strings.Join(cells, "\t")+"\t")
	}
	t.Flush()
}

func (r *report) printTimes(w io.Writer) {
	table(w, "Time: medians; spread is (maximum - minimum) / median; growth is that of ns/item from the size before; waited is for a processor; preparation of all parties apart, of PSI NewSet",
		"job|wall|min|spread|ns/item|growth|CPU|min|spread|ns/item|growth|waited|prepared|ns/row",
		func(row func(...string)) {
			for _, j := range r.Jobs {
				wall, cpu, sets := j.figure(figureWall), j.figure(figureCPU), j.figure(figurePrepare)
				row(j.Name, seconds(wall.Median), seconds(wall.Min), percent(wall.Spread), digits(1e9*j.perItem(figureWall)), times(j.Growth),
					seconds(cpu.Median), seconds(cpu.Min), percent(cpu.Spread), digits(1e9*j.perItem(figureCPU)), times(j.CPUGrowth),
					seconds(j.figure(figureWait).Median),
					seconds(sets.Median), digits(1e9*sets.Median/float64(j.Work)))
			}
		})
}

func (r *report) printCosts(w io.Writer) {
	table(w, "Traffic and memory: what all parties send, per item of the larger side; peak RSS of the largest process, Go's runtime included, and what it was before the run; heap of all parties",
		"job|sent|B/item|delays|RSS|before|allocs|allocated|energy",
		func(row func(...string)) {
			for _, j := range r.Jobs {
				row(j.Name, size10(j.figure(figureBytes).Median), digits(j.perItem(figureBytes)), count(j.figure(figureDelays).Median),
					mebibytes(j.figure(figureRSS).Median), mebibytes(j.figure(figureSetRSS).Median),
					count(j.figure(figureAllocs).Median), size10(j.figure(figureAllocBytes).Median), joules(j.figure(figureEnergy).Median))
			}
		})
}

func (r *report) printParties(w io.Writer) {
	table(w, "Parties: CPU and RSS where each has a process of its own", "job|party|sends|delays|wall|CPU|RSS",
		func(row func(...string)) {
			for _, j := range r.Jobs {
				name := j.Name
				for _, side := range j.sides() {
					if len(j.sides()) < 2 {
						continue
					}
					row(name, side, size10(j.figure(figureSent+"/"+side).Median), count(j.figure(figureDelays+"/"+side).Median),
						seconds(j.figure(figureWall+"/"+side).Median), seconds(j.figure(figureCPU+"/"+side).Median), mebibytes(j.figure(figureRSS+"/"+side).Median))
					name = ""
				}
			}
		})
}

// printFits writes how costs grow, or wall time only.
func (r *report) printFits(w io.Writer, all bool) {
	wanted := slices.DeleteFunc(slices.Clone(r.Fits), func(f fit) bool {
		return !all && f.Figure != figureWall || largest(r.Jobs, f.Series) == nil
	})
	if len(wanted) == 0 {
		return
	}
	table(w, "Growth: the exponent of n through the least of all runs of the largest two or three sizes; the figures for 10^8 and 10^9 items are projections that nobody has measured, from the largest size by that exponent, or in proportion if it is below one",
		"series|figure|exponent|sizes|at 10^8|at 10^9",
		func(row func(...string)) {
			for _, f := range wanted {
				write := seconds
				if f.Figure == figureRSS {
					write = size10
				}
				row(f.Series, f.Figure, fmt.Sprintf("%.2f", f.Exponent), fmt.Sprint(f.Sizes), write(f.at(1e8)), write(f.at(1e9)))
			}
		})
}

func (r *report) printPhases(w io.Writer) {
	fmt.Fprintln(w, "\nPhases: median of each party, waiting for the other included; CPU time where one process plays all parties")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, j := range r.Jobs {
		name := j.Name
		for _, side := range j.sides() {
			var phases []string
			for _, f := range j.Figures {
				if phase, ok := strings.CutPrefix(f.Name, figurePhase+"/"+side+"/"); ok {
					median := f.Median
					if lap := j.figure(figureLap + "/" + side + "/" + phase); lap.Median > 0 {
						median = lap.Median
					}
					phases = append(phases, phase+" "+seconds(median))
				}
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\n", name, side, strings.Join(phases, ", "))
			name = ""
		}
	}
	t.Flush()
}

// printOwn writes the figures that only some kinds of job have.
func (r *report) printOwn(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	head := "\nFigures of their own: medians, and spread\n"
	for _, j := range r.Jobs {
		name := j.Name
		for _, f := range j.Figures {
			if own, ok := strings.CutPrefix(f.Name, figureOwn+"/"); ok {
				_, own, _ = strings.Cut(own, "/")
				fmt.Fprintf(t, "%s  %s\t%s\t%s\t%s\n", head, name, own, amountOf(f), percent(f.Spread))
				name, head = "", ""
			}
		}
	}
	t.Flush()
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// digits writes three digits, or more before the point.
func digits(x float64) string {
	switch {
	case x == 0:
		return "-"
	case x < 0.9995:
		return strconv.FormatFloat(x, 'g', 3, 64)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// amountOf writes a figure that only some kinds of job have, with its unit.
func amountOf(f figure) string {
	switch {
	case f.Median == 0:
		return "-"
	case f.Unit == "s":
		return seconds(f.Median)
	case f.Unit == "":
		return digits(f.Median)
	case f.Unit == "/s" && f.Median >= 1e6:
		return digits(f.Median/1e6) + " M/s"
	}
	return digits(f.Median) + " " + f.Unit
}

func count(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", x)
}

func seconds(s float64) string {
	switch {
	case s == 0:
		return "-"
	case s < 0.9995e-6:
		return digits(s*1e9) + "ns"
	case s < 0.9995e-3:
		return digits(s*1e6) + "µs"
	case s < 0.9995:
		return digits(s*1e3) + "ms"
	}
	return digits(s) + "s"
}

func joules(j float64) string {
	if j == 0 {
		return "-"
	}
	return digits(j) + "J"
}

func times(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("×%.2f", x)
}

func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*x) }

// size10 writes bytes with decimal prefixes, as traffic is counted.
func size10(b float64) string {
	switch {
	case b == 0:
		return "-"
	case b < 1e3:
		return digits(b) + "B"
	case b < 1e6:
		return digits(b/1e3) + "kB"
	}
	return digits(b/1e6) + "MB"
}

// mebibytes writes bytes as memory is counted.
func mebibytes(b float64) string {
	if b == 0 {
		return "-"
	}
	return digits(b/(1<<20)) + "MiB"
}
