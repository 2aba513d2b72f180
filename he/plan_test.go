package he

import (
	"flag"
	"fmt"
	"iter"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	long = flag.Bool("long", false, "run tests that take minutes")
	// The random plans of two runs with the same seed are the same, so that a
	// long run can be made in parts, and what failed can be run again alone.
	plansSeed  = flag.Uint64("plans-seed", 0, "the seed of random plans; zero draws one")
	plansFirst = flag.Int("plans-first", 0, "the number of the first random plan")
	plansCount = flag.Int("plans", 0, "how many random plans; zero takes what is usual")
)

// randomSpec returns a question with up to four fields and five functions.
func randomSpec(r *rand.Rand) *Spec {
	s := &Spec{Mode: ReceiverKey, Contributors: 3 + r.IntN(6), MinInputs: 3, Rows: 1 + r.IntN(20)}
	if r.IntN(2) == 0 {
		s.Mode, s.Holders, s.Threshold = []Mode{Collective, OneShot}[r.IntN(2)], 3, 2+r.IntN(2)
	}
	if r.IntN(100) == 0 {
		s.Rows = 4000 + r.IntN(5000) // more than one chunk
	}
	for i := range 1 + r.IntN(4) {
		f := Field{Name: fmt.Sprint("f", i), Decimals: r.IntN(4)}
		size := math.Exp2(1 + 46*r.Float64())
		lo := math.Round((r.Float64() - .5) * size)
		hi := lo + 1 + math.Round(r.Float64()*size/2)
		f.Min, f.Max = lo/f.scale(), hi/f.scale()
		s.Fields = append(s.Fields, f)
	}
	name := func() string { return s.Fields[r.IntN(len(s.Fields))].Name }
	for range 1 + r.IntN(5) {
		f := r.IntN(len(s.Fields))
		middle := []float64{s.Fields[f].Max}
		weights := make([]int64, s.Contributors)
		for i := range weights {
			weights[i] = r.Int64N(2001) - 1000
		}
		all := []Function{
			Vector(name()), Count(), Sum(name()), Mean(name()), Variance(name()), Covariance(name(), name()),
			Histogram(s.Fields[f].Name, middle...), GroupBy(s.Fields[f].Name, middle, name()),
			WeightedSum(name(), weights), Regression(name(), name()),
			Quantiles(s.Fields[f].Name, middle, []float64{0, r.Float64(), 1}),
		}
		if s.Rows < 100 {
			each := make([]int64, s.Rows)
			for i := range each {
				each[i] = r.Int64N(2001) - 1000
			}
			all = append(all, InnerProduct(name(), each))
		}
		next := all[r.IntN(len(all))]
		if !slices.ContainsFunc(s.Functions, func(f Function) bool { return f.vector && f.describe() == next.describe() }) {
			s.Functions = append(s.Functions, next)
		}
	}
	return s
}

// A table is the rows of all contributors.
type table [][][]float64

func randomTable(r *rand.Rand, s *Spec, pick func(f *Field) float64) table {
	t := make(table, s.Contributors)
	for i := range t {
		n := s.Rows
		if !slices.ContainsFunc(s.Functions, func(f Function) bool { return f.vector }) {
			n = r.IntN(s.Rows + 1)
		}
		for range n {
			row := make([]float64, len(s.Fields))
			for k := range row {
				row[k] = pick(&s.Fields[k])
			}
			t[i] = append(t[i], row)
		}
	}
	return t
}

func (t table) rows(i int) iter.Seq2[[]float64, error] { return rowsOf(t[i]...) }

// check compares a result with sums, means and covariances of fractions.
func (t table) check(tb testing.TB, p *Plan, r *Result) {
	s := &p.spec
	column := func(name string) int { return slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name }) }
	exact := func(row []float64, f int) *big.Rat {
		u, err := toUnits(row[f], s.Fields[f].scale())
		require.NoError(tb, err)
		return big.NewRat(u, int64(s.Fields[f].scale()))
	}
	// moment is the sum of products of fields over all rows.
	moment := func(names ...string) *big.Rat {
		sum := new(big.Rat)
		for _, rows := range t {
			for _, row := range rows {
				x := big.NewRat(1, 1)
				for _, n := range names {
					x.Mul(x, exact(row, column(n)))
				}
				sum.Add(sum, x)
			}
		}
		return sum
	}
	n := moment()
	mean := func(names ...string) *big.Rat { return new(big.Rat).Quo(moment(names...), n) }
	k := 0
	for _, f := range s.Functions {
		if f.vector {
			c := column(f.fields[0])
			for row := range s.Rows {
				want := int64(0)
				for i := range t {
					u, _ := toUnits(t[i][row][c], s.Fields[c].scale())
					want += u
				}
				if want != r.Vectors[f.fields[0]][row] {
					require.Equal(tb, want, r.Vectors[f.fields[0]][row], "%v, row %d", f, row)
				}
			}
			continue
		}
		got := r.Answers[k].Numbers
		k++
		var want *big.Rat
		empty := n.Sign() == 0
		switch f.name {
		case "count":
			want = n
		case "sum":
			want = moment(f.fields[0])
		case "mean":
			if !empty {
				want = mean(f.fields[0])
			}
		case "variance", "covariance":
			if !empty {
				a, b := f.fields[0], f.fields[len(f.fields)-1]
				want = mean(a, b)
				want.Sub(want, new(big.Rat).Mul(mean(a), mean(b)))
			}
		case "weighted-sum":
			want = new(big.Rat)
			for i, rows := range t {
				for _, row := range rows {
					want.Add(want, new(big.Rat).Mul(big.NewRat(f.weights[i], 1), exact(row, column(f.fields[0]))))
				}
			}
		case "inner-product":
			want = new(big.Rat)
			for _, rows := range t {
				for k, row := range rows {
					want.Add(want, new(big.Rat).Mul(big.NewRat(f.weights[k], 1), exact(row, column(f.fields[0]))))
				}
			}
		case "histogram", "group-by", "quantiles":
			t.checkBuckets(tb, s, &f, got, exact)
			continue
		case "regression":
			if got[0] == nil {
				continue
			}
			// The line goes through the means.
			want = mean(f.fields[0])
			want.Sub(want, new(big.Rat).Mul(got[1], mean(f.fields[1])))
		default:
			continue
		}
		if want == nil {
			require.Nil(tb, got[0])
			continue
		}
		require.NotNil(tb, got[0], "%v", f)
		require.Zero(tb, want.Cmp(got[0]), "%v", f)
	}
}

// checkBuckets checks functions with one edge, or one key, in numbers[0], or [1] for
// quantiles.
func (t table) checkBuckets(tb testing.TB, s *Spec, f *Function, got []*big.Rat, exact func(row []float64, f int) *big.Rat) {
	column := func(name string) int { return slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name }) }
	c, last := column(f.fields[0]), column(f.fields[len(f.fields)-1])
	edge := f.numbers[0]
	if f.name == "quantiles" {
		edge = f.numbers[1]
	}
	at := exact(slices.Repeat([]float64{edge}, c+1), c)
	below, equal, sum := int64(0), int64(0), new(big.Rat)
	n := int64(0)
	for _, rows := range t {
		for _, row := range rows {
			n++
			switch exact(row, c).Cmp(at) {
			case -1:
				below++
			case 0:
				equal++
				sum.Add(sum, exact(row, last))
			}
		}
	}
	switch f.name {
	case "histogram":
		require.Zero(tb, got[0].Cmp(big.NewRat(below, 1)))
		require.Zero(tb, got[1].Cmp(big.NewRat(n-below, 1)))
	case "group-by":
		require.Zero(tb, got[0].Cmp(big.NewRat(equal, 1)))
		require.Zero(tb, got[1].Cmp(sum))
	case "quantiles":
		for i, p := range f.numbers[2:] {
			if n == 0 {
				require.Nil(tb, got[2*i])
				continue
			}
			// The value at this position is below the edge if so many are.
			rank := new(big.Rat).SetFloat64(p)
			rank.Mul(rank, big.NewRat(n, 1))
			if rank.Cmp(big.NewRat(1, 1)) < 0 {
				rank.SetInt64(1)
			}
			if rank.Cmp(big.NewRat(below, 1)) <= 0 {
				require.Zero(tb, got[2*i+1].Cmp(at), "upper bound of %v", p)
			} else {
				require.Zero(tb, got[2*i].Cmp(at), "lower bound of %v", p)
			}
		}
	}
}

// sum runs a plan without encryption.
func (t table) sum(tb testing.TB, p *Plan) *Result {
	coefs := make([]uint64, p.layout.coefs)
	for i := range t {
		at := 0
		require.NoError(tb, p.encode(i, t.rows(i), func(chunk []uint64) error {
			for _, v := range chunk {
				require.Less(tb, v, uint64(1)<<p.layout.w)
				coefs[at] += v
				require.Less(tb, coefs[at], uint64(1)<<p.layout.w, "a sum has left its place")
				at++
			}
			return nil
		}))
		require.EqualValues(tb, p.layout.coefs, at)
	}
	result, err := p.decode(len(t), func() ([]uint64, error) {
		n := min(len(coefs), p.params.N())
		chunk := coefs[:n]
		coefs = coefs[n:]
		return chunk, nil
	})
	require.NoError(tb, err)
	return result
}

// Random plans give exact results, for random rows and at their extremes.
func TestRandomPlans(t *testing.T) {
	n, encrypted := 60, 4
	switch {
	case *long:
		n, encrypted = 10_000, 100
	case testing.Short():
		n, encrypted = 10, 1
	}
	if *plansCount > 0 {
		n, encrypted = *plansCount, *plansCount/100
	}
	seed := *plansSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	number := *plansFirst
	defer func() {
		if t.Failed() {
			t.Logf("repeat it with -plans-seed %d -plans-first %d -plans 1", seed, number)
		}
	}()
	for ; number < *plansFirst+n; number++ {
		r := rand.New(rand.NewPCG(seed, uint64(number)))
		spec := randomSpec(r)
		p, err := NewPlan(spec)
		require.NoError(t, err, "%+v", spec)
		between := func(f *Field) float64 {
			lo, hi := math.Round(f.Min*f.scale()), math.Round(f.Max*f.scale())
			return (lo + math.Round(r.Float64()*(hi-lo))) / f.scale()
		}
		picks := []func(f *Field) float64{
			between,
			func(f *Field) float64 { return f.Min },
			func(f *Field) float64 { return f.Max },
			func(f *Field) float64 { return []float64{f.Min, f.Max}[r.IntN(2)] },
		}
		for _, pick := range picks {
			table := randomTable(r, spec, pick)
			table.check(t, p, table.sum(t, p))
		}
		if number < *plansFirst+encrypted {
			table := randomTable(r, spec, between)
			parties := newParties(t, spec)
			table.check(t, p, parties.run(table.rows, upTo(spec.Contributors), upTo(spec.Threshold)))
		}
	}
}

func TestPlanIsTheSame(t *testing.T) {
	a, err := NewPlan(survey())
	require.NoError(t, err)
	b, err := NewPlan(survey())
	require.NoError(t, err)
	require.Equal(t, a.Digest(), b.Digest())
	changes := []func(s *Spec){
		func(s *Spec) { s.Contributors++; s.Functions = s.Functions[:3] },
		func(s *Spec) { s.MinInputs++ },
		func(s *Spec) { s.Threshold-- },
		func(s *Spec) { s.Rows++; s.Functions = s.Functions[:3] },
		func(s *Spec) { s.Fields[0].Max++ },
		func(s *Spec) { s.Fields[0].Name = "years"; s.Functions = s.Functions[1:3] },
		func(s *Spec) { s.Functions = s.Functions[:3] },
		func(s *Spec) { s.Functions[0], s.Functions[1] = s.Functions[1], s.Functions[0] },
		func(s *Spec) { s.RoundAnswers = true },
		func(s *Spec) { s.Context = []byte("contract") },
		func(s *Spec) { s.Expert = &Expert{Statistical: 41} },
		func(s *Spec) { s.Expert = &Expert{LogN: 13} },
		func(s *Spec) { s.Expert = &Expert{LogQ: 100} },
		func(s *Spec) { s.Expert = &Expert{Bits: 20} },
		func(s *Spec) { s.Expert = &Expert{Failure: 128} },
	}
	seen := map[[32]byte]bool{a.Digest(): true}
	for i, change := range changes {
		s := survey()
		change(s)
		p, err := NewPlan(s)
		require.NoError(t, err, "change %d", i)
		require.False(t, seen[p.Digest()], "change %d", i)
		seen[p.Digest()] = true
	}
	require.Contains(t, a.String(), "128-bit security")
}

// An Expert that fixes what the plan chose changes nothing, and what it fixes is
// what the plan then has.
func TestExpert(t *testing.T) {
	p, err := NewPlan(survey())
	require.NoError(t, err)
	e := p.Expert()
	require.Equal(t, 40, e.Statistical)
	require.Equal(t, 64, e.Failure)
	s := survey()
	s.Expert = &e
	same, err := NewPlan(s)
	require.NoError(t, err)
	require.Equal(t, p.Digest(), same.Digest())
	require.Equal(t, p.String(), same.String())

	for _, e := range []Expert{{12, 0, 30, 8, 40}, {12, 105, 60, 12, 100}, {13, 120, 40, 30, 128}} {
		s := survey()
		s.Expert = &e
		p, err := NewPlan(s)
		require.NoError(t, err, "%+v", e)
		got := p.Expert()
		if e.LogQ == 0 {
			require.LessOrEqual(t, got.LogQ, 106)
			got.LogQ = 0
		}
		require.Equal(t, e, got)
		q := newParties(t, s)
		require.Equal(t, "6", q.run(surveyRows, upTo(4), upTo(3)).Answers[0].Numbers[0].RatString())
	}
}

func TestRefusedSpecs(t *testing.T) {
	for i, c := range []struct {
		change func(s *Spec)
		text   string
	}{
		{func(s *Spec) { s.Mode = 0 }, "no mode"},
		{func(s *Spec) { s.Mode = 9 }, "Mode(9)"},
		{func(s *Spec) { s.Contributors = 2 }, "contributors"},
		{func(s *Spec) { s.MinInputs = 2 }, "MinInputs"},
		{func(s *Spec) { s.MinInputs = 5 }, "MinInputs"},
		{func(s *Spec) { s.Holders = 1 }, "key holders"},
		{func(s *Spec) { s.Threshold = 1 }, "threshold"},
		{func(s *Spec) { s.Threshold = 4 }, "threshold"},
		{func(s *Spec) { s.Mode = ReceiverKey }, "collective"},
		{func(s *Spec) { s.Mode, s.Holders, s.Threshold = OneShot, 4, 2 }, "half"},
		{func(s *Spec) { s.Mode, s.Expert = OneShot, &Expert{Statistical: 40} }, "flooding"},
		{func(s *Spec) { s.Rows = 0 }, "rows"},
		{func(s *Spec) { s.Rows = maxRows + 1 }, "rows"},
		{func(s *Spec) { s.Functions = nil }, "no function"},
		{func(s *Spec) { s.Functions = []Function{{}} }, "empty"},
		{func(s *Spec) { s.Functions = []Function{Sum("height")} }, `"height"`},
		{func(s *Spec) { s.Functions = []Function{Vector("height")} }, `"height"`},
		{func(s *Spec) { s.Functions = []Function{Vector("age"), Vector("age")} }, "twice"},
		{func(s *Spec) { s.Functions = []Function{Histogram("age")} }, "no edge"},
		{func(s *Spec) { s.Functions = []Function{Histogram("age", 40, 20)} }, "edge 20"},
		{func(s *Spec) { s.Functions = []Function{Histogram("age", 20.5)} }, "decimals"},
		{func(s *Spec) { s.Functions = []Function{Quantiles("age", []float64{20}, []float64{2})} }, "probability"},
		{func(s *Spec) { s.Functions = []Function{GroupBy("age", []float64{1, 1}, "wage")} }, "twice"},
		{func(s *Spec) { s.Functions = []Function{WeightedSum("age", []int64{1})} }, "weights"},
		{func(s *Spec) { s.Functions = []Function{InnerProduct("age", []int64{1})} }, "weights"},
		{func(s *Spec) { s.Functions = []Function{Regression("age")} }, "regression"},
		{func(s *Spec) { s.Fields[0].Name = "" }, "no name"},
		{func(s *Spec) { s.Fields[0].Name = "wage" }, "two fields"},
		{func(s *Spec) { s.Fields[0].Max = 0 }, "not above"},
		{func(s *Spec) { s.Fields[0].Max = .5 }, "decimals"},
		{func(s *Spec) { s.Fields[0].Max = 1e15 }, "2^48"},
		{func(s *Spec) { s.Fields[0].Max = math.NaN() }, "2^48"},
		{func(s *Spec) { s.Fields[0].Max = math.Inf(1) }, "2^48"},
		{func(s *Spec) { s.Fields[0].Decimals = 10 }, "decimals"},
		{func(s *Spec) { s.Noise = &Noise{} }, "Epsilon"},
		{func(s *Spec) { s.Noise = &Noise{Epsilon: 1} }, "Delta"},
		{func(s *Spec) { s.Noise = &Noise{Epsilon: 1, Delta: 1e-9} }, "Honest"},
		{func(s *Spec) { s.Noise = &Noise{Epsilon: math.NaN(), Delta: 1e-9, Honest: 1} }, "Epsilon"},
		{func(s *Spec) { s.Noise = &Noise{Epsilon: 1, Delta: 1e-9, Honest: 4} }, "Honest"},
		{func(s *Spec) { s.Noise = &Noise{Epsilon: .1, Delta: 1e-9, Honest: 3} }, "coins"},
		{func(s *Spec) { s.Round = 2 }, "RoundAnswers"},
		{func(s *Spec) { s.RoundAnswers, s.Round = true, -1 }, "decimals"},
		{func(s *Spec) { s.Context = make([]byte, 1<<20) }, "context"},
		{func(s *Spec) { s.Expert = &Expert{Statistical: 20} }, "flooding"},
		{func(s *Spec) { s.Expert = &Expert{Statistical: 81} }, "2^-80"},
		{func(s *Spec) { s.Expert = &Expert{LogN: 10} }, "logN"},
		{func(s *Spec) { s.Expert = &Expert{Bits: 63} }, "63 bits"},
		{func(s *Spec) { s.Expert = &Expert{LogQ: 121} }, "121 bits"},
		{func(s *Spec) { s.Expert = &Expert{LogN: 12, LogQ: 107} }, "no modulus"},
		{func(s *Spec) { s.Expert = &Expert{Failure: 39} }, "Failure"},
	} {
		s := survey()
		c.change(s)
		_, err := NewPlan(s)
		require.ErrorContains(t, err, c.text, "case %d", i)
	}
}

func TestRefusedRows(t *testing.T) {
	p, err := NewPlan(survey())
	require.NoError(t, err)
	broken := func(yield func([]float64, error) bool) { yield(nil, fmt.Errorf("line 7: no number")) }
	for i, c := range []struct {
		rows iter.Seq2[[]float64, error]
		text string
	}{
		{rowsOf([]float64{1}), "1 numbers"},
		{rowsOf([]float64{1, 2, 3}), "3 numbers"},
		{rowsOf([]float64{1, 1}, []float64{-1, 0}), `"age" in row 1`},
		{rowsOf([]float64{121, 0}), `"age" in row 0`},
		{rowsOf([]float64{1, 1.001}), `"wage" in row 0`},
		{rowsOf([]float64{1, 1e18}), `"wage" in row 0`},
		{rowsOf([]float64{math.NaN(), 0}), `"age" in row 0`},
		{rowsOf([]float64{math.Inf(-1), 0}), `"age" in row 0`},
		{rowsOf(slices.Repeat([][]float64{{1, 1}}, 11)...), "more than 10 rows"},
	} {
		err := p.encode(0, c.rows, func([]uint64) error { return nil })
		require.ErrorIs(t, err, ErrRange, "case %d", i)
		require.ErrorContains(t, err, c.text, "case %d", i)
	}
	require.ErrorContains(t, p.encode(0, broken, nil), "line 7")

	spec := counts()
	p, err = NewPlan(spec)
	require.NoError(t, err)
	err = p.encode(0, rowsOf([]float64{1}), func([]uint64) error { return nil })
	require.ErrorIs(t, err, ErrRange)
	require.ErrorContains(t, err, "vectors of 2")
}

func TestWide(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, -1, maxUnits, -maxUnits, math.MaxInt64, math.MinInt64}
	var a wide
	want := new(big.Int)
	for i := range 2000 {
		x, y := edges[r.IntN(len(edges))], r.Int64()-r.Int64()
		x >>= 1 + r.IntN(20)
		y >>= 1 + r.IntN(20)
		if i%2 == 0 {
			a.add(x)
			want.Add(want, big.NewInt(x))
		} else {
			a.addProduct(x>>8, y>>8)
			want.Add(want, new(big.Int).Mul(big.NewInt(x>>8), big.NewInt(y>>8)))
		}
		require.Zero(t, want.Cmp(a.big()))
		require.Equal(t, a, toWide(want))
		if from, n := uint(r.IntN(128)), uint(r.IntN(64)); !a.negative() {
			b := new(big.Int).Rsh(want, from)
			b.And(b, new(big.Int).SetUint64(1<<n-1))
			require.Equal(t, b.Uint64(), a.digit(from, n), "%d bits from %d on", n, from)
		}
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct{ x, want string }{
		{"1.005", "1.01"}, {"-1.005", "-1.01"}, {"1.0049", "1"}, {"2/3", "0.67"}, {"-2/3", "-0.67"}, {"0", "0"}, {"5", "5"},
	} {
		x, _ := new(big.Rat).SetString(c.x)
		want, _ := new(big.Rat).SetString(c.want)
		round(x, 2)
		require.Zero(t, x.Cmp(want), "%s: %v", c.x, x)
	}
	round(nil, 2)
}

// What a number costs, and that the capacity is no more than what numbers add up
// to: a power of two would take a bit more of mask and body.
func TestContributionSize(t *testing.T) {
	for _, c := range []struct {
		rows, bits int
		most       float64 // bytes a number
	}{{1_000_000, 16, 10}, {1 << 20, 16, 9.9}, {1_000_000, 36, 20.5}, {1 << 20, 36, 20.4}} {
		p, err := NewPlan(&Spec{
			Mode: Collective, Contributors: 8, MinInputs: 8, Holders: 8, Threshold: 8, Rows: c.rows,
			Fields: []Field{{"x", 0, float64(uint64(1)<<c.bits - 1), 0}}, Functions: []Function{Vector("x")},
		})
		require.NoError(t, err)
		require.LessOrEqual(t, float64(p.Sizes().Contribution)/float64(c.rows), c.most, "%+v", c)
	}
}

// Enough of the last chunk shows that it does not open: many coefficients, or
// checks.
func TestLastChunk(t *testing.T) {
	one := []*big.Int{big.NewInt(1000)}
	for _, w := range []uint{10, 13, 26, 62} {
		for rows := 1; rows < 5000; rows++ {
			l, ok := newLayout(one, nil, rows, 8, w)
			require.True(t, ok)
			l = l.withChecks(2048)
			last := (l.coefs-1)%2048 + 1
			require.True(t, last >= surely || uint(l.checks)*w >= 64, "%d coefficients of %d bits", l.coefs, w)
			lowest := l.capacity() - 1
			require.Less(t, lowest, uint64(1)<<w)
			if w == 10 { // a digit of seven bits, and one of three
				require.EqualValues(t, 8*127, lowest)
			} else {
				require.EqualValues(t, 8*1000, lowest&(1<<13-1))
			}
		}
	}
}
