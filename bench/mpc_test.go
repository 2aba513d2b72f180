package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// All operations, in one process and in three.
func TestMPCJobs(t *testing.T) {
	o := mustParse(t, "-sizes", "4,5,5x6", "-count", "1", "-run", "^MPC/", "-networks", "mem,tls")
	jobs := selectJobs(allJobs(o), o.pattern)
	require.Len(t, jobs, 2*(2*len(operations)-1), "matrices are square")
	results, left, err := newRunner(o, func(string, int) {}).all(t.Context(), jobs)
	require.NoError(t, err)
	require.Empty(t, left)
	for _, r := range results {
		require.Len(t, r.Runs[0].Processes, map[string]int{networkMem: 1, networkTLS: 3}[r.Network], r.Name)
		var sent, received int64
		for _, p := range r.Runs[0].Processes {
			for _, party := range p.Parties {
				sent, received = sent+party.Sent, received+party.Received
			}
		}
		require.Equal(t, sent, received, r.Name)
		require.Positive(t, r.figure(figureDelays).Median)
		name := strings.Split(r.Name, "/")[2]
		for _, phase := range []string{"join", "input", name, "open"} {
			require.Positive(t, r.figure(figurePhase+"/party 0/"+phase).Median, "%s: %s", r.Name, phase)
		}
		require.Positive(t, r.figure(figureOwn+"/party 0/"+name+" alone").Median, r.Name)
	}
}

func TestWrongComputationFails(t *testing.T) {
	for _, op := range operations {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "/"+op.name+"/")
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), errComputed.Error(), op.name)
	}
	op, err := (&mpcJob{Operation: "mul"}).operation()
	require.NoError(t, err)
	p := &mpcParty{mpcJob: &mpcJob{Operation: "mul", N: 2}, op: op}
	_, err = p.finish()
	require.ErrorIs(t, err, errComputed, "no result")
	p.self, p.result = 2, []int64{}
	_, err = p.finish()
	require.ErrorIs(t, err, errComputed, "a result that is not for it")
	_, err = (&mpcJob{Operation: "sqrt"}).party(0)
	require.Error(t, err)
}

// The known answers are what integers say, for numbers that fill their range.
func TestKnownComputations(t *testing.T) {
	for _, op := range operations {
		j := &mpcJob{Operation: op.name, Bits: op.bits, N: 16}
		var low, high, equal bool
		for i := range 1000 {
			x, y := j.number(0, i), j.number(1, i)
			require.LessOrEqual(t, x, int64(1)<<op.bits-1)
			require.GreaterOrEqual(t, x, -int64(1)<<op.bits)
			low, high, equal = low || x < 0, high || x >= int64(1)<<(op.bits-1), equal || x == y
		}
		require.True(t, low && high && equal, op.name)
	}
	require.Equal(t, []int{1, 0, 2, 0, 4}, []int{root(1), root(2), root(4), root(9), root(16)})
}
