package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// Secrets as keys and as files, of all lengths about a block of the latter.
func TestSecrets(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for _, n := range []int{1, 2, 1 << 10, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
			p, err := (&secretJob{Stream: stream, N: n}).party(0)
			require.NoError(t, err)
			require.NoError(t, p.prepare())
			require.NoError(t, p.run(t.Context(), nil))
			c, err := p.finish()
			require.NoError(t, err)
			require.Greater(t, c.Sent, int64(n))
			require.Len(t, c.Phases, 2)
		}
	}
}

func TestWrongSecretFails(t *testing.T) {
	for _, name := range []string{"bytes", "stream"} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "^Share/"+name)
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), errSecret.Error(), name)
	}
	p, err := (&secretJob{N: 4}).party(0)
	require.NoError(t, err)
	_, err = p.finish()
	require.ErrorIs(t, err, errSecret, "of no run")
}

func TestSecretList(t *testing.T) {
	s := []size{{4, 4}, {4, 8}}
	require.Len(t, secretJobs(s, []string{networkMem, networkTLS}, builtinPeers), 3)
	require.Len(t, secretJobs(s, []string{networkMem}, nil), 2)
	require.Empty(t, secretJobs(s, []string{networkTLS}, builtinPeers))
}
