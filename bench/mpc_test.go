package main

import (
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// All backends and operations, in this process, and a product in as many as there are sides.
func TestMPCJobs(t *testing.T) {
	results := measureAll(t, mustParse(t, "-sizes", "4,5x6", "-count", "1", "-run", "^MPC/.*/mul/.*/tls"))
	for _, j := range mpcJobs([]size{{16, 16}, {32, 64}}, []string{networkMem}) {
		p, err := (&order{Job: j}).inMemory()
		require.NoError(t, err, j.Name)
		r := &result{job: *j, Runs: []*measurement{{[]*process{p}}}}
		r.summarize()
		results = append(results, r)
	}
	perBackend := map[string]int{}
	for _, r := range results {
		sides := r.sides()
		require.Len(t, r.Runs[0].Processes, map[string]int{networkMem: 1, networkTLS: len(sides)}[r.Network], r.Name)
		var sent, received int64
		for _, p := range r.Runs[0].Processes {
			for _, party := range p.Parties {
				sent, received = sent+party.Sent, received+party.Received
			}
		}
		require.Equal(t, sent, received, r.Name)
		require.Positive(t, r.figure(figureDelays).Median)
		words := strings.Split(r.Name, "/")
		perBackend[words[1]]++
		for _, phase := range []string{"join", "input", words[2], "open"} {
			require.Positive(t, r.figure(figurePhase+"/party 0/"+phase).Median, "%s: %s", r.Name, phase)
		}
		rate := r.figure(figureOwn + "/party 0/rate alone").Median
		require.Positive(t, rate, r.Name)
		// The operation is within its phase.
		require.LessOrEqual(t, float64(r.Items)/(1e6*rate), r.figure(figurePhase+"/party 0/"+words[2]).Median*(1+1e-9), r.Name)
		if words[1] == "three-parties" && words[2] == "mul" { // a message of words, behind inputs
			require.Equal(t, 1.0, r.figure(figureOwn+"/party 0/rounds").Median, r.Name)
			require.Equal(t, 8+5/float64(r.Items), r.figure(figureOwn+"/party 0/party 0 sends").Median, r.Name)
			require.Equal(t, 4.0, r.figure(figureDelays).Median, r.Name)
		}
		if words[1] == "two-dealer" {
			require.Positive(t, r.figure(figurePhase+"/dealer/deal").Median)
			require.Positive(t, r.figure(figureSent+"/dealer").Median)
		}
	}
	for _, b := range backends {
		want := len(b.operations)
		if b.operations == nil {
			want = len(operations)
		}
		require.Equal(t, want+1, perBackend[b.name], b.name)
	}
}

// The check of a result is that of its operation, whoever computes.
func TestWrongComputationFails(t *testing.T) {
	o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "/two-dealer/less/")
	o.fault = true
	require.ErrorContains(t, run(t.Context(), o, io.Discard), errComputed.Error())
	for _, op := range operations {
		j := &mpcJob{Backend: "three-parties", Operation: op.name, Bits: op.bits, N: 16}
		made, err := j.party(0)
		require.NoError(t, err)
		p := made.(*mpcParty)
		require.NoError(t, p.prepare())
		_, err = p.finish()
		require.ErrorIs(t, err, errComputed, "no result")
		right := op.want(p.values, j.numbers(1))
		for above, wrong := range map[int64]bool{-op.below - 1: true, -op.below: false, 0: false, op.above: false, op.above + 1: true} {
			p.result = slices.Clone(right)
			p.result[len(right)-1] += above
			_, err = p.finish()
			require.Equal(t, wrong, err != nil, "%s: %d more", op.name, above)
		}
		p.result = append(slices.Clone(right), 0)
		_, err = p.finish()
		require.ErrorIs(t, err, errComputed, "a result more")
		p.self = 1
		_, err = p.finish()
		require.ErrorIs(t, err, errComputed, "a result that is not for it")
	}
	for _, j := range []*mpcJob{{Backend: "three-parties", Operation: "none"}, {Backend: "none", Operation: "mul"}} {
		_, err := j.party(0)
		require.Error(t, err)
		require.Empty(t, j.sides())
	}
}

// The known answers are what integers say, for numbers that fill their range.
func TestKnownComputations(t *testing.T) {
	for _, op := range operations {
		j := &mpcJob{Operation: op.name, Bits: op.bits, N: 1000}
		xs, ys := j.numbers(0), j.numbers(1)
		var low, high, equal bool
		for i, x := range xs {
			require.LessOrEqual(t, x, int64(1)<<op.bits-1)
			require.GreaterOrEqual(t, x, -int64(1)<<op.bits)
			low, high, equal = low || x < 0, high || x >= int64(1)<<(op.bits-1), equal || x == ys[i]
		}
		require.True(t, low && high && equal, op.name)
	}
	x, y := []int64{1, 2, 3, 4}, []int64{5, 2, -7, 1 << 16}
	for name, want := range map[string][]int64{
		"mul": {5, 4, -21, 1 << 18}, "mulfixed": {0, 0, -1, 4}, "dot": {5 + 4 - 21 + 1<<18}, "min": {1, 2, -7, 4},
		"less": {1, 0, 0, 1}, "equal": {0, 1, 0, 0}, "matmul": {5 - 14, 2 + 2<<16, 15 - 28, 6 + 4<<16},
	} {
		_, op, err := (&mpcJob{Backend: "three-parties", Operation: name}).parts()
		require.NoError(t, err)
		require.Equal(t, want, op.want(x, y), name)
	}
	const low = -1 << 31
	x, y = []int64{7, low, 5, 7, -1, 5}, []int64{5, 7, 9, 3, 5, 5}
	for name, want := range map[string][]int64{
		"sort":    {low, -1, 5, 5, 7, 7},
		"shuffle": {7, low, 5, 7, -1, 5},
		"compact": {low, 5, -1, 7, 7, 5},
		"topk":    {7, 7, 5, 5, -1, low},
		// keys, used, counts and sums
		"group": {low, -1, 5, 7, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 2, 2, 0, 0, 7, 5, 14, 8, 0, 0},
		// keys, used, columns of x and of y: 5, 7, 5 and 5 of y are in x
		"join":   {5, 5, 5, 7, 0, 0, 1, 1, 1, 1, 0, 0, 10, 10, 10, 14, 0, 0, 15, 15, 15, 21, 0, 0},
		"bitand": {7&5 + 1<<31, 0, 5&9 + 1<<31, 7&3 + 1<<31, 5, 5 + 1<<31}, // (2^31 - 1) & (2^31 + 5)
	} {
		_, op, err := (&mpcJob{Backend: "three-parties", Operation: name}).parts()
		require.NoError(t, err)
		require.Equal(t, want, op.want(x, y), name)
	}
	x, y = []int64{-1 << 28, 0, 1<<28 - 1}, []int64{-1 << 28, 0, 1 << 28}
	for name, want := range map[string][]int64{
		"div":  {-1 << 20, 0, 349525},  // -1, 0, and almost a third
		"sqrt": {0, 1 << 26, 94906265}, // 2^14, and almost 2^14.5
		"log":  {0, 20350890, 21077707},
		"exp":  {8869, 1 << 16, 484249}, // of -2, 0, and almost 2
	} {
		_, op, err := (&mpcJob{Backend: "three-parties", Operation: name}).parts()
		require.NoError(t, err)
		for i, got := range op.want(x, y) {
			require.InDelta(t, want[i], got, 2, "%s of %d and %d", name, x[i], y[i])
		}
	}
	require.Equal(t, []int{1, 0, 2, 0, 4}, []int{root(1), root(2), root(4), root(9), root(16)})
}

// The coefficients that are wanted of a regression are the best: any other ones are worse.
func TestKnownRegression(t *testing.T) {
	j := &mpcJob{Operation: "logistic", Bits: logitBits, N: 200}
	x, y := j.numbers(0), j.numbers(1)
	cost := func(b []float64) float64 {
		ridge := logitRidge * float64(len(x)) / 2
		sum := ridge * (b[0]*b[0] + b[1]*b[1] + b[2]*b[2])
		for i := range x {
			z := b[0] + b[1]*float64(x[i])/(1<<logitBits) + b[2]*float64(y[i])/(1<<logitBits)
			sum += math.Log1p(math.Exp(z)) - z*float64(number(x[i] < y[i]))
		}
		return sum
	}
	var best []float64
	for _, c := range wantLogit(x, y) {
		best = append(best, float64(c)/logitUnit)
	}
	require.Less(t, best[1], -0.9)
	require.Greater(t, best[2], 0.9)
	for i := range best {
		for _, step := range []float64{-0.001, 0.001} {
			other := slices.Clone(best)
			other[i] += step
			require.Greater(t, cost(other), cost(best))
		}
	}
}

// Numbers are as large as the backend bears.
func TestNarrow(t *testing.T) {
	for _, j := range mpcJobs([]size{{4, 4}}, []string{networkMem}) {
		b, op, err := j.MPC.parts()
		require.NoError(t, err)
		require.Equal(t, b.narrow(op.bits), j.MPC.Bits)
		if b.bits == 0 {
			require.Equal(t, op.bits, j.MPC.Bits)
		} else {
			require.LessOrEqual(t, j.MPC.Bits, b.bits)
		}
	}
}

// Operations that backends name are there.
func TestBackends(t *testing.T) {
	for _, b := range backends {
		require.LessOrEqual(t, b.parties, len(b.sides))
		for _, name := range b.operations {
			_, _, err := (&mpcJob{Backend: b.name, Operation: name}).parts()
			require.NoError(t, err)
		}
	}
}
