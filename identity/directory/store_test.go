package directory_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

// A directory passes the tests that all stores do.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, cfg *directory.Config) directory.Store {
		d, err := directory.Open(filepath.Join(t.TempDir(), "directory"), cfg)
		require.NoError(t, err)
		t.Cleanup(func() { d.Close() })
		return d.Store()
	})
}
