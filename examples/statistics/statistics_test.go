package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGenerated(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, run(&b, "", "", true))
	require.Contains(t, b.String(), "128-bit security")
	require.Contains(t, b.String(), "days                   400")
	require.Contains(t, b.String(), "equal to the sum of the tables")
	require.Contains(t, b.String(), "equal to what the tables give")
}

// The numbers are those of the files: 2,054 days with 3,045,013 cases, 32,561
// persons.
func TestReal(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, run(&b, shared(t, "nyc/cases-by-day-by-borough.csv"), shared(t, "adult/adult.csv"), false))
	require.Contains(t, b.String(), "days                   2,054")
	require.Contains(t, b.String(), "cases                  3,045,013")
	require.Contains(t, b.String(), "persons                32,561")
	require.NotContains(t, b.String(), "128-bit security")
}

// shared returns the path of a file of real data, which lies beside the
// repository, and skips the test where it does not.
func shared(t *testing.T, name string) string {
	_, here, _, _ := runtime.Caller(0)
	file := filepath.Join(filepath.Dir(here), "../../../shared/data", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("no real data here: %v", err)
	}
	return file
}

func TestBrokenTables(t *testing.T) {
	for _, content := range []string{"", "day,a\n", "day,a,b,c\n1,2,x,4\n", "day,a,b,c\n1,2\n"} {
		name := filepath.Join(t.TempDir(), "table.csv")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		_, _, err := readCases(name)
		require.ErrorContains(t, err, name)
		_, err = readPeople(name)
		require.ErrorContains(t, err, name)
	}
	require.ErrorIs(t, studyCases(&report{w: &bytes.Buffer{}}, []string{"a"}, make([][][]float64, 2)), errFew)
}
