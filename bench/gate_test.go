package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Both end-to-end jobs, in one process and in several.
func TestGateJobs(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	o := mustParse(t, "-sizes", "4,5x6", "-count", "1", "-run", "^Jobs/", "-networks", "mem,tls")
	results := measureAll(t, o)
	require.Len(t, results, 2*2)
	for _, r := range results {
		sides := r.sides()
		for _, phase := range []string{"sign", "authorize", "gate", "read", "evidence"} {
			for _, side := range sides {
				require.Positive(t, r.figure(figurePhase+"/"+side+"/"+phase).Median, "%s: %s", r.Name, phase)
			}
		}
		require.Positive(t, r.figure(figureBytes).Median)
		require.Greater(t, r.figure(figureDelays).Median, float64(gateDelays))
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	require.NoError(t, err)
	require.Empty(t, files, "nothing stays behind")
}

func TestWrongReleaseFails(t *testing.T) {
	for name, want := range map[string]error{"link": errWrong, "sum": errSums} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "^Jobs/"+name)
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), want.Error())
	}
	p := &gateParty{gateJob: &gateJob{N: 1}, folder: filepath.Join(t.TempDir(), "x")}
	require.NoError(t, os.Mkdir(p.folder, 0o700))
	require.NoError(t, p.prepare())
	_, err := p.finish() // of no run
	require.ErrorIs(t, err, errSums)
}

// A table has as many rows as items, and its names are what is common.
func TestTable(t *testing.T) {
	j := (&gateJob{Link: true, N: 3}).psi()
	require.Regexp(t, `^name,joined\r\n("Customer [0-9a-f]{32}",2025-01-31\r\n){3}$`, string(j.table(0)))
	require.NotEqual(t, j.table(0), j.table(1))
}
