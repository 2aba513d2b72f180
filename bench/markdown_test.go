package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarkdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	r := pageReport()
	r.Machine.Go = "go0"
	require.NoError(t, r.save(&options{jsonFile: file}, nil))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), mustParse(t, "-from", file, "-markdown", "-run", "/dh/.*/mem"), &out))
	head, table, ok := strings.Cut(out.String(), "\n\n")
	require.True(t, ok)
	require.Equal(t, "Medians of 5 runs on <abacus> & Söhne, 2 cores, kernels: none, go0, GOMAXPROCS=1, at commit 0123456789ab, unknown:", head)
	require.Regexp(t, "^\\| job \\|.*\n(\\|---){7}\\|\n(\\| `PSI/dh/semi-honest/n=2\\^1[048]/mem` \\|( [0-9.]+[nµm]?s \\|){3} 128 \\| 3 \\| 16\\.0MiB \\|\n){3}$", table)

	require.ErrorContains(t, run(t.Context(), mustParse(t, "-from", file, "-markdown", "-run", "none"), &out), "no job")
	out.Reset()
	r = &report{Machine: &machine{Purego: true, Commit: strings.Repeat("0123", 10), Modified: true, Go: "go1"}, Procs: 0}
	r.markdown(&out)
	require.Contains(t, out.String(), "kernels: none (purego), go1, all cores for each process, at commit 012301230123, modified")
}

// Tables between these comments in texts are what the commands in them print of the reference
// run.
var printed = regexp.MustCompile("(?s)<!-- go run ./bench (-from bench/results/report.json -markdown -run '([^'\n]*)') -->\n(.*?)<!-- end -->\n")

// update has these tests write what they would compare.
var update = flag.Bool("update", false, "write the page and the tables of the reference run again, from its figures")

func TestReadme(t *testing.T) {
	file := filepath.Join("..", "README.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	tables := 0
	again := printed.ReplaceAllFunc(text, func(old []byte) []byte {
		tables++
		part := printed.FindSubmatch(old)
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), mustParse(t, "-from", filepath.Join("results", "report.json"), "-markdown", "-run", string(part[2])), &out))
		return bytes.Replace(old, part[3], out.Bytes(), 1)
	})
	require.Positive(t, tables)
	if *update {
		require.NoError(t, os.WriteFile(file, again, 0o644))
		return
	}
	require.Equal(t, string(again), string(text), "go test ./bench -run 'TestRe(adme|ference)' -update writes it again")
}
