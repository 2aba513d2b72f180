// Command statistics lets organisations answer questions about the data of all of
// them, which none of them shows to another: districts add up how many cases of
// a disease they had each day, and employers study what goes with high incomes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/dujiang-dev/dujiang/he"
)

const usage = `statistics answers two questions with homomorphic aggregation. All parties run
in this process, and exchange the messages that they would send.

  statistics [-cases FILE] [-people FILE]

  -cases FILE   a table of daily cases, a column for each district, as New York
                City publishes it. Without the file a table is made up.
  -people FILE  the table of persons of the census of 1994, known as "adult".
                Without the file a table is made up.
`

func main() {
	log.SetFlags(0)
	cases := flag.String("cases", "", "")
	people := flag.String("people", "", "")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, *cases, *people); err != nil {
		log.Fatal("statistics: ", err)
	}
}

func run(w io.Writer, cases, people string) error {
	districts, err := readCases(cases)
	if err != nil {
		return err
	}
	if err := studyCases(w, districts); err != nil {
		return err
	}
	employers, err := readPeople(people)
	if err != nil {
		return err
	}
	return studyPeople(w, employers)
}

// studyCases adds up the days of all districts. Three key holders see to it that
// only the sums are opened, and any two of them can.
func studyCases(w io.Writer, districts [][][]float64) error {
	result, err := answer(w, &he.Spec{
		Mode: he.Collective, Contributors: len(districts), MinInputs: 3, Holders: 3, Threshold: 2,
		Rows:      len(districts[0]),
		Fields:    []he.Field{{Name: "cases", Min: 0, Max: 99_999}},
		Functions: []he.Function{he.Vector("cases"), he.Sum("cases")},
	}, districts)
	if err != nil {
		return err
	}
	peak := 0
	days := result.Vectors["cases"]
	for day, n := range days {
		plain := 0.
		for _, d := range districts {
			plain += d[day][0]
		}
		if float64(n) != plain {
			return fmt.Errorf("day %d: %d cases, and %v in the tables", day, n, plain)
		}
		if n > days[peak] {
			peak = day
		}
	}
	fmt.Fprintf(w, "\n%d districts, %d days: %v\nmost cases on day %d: %d\nequal to the sums of the tables\n\n",
		len(districts), len(days), result.Answers[0], peak+1, days[peak])
	return nil
}

// studyPeople asks what goes with income.
func studyPeople(w io.Writer, employers [][][]float64) error {
	rows := 0
	for _, e := range employers {
		rows = max(rows, len(e))
	}
	result, err := answer(w, &he.Spec{
		Mode: he.Collective, Contributors: len(employers), MinInputs: 3, Holders: 2, Threshold: 2,
		Rows: (rows + 999) / 1000 * 1000, // so that the plan does not tell how many there are
		Fields: []he.Field{
			{Name: "age", Min: 0, Max: 120},
			{Name: "education", Min: 0, Max: 20},
			{Name: "hours", Min: 0, Max: 168},
			{Name: "gain", Min: 0, Max: 1_000_000},
			{Name: "high income", Min: 0, Max: 1},
		},
		Functions: questions,
	}, employers)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, a := range result.Answers {
		fmt.Fprintln(w, a)
	}
	if err := comparePeople(result, employers); err != nil {
		return err
	}
	fmt.Fprintln(w, "equal to what the tables give")
	return nil
}

// questions about people.
var questions = []he.Function{
	he.Count(),
	he.Mean("hours"),
	he.Variance("hours"),
	he.Mean("gain"),
	he.Variance("gain"),
	he.Covariance("education", "hours"),
	he.Histogram("age", 20, 30, 40, 50, 60, 70),
	he.Quantiles("hours", []float64{10, 20, 30, 40, 50, 60}, []float64{.25, .5, .75}),
	he.GroupBy("education", []float64{9, 10, 13, 14}, "high income"),
	he.Regression("high income", "age", "education", "hours"),
}

// errFew keeps the example from questions that nobody should answer.
var errFew = errors.New("fewer than three parties have data")

// progress returns a function to call after each of n steps, which draws a bar
// if standard error is a terminal.
func progress(n int, description string) (step func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func() {}
	}
	bar := progressbar.NewOptions(n,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription(description),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
	return func() { bar.Add(1) }
}
