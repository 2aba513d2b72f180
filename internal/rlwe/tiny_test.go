package rlwe

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only tests make rings that hide nothing.
func TestOnlyTestsAreTiny(t *testing.T) {
	root := filepath.Join("..", "..")
	read := 0
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || d.Name() == "tiny.go" {
			return err
		}
		read++
		b, err := os.ReadFile(name)
		require.NotContains(t, string(b), "Tiny(", name)
		return err
	}))
	require.Greater(t, read, 100)
}
