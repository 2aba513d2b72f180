// Command salary lets three organisations learn what goes with high incomes among the
// employees of all of them, while no organisation shows a row to another.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const usage = `salary splits a table of persons among three organisations, which compute on
shares of it over TLS on this machine, and prints what all of them learn.

  salary [-people FILE] [-plot FILE]

  -people FILE  the table of persons of the census of 1994, known as "adult".
                Without the file a table is made up.
  -plot FILE    where to draw the results, as .svg, .png or .pdf.
`

func main() {
	log.SetFlags(0)
	people := flag.String("people", "", "")
	plot := flag.String("plot", "", "")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *people, *plot); err != nil {
		log.Fatal("salary: ", err)
	}
}

func run(ctx context.Context, w io.Writer, people, plot string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	tables, err := readPeople(people)
	if err != nil {
		return err
	}
	step := progress(steps)
	reports, err := together(ctx, tables, step)
	if err != nil {
		return err
	}
	r := reports[0]
	fmt.Fprintf(w, "%d people of %d organisations; groups of fewer than %d are left out\n\n", r.hours.Count, len(tables), minimum)
	fmt.Fprintln(w, "level of education  people  high income  hours a week")
	for _, g := range r.groups {
		fmt.Fprintf(w, "%18d %7d %11.1f%% %13.1f\n", g.Key, g.Count, 100*g.Means[0], g.Means[1])
	}
	fmt.Fprintf(w, "\nhours a week: mean %.2f, standard deviation %.2f\n", r.hours.Mean, r.hours.Deviation())
	fmt.Fprintf(w, "\nhigh income = %.4f", r.line.Intercept)
	for i, name := range []string{"age", "education", "hours"} {
		fmt.Fprintf(w, " %+.4f (±%.4f)·%s", r.line.Coefficients[i], r.line.Errors[i], name)
	}
	fmt.Fprintf(w, ", which explains %.1f%% of the variance\n", 100*r.line.Explained)
	fmt.Fprintf(w, "organisation 0 sent %.1f MB in %d rounds\n", float64(r.cost.Sent)/1e6, r.cost.Rounds)
	if plot == "" {
		return nil
	}
	return draw(plot, r.groups)
}

// progress returns a function to call after each of n steps, which draws a bar if standard
// error is a terminal.
func progress(n int) (step func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func() {}
	}
	bar := progressbar.NewOptions(n,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription("computing on shares"),
		progressbar.OptionClearOnFinish(),
	)
	return func() { bar.Add(1) }
}
