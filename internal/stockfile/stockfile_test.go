package stockfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/killtest"
)

func TestMain(m *testing.M) {
	killtest.Child(useUntilKilled)
	os.Exit(m.Run())
}

// names returns the names in a folder.
func names(t *testing.T, dir string) (all []string) {
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}

func clone(b []byte) ([]byte, error) { return bytes.Clone(b), nil }

// TestFile saves once and loads once, and leaves nothing else in the folder or in memory.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	content := []byte("some shares")
	require.NoError(t, Save(path, content))
	require.Equal(t, make([]byte, 11), content)
	require.Equal(t, []string{"a"}, names(t, dir))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	// A second one is refused, and is cleared too.
	second := []byte("others")
	require.ErrorIs(t, Save(path, second), os.ErrExist)
	require.Equal(t, make([]byte, 6), second)
	require.Equal(t, []string{"a"}, names(t, dir))
	var seen []byte
	b, err := Load(path, func(b []byte) ([]byte, error) {
		seen = b
		require.Len(t, names(t, dir), 1)
		require.NotContains(t, names(t, dir), "a", "the file is there while it is read")
		return clone(b)
	})
	require.NoError(t, err)
	require.Equal(t, "some shares", string(b))
	require.Equal(t, make([]byte, 11), seen)
	require.Empty(t, names(t, dir))
	_, err = Load(path, clone)
	require.ErrorIs(t, err, os.ErrNotExist)
	// What cannot be parsed may be something else: it is there, under the name that the error says.
	require.NoError(t, Save(path, []byte{1}))
	_, err = Load(path, Unseal)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, path)
	require.Len(t, names(t, dir), 1)
	taken := names(t, dir)[0]
	require.Regexp(t, `^a\.taken-`, taken)
	require.ErrorContains(t, err, taken)
	b, err = os.ReadFile(filepath.Join(dir, taken))
	require.NoError(t, err)
	require.Equal(t, []byte{1}, b)
	require.ErrorIs(t, Save(filepath.Join(path, "b"), nil), os.ErrNotExist)
}

// TestFailedSave leaves no name and nothing in memory when the file cannot get its name.
func TestFailedSave(t *testing.T) {
	dir := t.TempDir()
	// The name itself fits, and the one that is written to does not.
	content := []byte("some shares")
	require.Error(t, Save(filepath.Join(dir, strings.Repeat("a", 250)), content))
	require.Equal(t, make([]byte, 11), content)
	require.Empty(t, names(t, dir))
}

// TestNoFile refuses what would be there after it was loaded, and what is no file at all, and leaves
// it as it is.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	require.NoError(t, Save(path, []byte("content")))
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	folder := filepath.Join(dir, "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	for _, path := range []string{link, folder} {
		_, err := Load(path, clone)
		require.ErrorContains(t, err, "is not a file", path)
	}
	require.Equal(t, []string{"a", "folder", "link"}, names(t, dir))
	// Nor does Save write where a link leads to.
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, Save(link, []byte("content")), os.ErrExist)
	require.NoFileExists(t, path)
	// What took the place of the file since it was looked at is not read.
	_, err := read(link, clone)
	require.ErrorContains(t, err, "is not a file")
}

// TestFileOnce has many load and save the same file at once: one gets each.
func TestFileOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for range 20 {
		var saved, loaded atomic.Int32
		for _, f := range []func(){
			func() {
				if Save(path, []byte("content")) == nil {
					saved.Add(1)
				}
			},
			func() {
				if b, err := Load(path, clone); err == nil && string(b) == "content" {
					loaded.Add(1)
				}
			},
		} {
			var running sync.WaitGroup
			for range 8 {
				running.Go(f)
			}
			running.Wait()
		}
		require.EqualValues(t, 1, saved.Load())
		require.EqualValues(t, 1, loaded.Load())
		require.Empty(t, names(t, dir))
	}
}

// nameSize is the length of the names of stocks in files of useUntilKilled.
const nameSize = 26

// useUntilKilled loads a stock and says its name before it uses it, and saves a new one.
func useUntilKilled(path string) error {
	for {
		name, err := Load(path, func(b []byte) (string, error) {
			b, err := Unseal(b)
			return string(b[:min(len(b), nameSize)]), err
		})
		switch {
		case err == nil:
			killtest.Acknowledge("used", name)
		case errors.Is(err, ErrDamaged):
			killtest.Acknowledge("damaged")
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		content := append([]byte(rand.Text()[:nameSize]), make([]byte, 1<<16)...)
		if err := Save(path, Seal(content, 0)); err != nil {
			return err
		}
		killtest.Acknowledge("saved")
	}
}

// TestKill kills a process at any moment between saving and using: nothing is used twice, by
// it or by the next one, and what is in the file is whole and was not used.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	used := make(map[string]bool)
	killtest.Run(t, 12, path, 20*time.Millisecond, func(line string) {
		if what, name, _ := strings.Cut(line, " "); what == "used" {
			require.Len(t, name, nameSize)
			require.False(t, used[name], "used twice")
			used[name] = true
		}
	}, func() {
		for _, name := range names(t, dir) {
			if name != "a" {
				// No process finds it.
				require.Regexp(t, `^a\.(saving|taken)-`, name)
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
				continue
			}
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			if len(b) > 0 {
				b, err = Unseal(b)
				require.NoError(t, err, "half of a file")
				require.False(t, used[string(b[:nameSize])])
			}
		}
	})
	require.NotEmpty(t, used)
}

// TestSeal finds every change.
func TestSeal(t *testing.T) {
	b := Seal([]byte("before and after"), 7)
	require.Equal(t, "before ", string(b[:7]))
	b = b[7:]
	content, err := Unseal(b)
	require.NoError(t, err)
	require.Equal(t, "and after", string(content))
	for n := range b {
		_, err := Unseal(b[:n])
		require.ErrorIs(t, err, ErrDamaged)
		changed := bytes.Clone(b)
		changed[n] ^= 0x80
		_, err = Unseal(changed)
		require.ErrorIs(t, err, ErrDamaged)
	}
	_, err = Unseal(append(bytes.Clone(b), 0))
	require.ErrorIs(t, err, ErrDamaged)
}

// TestClaim moves a stock once, and not if it does not fit.
func TestClaim(t *testing.T) {
	refused := errors.New("refused")
	type stock struct{ n int }
	for range 50 {
		s := &stock{5}
		_, err := Claim(s, func() error { return refused })
		require.ErrorIs(t, err, refused)
		require.Equal(t, 5, s.n)
		var claims, got atomic.Int32
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				taken, err := Claim(s, func() error {
					if s.n == 0 {
						return refused
					}
					// The others come meanwhile.
					time.Sleep(time.Millisecond)
					return nil
				})
				if err == nil {
					claims.Add(1)
					got.Add(int32(taken.n))
				}
			})
		}
		running.Wait()
		require.EqualValues(t, 1, claims.Load())
		require.EqualValues(t, 5, got.Load())
	}
}
