package directory

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/killtest"
)

func TestMain(m *testing.M) {
	killtest.Child(registerUntilKilled)
	os.Exit(m.Run())
}

// openBoth opens a directory with a log in a folder.
func openBoth(dir string) (*Directory, *evidence.Log, error) {
	l, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "log.example.cn", Signer: key})
	if err != nil {
		return nil, nil, err
	}
	d, err := Open(filepath.Join(dir, "directory"), &Config{Verify: owned, Log: l})
	return d, l, err
}

// registerUntilKilled registers batches of three new records and the next version
// of one of them.
func registerUntilKilled(dir string) error {
	d, _, err := openBoth(dir)
	if err != nil {
		return err
	}
	for i := d.Len(); ; i += 3 {
		batch := []Signed{sign(record(i)), sign(record(i + 1)), sign(record(i + 2))}
		next := batch[0].Record
		next.Version, next.Title = 2, "下一版"
		batch = append(batch, sign(next))
		if err := d.Register(batch...); err != nil {
			return err
		}
		for _, s := range batch[:3] {
			killtest.Acknowledge(s.Record.Code)
		}
	}
}

// kill -9 at any moment loses no record that was acknowledged, keeps batches
// whole, and leaves every record in the log.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	dir := t.TempDir()
	acknowledged := make(map[identity.Code]bool)
	killtest.Run(t, rounds, dir, 60*time.Millisecond, func(line string) {
		acknowledged[must(identity.Parse(line))] = true
	}, nil)
	d, l, err := openBoth(dir)
	require.NoError(t, err)
	defer l.Close()
	defer d.Close()
	require.Zero(t, d.Len()%3)
	require.GreaterOrEqual(t, d.Len(), len(acknowledged))
	require.LessOrEqual(t, d.Len(), len(acknowledged)+3*rounds)
	_, err = l.Publish(context.Background())
	require.NoError(t, err)
	second := 0
	for id := range d.entries {
		e := &d.entries[id]
		require.GreaterOrEqual(t, e.index, int64(0))
		if e.stale {
			continue
		}
		s, salt, err := e.decode()
		require.NoError(t, err)
		if s.Record.Version == 2 {
			second++
		}
		// Prove opens the commitment that the log has there.
		if id%7 == 0 {
			_, err = l.Prove(e.index, salt, s.Leaf())
			require.NoError(t, err)
		}
	}
	require.Equal(t, d.Len()/3, second)
	for c := range acknowledged {
		_, err := d.Resolve(c)
		require.NoError(t, err)
	}
}
