package appendfile

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/killtest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

func TestMain(m *testing.M) {
	killtest.Child(writeUntilKilled)
	os.Exit(m.Run())
}

// writeUntilKilled appends numbers from four goroutines and acknowledges each.
func writeUntilKilled(path string) error {
	next := 0
	f, err := Open(path, testMax, func([]byte) error { next++; return nil })
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for range 4 {
		go func() {
			for {
				mu.Lock()
				n := next
				next++
				err := f.Queue([]byte(fmt.Sprint(n)))
				mu.Unlock()
				if err = errors.Join(err, f.Sync()); err != nil {
					failed <- err
				}
				killtest.Acknowledge(n)
			}
		}()
	}
	return <-failed
}

// kill -9 at any moment loses nothing that was acknowledged, and leaves a file
// that goes on.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	path := filepath.Join(t.TempDir(), "file")
	acknowledged := 0
	killtest.Run(t, rounds, path, 60*time.Millisecond, func(line string) {
		n, err := strconv.Atoi(line)
		require.NoError(t, err, line)
		acknowledged = max(acknowledged, n+1)
	}, func() {
		f, records := mustOpen(t, path)
		require.GreaterOrEqual(t, len(records), acknowledged)
		for i, r := range records {
			require.Equal(t, strconv.Itoa(i), r)
		}
		require.NoError(t, f.Close())
	})
}

func BenchmarkAppend(b *testing.B) {
	f, _ := mustOpen(b, filepath.Join(b.TempDir(), "file"))
	record := make([]byte, 200)
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if err := f.Queue(record); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, f.Close())
}
