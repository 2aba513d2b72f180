package main

import (
	"fmt"
	"io"
	"strings"
)

// benchstat writes a line for each run in the format of Go's benchmarks, which
// benchstat reads. https://golang.org/design/14313-benchmark-format
func (r *report) benchstat(w io.Writer) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/dujiang-dev/dujiang/bench\ncpu: %s\n", m.OS, m.Arch, m.CPU)
	// As keys these would keep benchstat from comparing two commits.
	fmt.Fprintf(&b, "# %s, commit %s, purego %v\n", m.Go, orUnknown(m.Commit), m.Purego)
	suffix := ""
	if r.Procs > 1 {
		suffix = fmt.Sprintf("-%d", r.Procs)
	} else if r.Procs == 0 && m.Cores > 1 {
		suffix = fmt.Sprintf("-%d", m.Cores)
	}
	for _, j := range r.Jobs {
		for _, run := range j.Runs {
			values := map[string]float64{}
			for _, q := range run.quantities() {
				values[q.name] = q.value
			}
			items := float64(j.Items)
			fmt.Fprintf(&b, "Benchmark%s%s 1 %.0f ns/op", j.Name, suffix, 1e9*values[figureWall])
			fmt.Fprintf(&b, " %.2f ns/item", 1e9*values[figureWall]/items)
			if cpu := values[figureCPU]; cpu > 0 {
				fmt.Fprintf(&b, " %.0f cpu-ns/op", 1e9*cpu)
			}
			fmt.Fprintf(&b, " %.2f prepare-ns/row", 1e9*values[figurePrepare]/float64(j.Work))
			fmt.Fprintf(&b, " %.3f B/item", values[figureBytes]/items)
			fmt.Fprintf(&b, " %.0f delays", values[figureDelays])
			if rss := values[figureRSS]; rss > 0 {
				fmt.Fprintf(&b, " %.0f peak-RSS-bytes", rss)
			}
			for _, q := range run.quantities() {
				if own, ok := strings.CutPrefix(q.name, figureOwn+"/"); ok {
					_, own, _ = strings.Cut(own, "/")
					fmt.Fprintf(&b, " %g %s-%s", q.value, strings.ReplaceAll(own, " ", "-"), q.unit)
				}
			}
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
