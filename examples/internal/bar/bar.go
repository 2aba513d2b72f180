// Package bar shows progress on a terminal.
package bar

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/dujiang-dev/dujiang/psi"
)

// New returns a callback for psi.Config.Progress that draws a bar for each phase on file if
// that is a terminal, and a function that removes it. Otherwise the callback is
// nil.
func New(file *os.File, description string) (progress func(psi.Progress), clear func()) {
	if !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(1,
		progressbar.OptionSetWriter(file),
		progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	)
	phase := ""
	return func(p psi.Progress) {
		if p.Phase != phase {
			phase = p.Phase
			bar.Reset() // it is over when a phase is
			bar.Describe(description + " (" + phase + ")")
		}
		bar.ChangeMax64(max(p.Total, 1))
		bar.Set64(p.Done)
	}, func() { bar.Clear() }
}
