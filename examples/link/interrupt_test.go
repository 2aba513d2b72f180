//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// An interrupt stops both sides, of which the other learns that it was no accident.
//
// A side that stops has a second to say so, which is little where much else runs.
// So this one has a small table and can say it at once, and the other, which has
// much to do, stands still until it has been said.
func TestInterrupt(t *testing.T) {
	args := []string{"-key", "id:exact", "-reveal", "both", "-protocol", "dh"}
	out := filepath.Join(t.TempDir(), "out.csv")
	a, b := parties(t)
	p, addr := serve(t, append(a, append(args, "-in", large(t, 300000), "-out", out)...)...)
	q := start(t, append([]string{"join", addr}, append(b, append(args, "-in", large(t, 3))...)...)...)
	q.waitFor("both signed")
	p.waitFor("both signed")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	require.NoError(t, q.cmd.Process.Signal(os.Interrupt))
	require.Equal(t, exitInterrupted, q.exit(t), "%s", &q.stderr)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
	require.Equal(t, exitAborted, p.exit(t), "%s", &p.stderr)
	require.NoFileExists(t, out)
}
