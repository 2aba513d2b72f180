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
	storetest.Run(t, func(t *testing.T, cfg *directory.Config) (directory.Store, func(*directory.Config) directory.Store) {
		path := filepath.Join(t.TempDir(), "directory")
		var d *directory.Directory
		again := func(cfg *directory.Config) directory.Store {
			if d != nil {
				require.NoError(t, d.Close())
			}
			var err error
			d, err = directory.Open(path, cfg)
			require.NoError(t, err)
			return d.Store()
		}
		t.Cleanup(func() { d.Close() })
		return again(cfg), again
	})
}
