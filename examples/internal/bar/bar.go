// Package bar shows progress on a terminal.
package bar

import (
	"fmt"
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
	shown := ""
	return func(p psi.Progress) {
		text := description + " (" + p.Phase + ")"
		if p.Parts > 1 {
			text = fmt.Sprintf("%s (part %d of %d: %s)", description, p.Part, p.Parts, p.Phase)
		}
		if text != shown {
			shown = text
			bar.Reset() // it is over when a phase is
			bar.Describe(text)
		}
		bar.ChangeMax64(max(p.Total, 1))
		bar.Set64(p.Done)
	}, func() { bar.Clear() }
}
