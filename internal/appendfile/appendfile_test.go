package appendfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const testMax = 1 << 16

// reopen opens the file and returns copies of its records.
func reopen(t testing.TB, path string) (*File, []string, error) {
	t.Helper()
	var records []string
	f, err := Open(path, testMax, func(r []byte) error {
		records = append(records, string(r))
		return nil
	})
	return f, records, err
}

func mustOpen(t testing.TB, path string) (*File, []string) {
	t.Helper()
	f, records, err := reopen(t, path)
	require.NoError(t, err)
	return f, records
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	var want []string
	for round := range 4 {
		f, got := mustOpen(t, path)
		require.Equal(t, want, got)
		for i := range 5 {
			records := [][]byte{[]byte(fmt.Sprintf("%d %d", round, i)), {}, bytes.Repeat([]byte{0}, 1000*i)}
			if i%2 == 0 {
				require.NoError(t, f.Append(records...))
			} else {
				require.NoError(t, f.Queue(records...))
			}
			for _, r := range records {
				want = append(want, string(r))
			}
		}
		require.NoError(t, f.Append()) // no record is no frame
		require.NoError(t, f.Close())
		require.ErrorIs(t, f.Append([]byte("late")), ErrClosed)
		require.ErrorIs(t, f.Close(), ErrClosed)
	}
}

func TestLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, limit := range []int{-1, 0, maxFrame} {
		_, err := Open(path, limit, nil)
		require.Error(t, err)
	}
	f, _ := mustOpen(t, path)
	require.Error(t, f.Append(make([]byte, testMax+1)))
	require.NoError(t, f.Append(make([]byte, testMax)), "a caller's mistake does not end the file")
	many := make([][]byte, maxFrame/testMax+1)
	for i := range many {
		many[i] = make([]byte, testMax)
	}
	require.ErrorContains(t, f.Append(many...), "split")
	require.NoError(t, f.Close())

	_, err := Open(path, testMax-1, func([]byte) error { return nil })
	require.ErrorContains(t, err, "at most 65535")
	stop := errors.New("stop")
	_, err = Open(path, testMax, func([]byte) error { return stop })
	require.ErrorIs(t, err, stop)
}

// Frames are limited, so a queue that is never synced does not grow for ever.
func TestQueueFlushes(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 65 MiB")
	}
	path := filepath.Join(t.TempDir(), "file")
	f, _ := mustOpen(t, path)
	record := make([]byte, testMax)
	for range maxFrame/testMax + 10 {
		require.NoError(t, f.Queue(record))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(maxFrame/2))
	require.NoError(t, f.Close())
	f, records := mustOpen(t, path)
	require.Len(t, records, maxFrame/testMax+10)
	require.NoError(t, f.Close())
}

// sample writes a file of three frames and returns its bytes, the ends of its
// frames, and the records up to each.
func sample(t testing.TB) (data []byte, ends []int, records [][]string) {
	path := filepath.Join(t.TempDir(), "file")
	f, _ := mustOpen(t, path)
	var all []string
	note := func() {
		data, _ = os.ReadFile(path)
		ends = append(ends, len(data))
		records = append(records, append([]string(nil), all...))
	}
	note()
	for i := range 3 {
		a, b := fmt.Sprintf("record %d", i), string(bytes.Repeat([]byte{byte(i + 1)}, 40))
		require.NoError(t, f.Append([]byte(a), []byte(b)))
		all = append(all, a, b)
		note()
	}
	require.NoError(t, f.Close())
	return data, ends, records
}

// Files of version 1 are read for ever.
func TestGolden(t *testing.T) {
	data, _, records := sample(t)
	golden, err := os.ReadFile("testdata/v1")
	require.NoError(t, err)
	require.Equal(t, golden, data)
	require.Len(t, records[len(records)-1], 6)
}

// A file that ends anywhere holds whole frames, and goes on behind them.
func TestTornTail(t *testing.T) {
	data, ends, records := sample(t)
	path := filepath.Join(t.TempDir(), "file")
	for cut := range len(data) + 1 {
		for _, zeros := range []int{0, 1, 100, 5000} {
			if testing.Short() && (cut+zeros)%4 != 0 {
				continue
			}
			torn := append(bytes.Clone(data[:cut]), make([]byte, zeros)...)
			whole := 0
			for whole+1 < len(ends) && ends[whole+1] <= cut {
				whole++
			}
			inFrame := cut > ends[whole] || cut < ends[0]
			if zeros > 0 && inFrame {
				continue // TestZeroSectors
			}
			require.NoError(t, os.WriteFile(path, torn, 0o600))
			f, got := mustOpen(t, path)
			require.Equal(t, records[whole], got, "cut at %d, %d zeros", cut, zeros)
			require.NoError(t, f.Append([]byte("next")))
			require.NoError(t, f.Close())
			f, got = mustOpen(t, path)
			require.Equal(t, append(records[whole][:len(got)-1:len(got)-1], "next"), got)
			require.NoError(t, f.Close())
		}
	}
}

// A disk that knew a file's new length and not all of its new contents shows
// sectors of zeros in the last frame.
func TestZeroSectors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, _ := mustOpen(t, path)
	require.NoError(t, f.Append([]byte("first")))
	require.NoError(t, f.Append(bytes.Repeat([]byte("x"), 5000)))
	require.NoError(t, f.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for s := sector; s < len(data); s += sector {
		lost := bytes.Clone(data)
		clear(lost[s:min(s+sector, len(lost))])
		require.NoError(t, os.WriteFile(path, lost, 0o600))
		f, got := mustOpen(t, path)
		require.Equal(t, []string{"first"}, got)
		require.NoError(t, f.Close())
	}
	// Not so in a frame that another one follows, which was acknowledged.
	require.NoError(t, os.WriteFile(path, data, 0o600))
	f, _ = mustOpen(t, path)
	require.NoError(t, f.Append([]byte("third")))
	require.NoError(t, f.Close())
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	clear(data[1024:1536])
	require.NoError(t, os.WriteFile(path, data, 0o600))
	_, _, err = reopen(t, path)
	require.ErrorIs(t, err, ErrDamaged)
}

// Every flipped bit is found, none makes Open cut something, and the error says
// where.
func TestFlippedBits(t *testing.T) {
	data, _, _ := sample(t)
	path := filepath.Join(t.TempDir(), "file")
	for i := range len(data) * 8 {
		flipped := bytes.Clone(data)
		flipped[i/8] ^= 1 << (i % 8)
		require.NoError(t, os.WriteFile(path, flipped, 0o600))
		_, _, err := reopen(t, path)
		require.ErrorIs(t, err, ErrDamaged, "bit %d", i)
		if i >= 8*len(magic) {
			require.ErrorContains(t, err, "at offset ")
		}
		after, _ := os.ReadFile(path)
		require.True(t, bytes.Equal(flipped, after), "a damaged file is left as it is")
	}
}

func TestMovedFrame(t *testing.T) {
	data, ends, _ := sample(t)
	swapped := bytes.Clone(data[:ends[0]])
	swapped = append(swapped, data[ends[1]:ends[2]]...)
	swapped = append(swapped, data[ends[0]:ends[1]]...)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, swapped, 0o600))
	_, _, err := reopen(t, path)
	require.ErrorIs(t, err, ErrDamaged)
}

func TestOtherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"some text of somebody", "text", "djappnd2"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, _, err := reopen(t, path)
		require.ErrorIs(t, err, ErrDamaged)
		after, _ := os.ReadFile(path)
		require.Equal(t, text, string(after))
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, _ := mustOpen(t, path)
	_, _, err := reopen(t, path)
	if err == nil {
		t.Skip("this system has no locks")
	}
	require.ErrorContains(t, err, "in use")
	require.NoError(t, f.Close())
	f, _ = mustOpen(t, path)
	require.NoError(t, f.Close())
}

// Goroutines share frames: there are fewer than calls, and each record is there
// once.
func TestGroupCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, _ := mustOpen(t, path)
	counted := &countingFile{backing: f.file}
	f.file = counted
	const writers, each = 16, 40
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				if err := f.Append([]byte(fmt.Sprintf("%d %d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, f.Close())
	require.Less(t, counted.syncs, writers*each)
	_, records, err := reopen(t, path)
	require.NoError(t, err)
	require.Len(t, records, writers*each)
	next := map[int]int{}
	for _, r := range records {
		var w, i int
		_, err := fmt.Sscanf(r, "%d %d", &w, &i)
		require.NoError(t, err)
		require.Equal(t, next[w], i)
		next[w]++
	}
}

type countingFile struct {
	backing
	syncs int
}

func (f *countingFile) Sync() error { f.syncs++; return f.backing.Sync() }

// failingFile fails after some bytes, or at some fsync.
type failingFile struct {
	backing
	room  int
	short bool
	syncs int
}

var errFull = errors.New("no space left on device")

func (f *failingFile) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n, _ := f.backing.Write(b[:f.room])
		f.room = 0
		if f.short {
			return n, nil
		}
		return n, errFull
	}
	f.room -= len(b)
	return f.backing.Write(b)
}

func (f *failingFile) Sync() error {
	if f.syncs--; f.syncs < 0 {
		return errFull
	}
	return f.backing.Sync()
}

// The first error ends the file, and opening it again gives what was
// acknowledged, perhaps with what was not.
func TestFullDisk(t *testing.T) {
	for room := 0; room < 200; room += 7 {
		for _, short := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "file")
			f, _ := mustOpen(t, path)
			f.file = &failingFile{backing: f.file, room: room, short: short, syncs: 1 << 30}
			acknowledged := appendUntilError(t, f)
			want := errFull
			if short {
				want = io.ErrShortWrite
			}
			require.ErrorIs(t, f.Append([]byte("after")), want)
			require.ErrorIs(t, f.Sync(), want)
			require.ErrorIs(t, f.Close(), want)
			f, records := mustOpen(t, path)
			require.Len(t, records, acknowledged)
			require.NoError(t, f.Close())
		}
	}
	for syncs := range 4 {
		path := filepath.Join(t.TempDir(), "file")
		f, _ := mustOpen(t, path)
		f.file = &failingFile{backing: f.file, room: 1 << 30, syncs: syncs}
		require.Equal(t, syncs, appendUntilError(t, f))
		require.ErrorIs(t, f.Close(), errFull)
		f, records := mustOpen(t, path)
		require.GreaterOrEqual(t, len(records), syncs)
		require.NoError(t, f.Close())
	}
}

func appendUntilError(t *testing.T, f *File) (acknowledged int) {
	for range 1000 {
		if f.Append([]byte("record")) != nil {
			return acknowledged
		}
		acknowledged++
	}
	t.Fatal("no error")
	return 0
}

// What is accepted reads as whole frames, and reading it again gives the same.
func FuzzOpen(f *testing.F) {
	data, ends, _ := sample(f)
	for _, end := range ends {
		f.Add(data[:end])
		f.Add(data[:end-3])
	}
	f.Add(append(bytes.Clone(data), make([]byte, 30)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second []string
		end, err := scan(bytes.NewReader(data), int64(len(data)), testMax, func(r []byte) error {
			first = append(first, string(r))
			return nil
		})
		if err != nil || end == 0 {
			return
		}
		require.LessOrEqual(t, end, int64(len(data)))
		again, err := scan(bytes.NewReader(data[:end]), end, testMax, func(r []byte) error {
			second = append(second, string(r))
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, end, again)
		require.Equal(t, first, second)
	})
}
