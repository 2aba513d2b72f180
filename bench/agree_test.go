package main

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/agreement"
)

// prepared returns one party of a job, ready to run.
func prepared(t *testing.T, j *gateJob, side int) *gateParty {
	t.Setenv("TMPDIR", t.TempDir())
	made, err := j.party(side)
	require.NoError(t, err)
	p := made.(*gateParty)
	require.NoError(t, p.prepare())
	t.Cleanup(func() { p.counts.Close(); p.log.Close() })
	return p
}

// All processes sign the same, so that none has to send what it signed.
func TestAgreementIsTheSame(t *testing.T) {
	for _, link := range []bool{true, false} {
		j := &gateJob{Link: link, N: 1}
		contract, start, err := j.agree()
		require.NoError(t, err)
		again, startAgain, err := j.agree()
		require.NoError(t, err)
		require.Equal(t, contract, again)
		require.Equal(t, start, startAgain)
		require.Len(t, contract.Terms.Parties, len(j.sides()))
	}
	require.NotEqual(t, (&gateJob{}).key(0), (&gateJob{}).key(1))
}

// The gate that is measured is one: it lets in what all signed, once, and nothing else.
func TestGateRefuses(t *testing.T) {
	j := &gateJob{N: 1}
	p := prepared(t, j, 0)
	contract, start, err := j.agree()
	require.NoError(t, err)

	start.Statement.Environment = "04" // after it was signed
	_, err = agreement.Authorize(t.Context(), p.gate, contract, start)
	require.Error(t, err)
	_, start, err = j.agree()
	require.NoError(t, err)
	contract.Terms.Output.MinCount++
	_, err = agreement.Authorize(t.Context(), p.gate, contract, start)
	require.Error(t, err)

	contract, start, err = j.agree()
	require.NoError(t, err)
	other := *p.gate
	other.Signer = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	_, err = agreement.Authorize(t.Context(), &other, contract, start)
	require.Error(t, err, "a key of no party")

	permit, err := agreement.Authorize(t.Context(), p.gate, contract, start)
	require.NoError(t, err)
	require.NotEmpty(t, permit.Context())
}

// Sums are compared with the known ones, one by one.
func TestWrongSums(t *testing.T) {
	for name, spoil := range map[string]func(sums []int64) []int64{
		"":        func(s []int64) []int64 { return s },
		"none":    func(s []int64) []int64 { return nil },
		"less":    func(s []int64) []int64 { return s[1:] },
		"more":    func(s []int64) []int64 { return append(s, 0) },
		"another": func(s []int64) []int64 { s[2]--; return s },
	} {
		j := &gateJob{N: 4}
		p := prepared(t, j, 0)
		var sums []int64
		for i := range j.N {
			sums = append(sums, j.number(0, i)+j.number(1, i)+j.number(2, i))
		}
		p.sums = spoil(sums)
		_, err := p.finish()
		require.Equal(t, name != "", err != nil, name)
	}
}
