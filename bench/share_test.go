package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShareJobs(t *testing.T) {
	o := mustParse(t, "-sizes", "4,5x6", "-count", "1", "-run", "^Share/[A-Z]")
	results := measureAll(t, o)
	require.Len(t, results, 4*2)
	for _, r := range results {
		var parties []partyTime
		for _, p := range r.Runs[0].Processes {
			parties = append(parties, p.Parties...)
		}
		require.Equal(t, []string{"dealer", "holders"}, []string{parties[0].Side, parties[1].Side})
		require.Positive(t, parties[0].Sent, r.Name)
		require.Equal(t, parties[0].Sent, parties[1].Received, r.Name)
		var names []string
		for _, p := range parties {
			for _, ph := range p.Phases {
				names = append(names, ph.Name)
			}
		}
		require.Equal(t, []string{"split", "send", "receive", "combine"}, names)
	}
}

func TestWrongNumbersFail(t *testing.T) {
	o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "^Share/[A-Z]")
	o.fault = true
	require.ErrorContains(t, run(t.Context(), o, io.Discard), "numbers are wrong")
}

func TestShareList(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), mustParse(t, "-list", "-sizes", "20", "-run", "^Share/[A-Z].*/mem"), &out))
	require.Equal(t, "Share/Additive/3of3/n=2^20/mem\nShare/Replicated/2of3/n=2^20/mem\nShare/Shamir/2of3/n=2^20/mem\nShare/Packed/9of12/n=2^20/mem\n", out.String())
}
