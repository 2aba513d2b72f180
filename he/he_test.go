package he

import (
	"bytes"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func survey() *Spec {
	return &Spec{
		Mode: Collective, Contributors: 4, MinInputs: 3, Holders: 3, Threshold: 3, Rows: 10,
		Fields: []Field{{"age", 0, 120, 0}, {"wage", -1000, 99999.99, 2}},
		Functions: []Function{
			Count(), Sum("wage"), Mean("wage"), Variance("age"), Covariance("age", "wage"),
			Histogram("age", 20, 40, 60), Quantiles("age", []float64{20, 40, 60}, []float64{0, .5, 1}),
			GroupBy("age", []float64{30, 50}, "wage"), Regression("wage", "age"),
			WeightedSum("wage", []int64{1, -2, 3, 0}), InnerProduct("age", []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
		},
	}
}

func surveyRows(i int) iter.Seq2[[]float64, error] {
	return rowsOf([][][]float64{
		{{30, 100.25}, {50, -2.5}},
		{{10, 0}},
		{{30, 99999.99}, {70, -1000}, {45, 12.34}},
		{},
	}[i]...)
}

// All functions against what a calculator gives, in all modes.
func TestSurvey(t *testing.T) {
	want := []string{
		"6",
		"9911008/100",
		"9911008/600",
		"12725/36", // of 30, 50, 10, 30, 70, 45
		"",
		"1 2 2 1",
		"0 20 20 40 60 120",
		"2 10010024/100 1 -25/10",
		"",
		"29713474/100",
		"445",
	}
	for _, c := range []struct {
		mode      Mode
		threshold int
	}{{ReceiverKey, 0}, {Collective, 2}, {Collective, 3}, {OneShot, 2}, {OneShot, 3}} {
		spec, threshold := survey(), c.threshold
		spec.Mode, spec.Threshold = c.mode, threshold
		if c.mode == ReceiverKey {
			spec.Holders = 0
		}
		p := newParties(t, spec)
		r := p.run(surveyRows, upTo(4), upTo(threshold))
		require.Len(t, r.Answers, len(want))
		for i, w := range want {
			for k, w := range strings.Fields(w) {
				x, _ := new(big.Rat).SetString(w)
				require.Equal(t, x.RatString(), r.Answers[i].Numbers[k].RatString(), r.Answers[i].Function)
			}
		}
		checkLine(t, r)
	}
}

// checkLine checks covariance and regression with floating-point numbers.
func checkLine(t *testing.T, r *Result) {
	age := []float64{30, 50, 10, 30, 70, 45}
	wage := []float64{100.25, -2.5, 0, 99999.99, -1000, 12.34}
	var sx, sy, sxx, sxy float64
	for i, x := range age {
		sx, sy, sxx, sxy = sx+x, sy+wage[i], sxx+x*x, sxy+x*wage[i]
	}
	const n = 6
	covariance := sxy/n - sx/n*sy/n
	slope := covariance / (sxx/n - sx/n*sx/n)
	got, _ := r.Answers[4].Float(0)
	require.InEpsilon(t, covariance, got, 1e-9)
	got, _ = r.Answers[8].Float(1)
	require.InEpsilon(t, slope, got, 1e-9)
	got, _ = r.Answers[8].Float(0)
	require.InEpsilon(t, sy/n-slope*sx/n, got, 1e-9)
}

// Of 32 key holders 12 are gone when the result is opened, of 32 contributors five
// go half way.
func TestDropouts(t *testing.T) {
	spec := &Spec{
		Mode: Collective, Contributors: 32, MinInputs: 27, Holders: 32, Threshold: 20, Rows: 3,
		Fields: []Field{{"cases", 0, 1000, 0}}, Functions: []Function{Vector("cases"), Sum("cases")},
	}
	if testing.Short() {
		spec.Holders, spec.Threshold = 8, 5
		spec.Contributors, spec.MinInputs = 12, 7
	}
	p := newParties(t, spec)
	rows := func(i int) iter.Seq2[[]float64, error] {
		return rowsOf([]float64{float64(i)}, []float64{1000}, []float64{0})
	}
	gone := []int{1, 4, 6, 7, 9}
	present := slices.DeleteFunc(upTo(spec.Contributors), func(i int) bool { return slices.Contains(gone, i) })
	r := p.run(rows, present, upTo(spec.Holders)[spec.Holders-spec.Threshold:])
	numbers, n := int64(-1-4-6-7-9), int64(len(present))
	for i := range spec.Contributors {
		numbers += int64(i)
	}
	require.Equal(t, []int64{numbers, 1000 * n, 0}, r.Vectors["cases"])
	require.Equal(t, fmt.Sprint(numbers+1000*n), r.Answers[0].Numbers[0].RatString())

	// Holders that go before they endorse the roll are as many as their number and the
	// threshold leave.
	q := p.s.endorsers()
	require.Greater(t, q, spec.Threshold)
	b := p.s.NewAggregator()
	for _, c := range p.encrypt(rows).commitments {
		require.NoError(t, b.Commit(c))
	}
	early, err := b.Roll()
	require.NoError(t, err)
	endorsements := p.step(func(h *KeyHolder) ([]byte, error) { return h.Endorse(early, memoryLog{}) })
	_, err = b.EndorsedRoll(endorsements[:q])
	require.NoError(t, err)
	_, err = b.EndorsedRoll(endorsements[:spec.Threshold])
	require.EqualError(t, err, fmt.Sprintf("he: %d of %d key holders have endorsed the roll, and %d must", spec.Threshold, spec.Holders, q))

	// One contributor more goes, and nobody opens anything.
	a := p.s.NewAggregator()
	in := p.encrypt(rows)
	for _, c := range in.commitments {
		require.NoError(t, a.Commit(c))
	}
	_, err = a.Roll()
	require.NoError(t, err)
	roll := p.endorsed(a)
	for _, i := range present[1:] {
		approval, err := in.contributors[i].Approve(roll, bytes.NewReader(in.contributions[i]))
		require.NoError(t, err)
		require.NoError(t, a.Add(approval, bytes.NewReader(in.contributions[i])))
	}
	_, err = a.Close(upTo(spec.Threshold))
	require.ErrorIs(t, err, ErrTooFew)
}
