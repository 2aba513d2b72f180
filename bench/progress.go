package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// newProgress returns a function that shows which job is at work and counts
// runs, and one that removes what is shown. They do nothing if file is no
// terminal.
func newProgress(file *os.File, runs int) (progress func(name string, runs int), clear func()) {
	if !term.IsTerminal(int(file.Fd())) {
		return func(string, int) {}, func() {}
	}
	bar := progressbar.NewOptions(runs,
		progressbar.OptionSetWriter(file),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	)
	return func(name string, runs int) {
		bar.Describe(name)
		bar.Add(runs)
	}, func() { bar.Clear() }
}
