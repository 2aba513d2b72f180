package directory_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/killtest"
)

func TestMain(m *testing.M) {
	killtest.Child(registerUntilKilled)
	os.Exit(m.Run())
}

// openBoth opens a directory with a log in a folder.
func openBoth(dir string) (*directory.Directory, *evidence.Log, error) {
	l, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "log.example.cn", Signer: storetest.Key})
	if err != nil {
		return nil, nil, err
	}
	d, err := directory.Open(filepath.Join(dir, "directory"), &directory.Config{Verify: storetest.Owned, Log: l})
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
		batch := []directory.Signed{storetest.Sign(storetest.Record(i)), storetest.Sign(storetest.Record(i + 1)), storetest.Sign(storetest.Record(i + 2))}
		next := batch[0].Record
		next.Version, next.Title = 2, "下一版"
		batch = append(batch, storetest.Sign(next))
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
		acknowledged[storetest.Must(identity.Parse(line))] = true
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
	q := &directory.Query{Limit: 1000}
	for {
		page, err := d.Search(q)
		require.NoError(t, err)
		for i, s := range page {
			if s.Record.Version == 2 {
				second++
			}
			if i%7 == 0 {
				_, err := d.Prove(s.Record.Code)
				require.NoError(t, err)
			}
		}
		if q.Offset += len(page); len(page) < q.Limit {
			break
		}
	}
	require.Equal(t, d.Len(), q.Offset)
	require.Equal(t, d.Len()/3, second)
	for c := range acknowledged {
		_, err := d.Resolve(c)
		require.NoError(t, err)
	}
	// The log has all versions, some twice.
	c, _ := l.Latest()
	require.GreaterOrEqual(t, c.Size, int64(d.Len()+second))
}
