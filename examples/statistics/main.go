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

  statistics [-cases FILE] [-people FILE] [-plans]

  -cases FILE   a table of daily cases, a column for each district, as New York
                City publishes it. Without the file a table is made up.
  -people FILE  the table of persons of the census of 1994, known as "adult".
                Without the file a table is made up.
  -plans        print what was decided for each question: sums, ring, modulus,
                flooding, bytes.
`

func main() {
	log.SetFlags(0)
	cases := flag.String("cases", "", "")
	people := flag.String("people", "", "")
	plans := flag.Bool("plans", false, "")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, *cases, *people, *plans); err != nil {
		log.Fatal("statistics: ", err)
	}
}

func run(w io.Writer, cases, people string, plans bool) error {
	days, districts, err := readCases(cases)
	if err != nil {
		return err
	}
	r := &report{w: w, plans: plans}
	if err := studyCases(r, days, districts); err != nil {
		return err
	}
	employers, err := readPeople(people)
	if err != nil {
		return err
	}
	return studyPeople(r, employers)
}

// studyCases adds up the days of all districts. Three key holders see to it that
// only the sums are opened, and any two of them can.
func studyCases(r *report, days []string, districts [][][]float64) error {
	r.question("How many cases did all districts have together, each day and in all?")
	spec := &he.Spec{
		Mode: he.Collective, Contributors: len(districts), MinInputs: 3, Holders: 3, Threshold: 2,
		Rows:      len(days),
		Fields:    []he.Field{{Name: "cases", Min: 0, Max: 99_999}},
		Functions: []he.Function{he.Vector("cases"), he.Sum("cases")},
	}
	plan, result, err := answer(spec, districts)
	if err != nil {
		return err
	}
	r.parties("districts", spec, plan)
	peak := 0
	sums := result.Vectors["cases"]
	for day, n := range sums {
		plain := 0.
		for _, d := range districts {
			plain += d[day][0]
		}
		if float64(n) != plain {
			return fmt.Errorf("%s: %d cases, and %v in the tables", days[day], n, plain)
		}
		if n > sums[peak] {
			peak = day
		}
	}
	r.line("days", "%d", len(sums))
	r.line("cases", "%v", whole(result.Answers[0], 0))
	r.line("most on a day", "%d, %s", sums[peak], days[peak])
	r.parts(sums)
	r.checked("Each of these is equal to the sum of the tables.")
	return nil
}

// studyPeople asks what goes with income. Two key holders must both agree.
func studyPeople(r *report, employers [][][]float64) error {
	r.question("What goes with high incomes, among the staff of all employers?")
	rows := 0
	for _, e := range employers {
		rows = max(rows, len(e))
	}
	spec := &he.Spec{
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
	}
	plan, result, err := answer(spec, employers)
	if err != nil {
		return err
	}
	r.parties("employers", spec, plan)
	r.people(result)
	if err := comparePeople(result, employers); err != nil {
		return err
	}
	r.checked("Each of these is equal to what the tables give.")
	return nil
}

// questions about people.
var (
	questions = []he.Function{
		he.Count(),
		he.Mean("hours"),
		he.Variance("hours"),
		he.Mean("gain"),
		he.Variance("gain"),
		he.Covariance("education", "hours"),
		he.Histogram("age", ageEdges...),
		he.Quantiles("hours", []float64{10, 20, 30, 40, 50, 60}, []float64{.25, .5, .75}),
		he.GroupBy("education", educationLevels, "high income"),
		he.Regression("high income", "age", "education", "hours"),
	}
	ageEdges = []float64{20, 30, 40, 50, 60, 70}
	// As the census numbers them: high school, some college, bachelor, master.
	educationLevels = []float64{9, 10, 13, 14}
	educationNames  = []string{"high school", "some college", "bachelor", "master"}
)

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
