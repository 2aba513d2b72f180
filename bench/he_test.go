package main

import (
	"bytes"
	"io"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// All aggregations, in one process each, with their phases and their own figures.
func TestHEJobs(t *testing.T) {
	o := mustParse(t, "-sizes", "6,5x6", "-count", "1", "-run", "^HE/", "-parties", "3", "-peers", "lattigo,prio3")
	results := measureAll(t, o)
	require.Len(t, results, 6)
	for _, r := range results {
		require.Len(t, r.Runs[0].Processes, 1)
		parties := r.Runs[0].Processes[0].Parties
		require.Len(t, parties, 1)
		require.Positive(t, r.figure(figureOwn+"/all/up").Median, r.Name)
		// At least what the contributors send.
		up := r.figure(figureOwn+"/all/up").Median * 3
		require.GreaterOrEqual(t, r.perItem(figureBytes), up*0.999, r.Name)
		for _, name := range []string{"key", "encrypt", "aggregate", "open"} {
			require.Positive(t, r.figure(figurePhase+"/all/"+name).Median, "%s: %s", r.Name, name)
		}
	}
	var out bytes.Buffer
	report := &report{Machine: &machine{}, Jobs: results, Procs: 1, Count: 1}
	report.print(&out, true)
	require.Contains(t, out.String(), "Figures of their own")
	require.Contains(t, out.String(), "B/value")
	out.Reset()
	require.NoError(t, report.benchstat(&out))
	require.Contains(t, out.String(), " up-B/value")
}

func TestWrongSumsFail(t *testing.T) {
	for _, kind := range []string{"one-shot", "lattigo", "prio3"} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-run", "^HE/"+kind, "-parties", "3", "-peers", "lattigo,prio3")
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), errSums.Error())
	}
	j := &heJob{Bits: 36, Parties: 3, N: 2}
	require.ErrorIs(t, j.check(nil), errSums)
	require.ErrorIs(t, j.check([]int64{-1, -1}), errSums)
}

// Where the sums don't fit, plain calls of lattigo are left out, and so is all
// without the network mem.
func TestHEList(t *testing.T) {
	list := func(network string, parties ...int) []*job {
		return heJobs([]size{{16, 16}}, []string{network}, parties, builtinPeers)
	}
	require.Len(t, list(networkMem, 8), 4+3)
	require.Len(t, list(networkMem, 16), 4+2)
	require.Len(t, list(networkMem, 2), 1+3, "two key holders are too few")
	require.Len(t, list(networkMem, 8, 16), 7+6)
	require.Empty(t, list(networkTLS, 8))
	for _, bad := range []string{"1", "33", "", "8,"} {
		_, err := parse([]string{"-parties", bad}, io.Discard)
		require.ErrorContains(t, err, "-parties")
	}
}

// Sums of 32 vectors of the largest numbers, and of a number of them that is no
// multiple of what a ciphertext takes. The key is a small one.
func TestPaillier(t *testing.T) {
	for _, n := range []int{1, 5, 13} {
		p := &paillierParty{heJob: &heJob{Bits: 36, Parties: 32, N: n}, bits: 256}
		require.NoError(t, p.prepare())
		require.NoError(t, p.run(t.Context(), nil))
		c, err := p.finish()
		require.NoError(t, err)
		require.Positive(t, c.Sent)
		p.Fault = true
		_, err = p.finish()
		require.ErrorIs(t, err, errSums)
	}
	p := &paillierParty{heJob: &heJob{}}
	require.NoError(t, p.prepare())
	require.Equal(t, paillierBits, p.bits)
	p.bits = 128
	require.NoError(t, p.makeKey())
	for _, m := range []int64{0, 1, 1 << 40} {
		c, err := p.encrypt(big.NewInt(m))
		require.NoError(t, err)
		require.Equal(t, m, p.decrypt(c).Int64())
	}
}

func TestPrio3(t *testing.T) {
	p := &prio3Party{heJob: &heJob{Bits: 36, Parties: 2, N: 3}}
	require.NoError(t, p.prepare())
	require.NoError(t, p.run(t.Context(), nil))
	_, err := p.finish()
	require.NoError(t, err)
	p.sums[2]++
	_, err = p.finish()
	require.ErrorIs(t, err, errSums)
}
