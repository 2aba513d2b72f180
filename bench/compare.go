package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// compareFiles compares two reports and returns an error if the new one is worse
// than the threshold allows.
func compareFiles(w io.Writer, o *options) error {
	before, err := readReport(o.oldFile)
	if err != nil {
		return err
	}
	after, err := readReport(o.newFile)
	if err != nil {
		return err
	}
	return compare(w, before, after, o)
}

func readReport(file string) (*report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.Format != reportFormat || r.Machine == nil {
		return nil, fmt.Errorf("%s is no report of format %d", file, reportFormat)
	}
	for _, j := range r.Jobs {
		if j.Name == "" || len(j.Runs) == 0 {
			return nil, fmt.Errorf("%s has a job without a name or without runs", file)
		}
		j.summarize()
	}
	grow(r.Jobs)
	r.Fits = fits(r.Jobs)
	return r, nil
}

// exact is the threshold for figures that do not depend on time, and so are the same
// in each run, but for what the protocol leaves to chance.
const exact = 0.01

// thresholdOf is by how much a figure may be worse.
func (o *options) thresholdOf(figure string) float64 {
	if figure == figureBytes || figure == figureDelays {
		return min(o.threshold, exact)
	}
	return o.threshold
}

// mark says what to think of a median that was a and is b: "!" if it is worse by more
// than the threshold, and "~" if it is that, but runs of both lie side by side, so
// that it may be chance. All figures are better when they are smaller.
//
// If nothing changed, all of five runs lie above all of five others once in 252 times.
func (o *options) mark(a, b figure) string {
	switch {
	case change(a.Median, b.Median) <= o.thresholdOf(a.Name):
		return ""
	case b.Min <= a.Max:
		return "~"
	}
	return "!"
}

// compare compares the medians of what both reports have. A job that the new report
// lacks is an error, lest one that became too slow for its budget goes unnoticed; -run
// narrows what is compared.
func compare(w io.Writer, before, after *report, o *options) error {
	warnings(w, before, after)
	jobs := map[string]*result{}
	for _, j := range after.Jobs {
		jobs[j.Name] = j
	}
	common, worse, missing := 0, 0, 0
	accords := make([]*accord, len(o.figures))
	for i, figure := range o.figures {
		accords[i] = &accord{figure: figure}
	}
	title := fmt.Sprintf("Medians; worse by more than %g%%, of bytes and delays by more than %g%%, is marked with !, or ~ if runs of both overlap", 100*o.threshold, 100*o.thresholdOf(figureBytes))
	table(w, title, "job|figure|old|new|change|spread old|spread new|",
		func(row func(...string)) {
			for _, old := range before.Jobs {
				if !o.pattern.MatchString(old.Name) {
					continue
				}
				j := jobs[old.Name]
				if j == nil {
					missing++
					row(old.Name, "", "", "missing", "", "", "", "!")
					continue
				}
				common++
				name := old.Name
				for i, figure := range o.figures {
					a, b := old.figure(figure), j.figure(figure)
					accords[i].count(a, b, len(old.Runs), len(j.Runs))
					mark := o.mark(a, b)
					if mark == "!" {
						worse++
					}
					row(name, figure, amount(a), amount(b), fmt.Sprintf("%+.1f%%", 100*change(a.Median, b.Median)), percent(a.Spread), percent(b.Spread), mark)
					name = ""
				}
			}
		})
	if common > 0 {
		printAccord(w, accords)
	}
	switch {
	case common == 0 && missing == 0:
		return errors.New("there is nothing to compare")
	case worse > 0 || missing > 0:
		return fmt.Errorf("%d figures are worse by more than %g%%, and %d jobs are missing", worse, 100*o.threshold, missing)
	}
	return nil
}

// change returns by how much b is more than a. A figure that one of them could
// not know has not changed.
func change(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	if c := b/a - 1; !math.IsNaN(c) {
		return c
	}
	return 0
}

func amount(f figure) string {
	switch f.Unit {
	case "s":
		return seconds(f.Median)
	case "B":
		return size10(f.Median)
	}
	return digits(f.Median)
}

// warnings says what else than the code differs.
func warnings(w io.Writer, before, after *report) {
	differs := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			fmt.Fprintf(w, "Beware: another %s: %v, then %v\n", what, a, b)
		}
	}
	a, b := before.Machine, after.Machine
	differs("processor", a.CPU, b.CPU)
	differs("number of cores", a.Cores, b.Cores)
	differs("system", a.OS+"/"+a.Arch, b.OS+"/"+b.Arch)
	differs("version of Go", a.Go, b.Go)
	differs("set of kernels", a.Kernels, b.Kernels)
	differs("setting of huge pages", a.HugePages, b.HugePages)
	differs("list of settings", a.Settings, b.Settings)
	differs("-procs", before.Procs, after.Procs)
}
