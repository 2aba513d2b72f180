package dujiang_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The Go code in README.md stands, word for word, in tests and examples, which
// compile and run.
func TestReadmeCode(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var sources strings.Builder
	for _, pattern := range []string{"*/*_test.go", "*/*/*_test.go", "examples/*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			sources.Write(source)
		}
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "```")
		require.True(t, closed)
		require.Contains(t, sources.String(), code)
	}
}

// The programs that README.md runs exist.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	found := 0
	for line := range strings.Lines(string(readme)) {
		for _, verb := range []string{"    go run ", "    go build "} {
			if rest, ok := strings.CutPrefix(line, verb); ok {
				out, err := exec.Command("go", "vet", strings.Fields(rest)[0]).CombinedOutput()
				require.NoError(t, err, "%s: %s", line, out)
				found++
			}
		}
	}
	require.Equal(t, 2, found)
}
