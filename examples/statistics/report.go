package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/dujiang-dev/dujiang/he"
)

// A report writes answers for people.
type report struct {
	w     io.Writer
	plans bool // print plans too
}

// print writes with commas in large numbers.
func (r *report) print(format string, args ...any) {
	message.NewPrinter(language.English).Fprintf(r.w, format, args...)
}

func (r *report) question(text string) { r.print("%s\n\n", text) }

// parties says who takes part, and what it costs them.
func (r *report) parties(who string, spec *he.Spec, plan *he.Plan) {
	z := plan.Sizes()
	r.print("  %d %s send %d bytes each, encrypted.\n", spec.Contributors, who, z.Contribution)
	r.print("  %d of %d key holders must agree to what is opened; each reads %d bytes\n  about all contributions, and sends %d.\n\n",
		spec.Threshold, spec.Holders, z.Audit, z.Share)
	if r.plans {
		fmt.Fprintf(r.w, "%v\n\n", plan)
	}
}

func (r *report) line(what, format string, args ...any) {
	r.print("  %-22s "+format+"\n", append([]any{what}, args...)...)
}

func (r *report) checked(text string) { r.print("\n%s\n\n", text) }

// bar writes a line with a bar, whose length is that of value beside most.
func (r *report) bar(what string, value, most float64) {
	r.line(what, "%10d  %s", int64(value), strings.Repeat("▇", int(math.Round(40*value/max(most, 1)))))
}

// parts draws sums over an equal number of days each.
func (r *report) parts(sums []int64) {
	length := (len(sums) + 15) / 16
	var parts []float64
	most := 0.
	for i, n := range sums {
		if i%length == 0 {
			parts = append(parts, 0)
		}
		parts[len(parts)-1] += float64(n)
		most = max(most, parts[len(parts)-1])
	}
	r.print("\n")
	for i, n := range parts {
		r.bar(fmt.Sprintf("days %d-%d", i*length+1, min((i+1)*length, len(sums))), n, most)
	}
}

// people writes the answers to questions.
func (r *report) people(result *he.Result) {
	a := result.Answers
	number := func(i, k int) float64 {
		x, _ := a[i].Float(k)
		return x
	}
	r.line("persons", "%v", whole(a[0], 0))
	r.line("hours a week", "%.2f, give or take %.2f", number(1, 0), math.Sqrt(number(2, 0)))
	r.line("capital gain", "%.2f, give or take %.2f", number(3, 0), math.Sqrt(number(4, 0)))
	r.line("education and hours", "covariance %.3f", number(5, 0))
	r.line("quartiles of hours", "%v to %v, %v to %v, %v to %v", number(7, 0), number(7, 1), number(7, 2), number(7, 3), number(7, 4), number(7, 5))

	r.print("\n")
	most := 0.
	for k := range a[6].Numbers {
		most = max(most, number(6, k))
	}
	for k := range a[6].Numbers {
		what := fmt.Sprintf("age under %v", ageEdges[0])
		switch {
		case k == len(ageEdges):
			what = fmt.Sprintf("age from %v", ageEdges[k-1])
		case k > 0:
			what = fmt.Sprintf("age %v to %v", ageEdges[k-1], ageEdges[k]-1)
		}
		r.bar(what, number(6, k), most)
	}

	r.print("\n")
	for k, name := range educationNames {
		r.line(name, "%10d, of whom %.1f %% have a high income", int64(number(8, 2*k)), 100*number(8, 2*k+1)/max(number(8, 2*k), 1))
	}
	r.print("\n  high income = %.4f %+.4f age %+.4f education %+.4f hours\n", number(9, 0), number(9, 1), number(9, 2), number(9, 3))
}

// whole returns an answer that is a whole number.
func whole(a he.Answer, i int) int64 { return a.Numbers[i].Num().Int64() }
