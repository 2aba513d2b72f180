package he

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFileLog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "shares")
	l, err := OpenFileLog(name)
	require.NoError(t, err)
	require.NoError(t, l.Record([32]byte{1}, [32]byte{9}))
	require.ErrorIs(t, l.Record([32]byte{1}, [32]byte{9}), ErrShared)
	require.ErrorIs(t, l.Record([32]byte{1}, [32]byte{8}), ErrShared)
	require.NoError(t, l.Record([32]byte{2}, [32]byte{9}))
	require.NoError(t, l.Close())
	require.Error(t, l.Record([32]byte{3}, [32]byte{9}))

	// Whatever a crash leaves of the last record, the ones before it are there,
	// and the last one is either there or can be made.
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Len(t, whole, 2*recordSize)
	for n := recordSize; n <= len(whole); n += 10 { // the last is whole
		require.NoError(t, os.WriteFile(name, whole[:n], 0o600))
		l, err := OpenFileLog(name)
		require.NoError(t, err)
		require.ErrorIs(t, l.Record([32]byte{1}, [32]byte{7}), ErrShared)
		err = l.Record([32]byte{2}, [32]byte{9})
		if n < len(whole) {
			require.NoError(t, err, "%d bytes", n)
		} else {
			require.ErrorIs(t, err, ErrShared)
		}
		require.NoError(t, l.Close())
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, whole, b)
	}

	for i := range whole {
		b := bytes.Clone(whole)
		b[i] = 'x'
		require.NoError(t, os.WriteFile(name, b, 0o600))
		_, err := OpenFileLog(name)
		require.ErrorContains(t, err, "damaged", "byte %d", i)
	}
	_, err = OpenFileLog(t.TempDir())
	require.Error(t, err)
}

// A process that is killed as soon as Record has returned has recorded.
func TestFileLogCrash(t *testing.T) {
	const variable = "DUJIANG_TEST_SHARE_LOG"
	if name := os.Getenv(variable); name != "" {
		l, err := OpenFileLog(name)
		require.NoError(t, err)
		require.NoError(t, l.Record([32]byte{1}, [32]byte{2}))
		p, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		p.Kill()
		select {}
	}
	name := filepath.Join(t.TempDir(), "shares")
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileLogCrash$")
	cmd.Env = append(cmd.Environ(), variable+"="+name)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); !exited {
		t.Skipf("no processes here: %v", err)
	}
	require.False(t, strings.Contains(string(out), "FAIL:"), "%s", out)
	l, err := OpenFileLog(name)
	require.NoError(t, err)
	defer l.Close()
	require.ErrorIs(t, l.Record([32]byte{1}, [32]byte{2}), ErrShared)
}

// Of many goroutines one may share.
func TestFileLogConcurrent(t *testing.T) {
	l, err := OpenFileLog(filepath.Join(t.TempDir(), "shares"))
	require.NoError(t, err)
	defer l.Close()
	var won atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if l.Record([32]byte{5}, [32]byte{}) == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
}
