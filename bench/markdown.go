package main

import (
	"fmt"
	"io"
	"regexp"
)

// markdown writes a table for a text such as README.md, under the run that it is of.
func (r *report) markdown(w io.Writer) {
	m := r.Machine
	threads := "all cores for each process"
	if r.Procs > 0 {
		threads = fmt.Sprintf("GOMAXPROCS=%d", r.Procs)
	}
	fmt.Fprintf(w, "Medians of %d runs on %s, %d cores, kernels: %s, %s, %s, at commit %s, %s:\n\n", r.Count, m.CPU, m.Cores, m.kernels(), m.Go, threads, m.commit(12), orUnknown(r.Time))
	fmt.Fprint(w, "| job | wall | CPU of all parties | an item | bytes an item | message delays | peak memory |\n|---|---|---|---|---|---|---|\n")
	for _, j := range ordered(r.Jobs) {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s | %s | %s |\n", j.Name,
			seconds(j.figure(figureWall).Median), seconds(j.figure(figureCPU).Median), seconds(j.perItem(figureCPU)),
			digits(j.perItem(figureBytes)), count(j.figure(figureDelays).Median), mebibytes(j.figure(figureRSS).Median))
	}
}

// selectResults returns the results whose names match.
func selectResults(results []*result, pattern *regexp.Regexp) (selected []*result) {
	for _, r := range results {
		if pattern.MatchString(r.Name) {
			selected = append(selected, r)
		}
	}
	return selected
}
