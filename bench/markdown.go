package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// markdown writes a table for a text such as README.md, under the run that it is of.
func (r *report) markdown(w io.Writer) {
	m := r.Machine
	kernels := strings.Join(m.Kernels, ", ")
	switch {
	case m.Purego:
		kernels = "without assembly"
	case kernels == "":
		kernels = "without kernels"
	}
	threads := "all cores for each process"
	if r.Procs > 0 {
		threads = fmt.Sprintf("GOMAXPROCS=%d", r.Procs)
	}
	commit := orUnknown(m.Commit)
	if len(commit) == 40 {
		commit = commit[:12]
	}
	if m.Modified {
		commit += ", modified"
	}
	fmt.Fprintf(w, "Medians of %d runs on %s, %d cores, %s, %s, %s, at commit %s, %s:\n\n", r.Count, m.CPU, m.Cores, kernels, m.Go, threads, commit, orUnknown(r.Time))
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
