package main

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/psi"
)

// psiPair returns both parties of a job that has run.
func psiPair(t *testing.T, j *psiJob) (receiver, sender *psiParty) {
	t.Helper()
	var parties [2]*psiParty
	for side := range parties {
		p, err := j.party(side)
		require.NoError(t, err)
		require.NoError(t, p.prepare())
		parties[side] = p.(*psiParty)
	}
	ends := mesh(2)
	done := make(chan error)
	go func() { done <- parties[1].run(context.Background(), []io.ReadWriter{ends[1][0], nil}) }()
	require.NoError(t, parties[0].run(t.Context(), []io.ReadWriter{nil, ends[0][1]}))
	require.NoError(t, <-done)
	return parties[0], parties[1]
}

// Whatever is wrong with a result fails the run: a row lost, one more, another one, a
// protocol or a size that was not asked for, and rows where nobody should have any.
func TestWrongIntersections(t *testing.T) {
	receiver, sender := psiPair(t, &psiJob{Protocol: psi.DH, Adversary: psi.SemiHonest, N: 8, M: 4})
	right := *receiver.result
	c, err := receiver.finish()
	require.NoError(t, err)
	s, err := sender.finish()
	require.NoError(t, err)
	require.Equal(t, c.Sent, s.Received)
	require.Equal(t, s.Sent, c.Received)
	require.NotEmpty(t, c.Phases)

	for name, spoil := range map[string]func(r *psi.Result){
		"lost":     func(r *psi.Result) { r.Rows = r.Rows[1:] },
		"none":     func(r *psi.Result) { r.Rows = nil },
		"more":     func(r *psi.Result) { r.Rows = append(r.Rows, 7) },
		"beyond":   func(r *psi.Result) { r.Rows = append(r.Rows, 8) },
		"twice":    func(r *psi.Result) { r.Rows = append(r.Rows, r.Rows[len(r.Rows)-1]) },
		"another":  func(r *psi.Result) { r.Rows[0]++ },
		"order":    func(r *psi.Result) { slices.Reverse(r.Rows) },
		"items":    func(r *psi.Result) { r.Items++ },
		"peer":     func(r *psi.Result) { r.PeerItems-- },
		"protocol": func(r *psi.Result) { r.Stats.Protocol = psi.VOLE },
	} {
		r := right
		r.Rows = slices.Clone(right.Rows)
		spoil(&r)
		receiver.result = &r
		_, err := receiver.finish()
		require.Error(t, err, name)
	}
	sender.result.Rows = []int{1}
	_, err = sender.finish()
	require.ErrorIs(t, err, errWrong)
}

func TestPSIList(t *testing.T) {
	jobs := psiJobs([]size{{8, 4}, {2, 2}}, []string{networkMem, networkTLS})
	require.Len(t, jobs, 2*3*2)
	require.True(t, slices.IsSortedFunc(jobs, func(a, b *job) int { return a.Work - b.Work }))
	last := jobs[len(jobs)-1]
	require.Equal(t, "PSI/dh/semi-honest/n=2^3/m=2^2/tls", last.Name)
	require.Equal(t, []any{12, 8, false}, []any{last.Work, last.Items, last.Equal})
	for _, j := range []*psiJob{{N: 0, M: 1}, {N: 1, M: 0}} {
		_, err := j.party(0)
		require.Error(t, err, "each party needs an item")
	}
}
