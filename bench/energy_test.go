package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Counters of two processors, of which one has a part that is counted in it, and one
// begins again.
func TestEnergy(t *testing.T) {
	folder := t.TempDir()
	write := func(name, file, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name, file), []byte(text), 0o644))
	}
	require.Zero(t, startEnergy(folder).joules(), "no counters")
	write("intel-rapl:0", "energy_uj", "1000000\n")
	write("intel-rapl:0:0", "energy_uj", "1\n")
	write("intel-rapl:1", "energy_uj", "9000000\n")
	write("intel-rapl:1", "max_energy_range_uj", "10000000\n")
	m := startEnergy(folder)
	require.Zero(t, m.joules())
	write("intel-rapl:0", "energy_uj", "3000000\n")
	write("intel-rapl:0:0", "energy_uj", "1000000\n")
	write("intel-rapl:1", "energy_uj", "500000\n")
	require.InDelta(t, 3.5, m.joules(), 1e-9)
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "intel-rapl:1")))
	require.Zero(t, m.joules(), "unknown")
}
