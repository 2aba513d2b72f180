package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// peerVariable makes this test program a peer's program, which finds as many more
// common items as it says.
const peerVariable = "DUJIANG_BENCH_PEER"

func peerMain(in io.Reader, out io.Writer, more string) int {
	var o order
	if json.NewDecoder(in).Decode(&o) != nil || more == "crash" {
		return 1
	}
	var both []partyTime
	for _, side := range o.Job.sides() {
		both = append(both, partyTime{Side: side, Wall: 1, costs: costs{Sent: 7, Received: 7, Delays: 1}})
	}
	json.NewEncoder(out).Encode(answer{Process: &process{CPU: 1, Parties: both}, Common: o.Job.PSI.common() + len(more)})
	return 0
}

// The textbook's protocol, on both networks, and its result is checked.
func TestTextbook(t *testing.T) {
	var out bytes.Buffer
	o := mustParse(t, "-sizes", "4,3x5", "-run", "/textbook/", "-count", "1", "-peers", "textbook")
	require.NoError(t, run(t.Context(), o, &out))
	require.Contains(t, out.String(), "PSI/textbook/semi-honest/n=2^3/m=2^5/tls")

	p, err := (&psiJob{N: 4, M: 4, Textbook: true}).party(0)
	require.NoError(t, err)
	_, err = p.finish() // of no run
	require.ErrorIs(t, err, errWrong)
}

// A program is measured like any job; one that is missing, fails or is wrong is
// left out, with the reason.
func TestPrograms(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	o := mustParse(t, "-sizes", "4", "-run", "/other/", "-count", "1", "-peer", "other="+self)
	for _, test := range []struct{ more, why string }{
		{"", ""}, {"x", errWrong.Error()}, {"crash", "exit status 1"},
	} {
		t.Setenv(peerVariable, "more:"+test.more)
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), o, &out))
		require.Contains(t, out.String(), "PSI/other/semi-honest/n=2^4/mem")
		require.NotContains(t, out.String(), "/tls")
		if test.why != "" {
			require.Contains(t, out.String(), "Left out")
			require.Contains(t, out.String(), test.why)
		} else {
			require.NotContains(t, out.String(), "Left out")
		}
	}
	var out bytes.Buffer
	o = mustParse(t, "-sizes", "4", "-run", "/none/", "-count", "1", "-peer", "none=/does/not/exist -x")
	require.NoError(t, run(t.Context(), o, &out))
	require.Contains(t, out.String(), "Left out")
	// Other failures are not passed over.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, run(ctx, o, io.Discard), "interrupted")
}

func TestParsePeer(t *testing.T) {
	p, err := parsePeer("kkrt=./kkrt -x 1")
	require.NoError(t, err)
	require.Equal(t, peer{"kkrt", []string{"./kkrt", "-x", "1"}}, p)
	for _, bad := range []string{"", "kkrt", "textbook", "=x", "kkrt=", "a/b=x"} {
		_, err := parse([]string{"-peer", bad}, io.Discard)
		require.ErrorContains(t, err, "-peer", bad)
	}
}
