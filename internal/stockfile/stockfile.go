// Package stockfile keeps what parties prepared for later runs, and may use once only, in
// files that give it away once.
//
// [Save] writes a file whole, or leaves none that [Load] takes. Load takes the file away before
// it returns, so that neither a crash nor a second process can make something be used
// again. In memory, [Claim] moves it to the one who uses it.
//
// [Seal] ends a file with a checksum, which finds accidents. Who can read or change the file
// can learn or change what is computed with it.
package stockfile

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// ErrDamaged says that a file does not hold a stock, or not all of it.
var ErrDamaged = errors.New("the file does not hold a whole stock")

// Save writes content to a new file, readable by its owner only, and clears it, also when it
// fails. An existing file is not overwritten. A process that stops in between leaves no file,
// an empty one, or the whole one; and perhaps one whose name has ".saving-" in addition, which
// holds secrets and is to be removed.
func Save(path string, content []byte) (err error) {
	defer clear(content)
	// Renaming would replace a file that is there, so the name is taken first.
	reserved, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	written := path + ".saving-" + rand.Text()[:8]
	err = reserved.Close()
	if err == nil {
		err = write(written, content)
	}
	if err == nil {
		err = os.Rename(written, path)
	}
	if err == nil {
		err = syncDir(path)
	}
	if err != nil {
		os.Remove(written)
		os.Remove(path)
	}
	return err
}

// write writes a new file and returns when it is on the disk.
func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Load takes the stock out of a file: the file is renamed, and the new name is on the disk,
// before anything of it is read, and it is removed at the end. A process that stops in between
// leaves a file of the new name, which has ".taken-" in addition, holds secrets and is of no
// more use. So does a Load that fails after the renaming, as the file may be something else; its
// error says the new name. What parse returns must not be in the memory of what it gets.
//
// A symbolic link is refused, since the file would remain under its own name. It is for the
// caller to make no copies of the file, by backups say, and no hard links, which nothing here
// could tell from the file. On systems that cannot sync a folder, a loss of power within
// seconds may undo the renaming.
func Load[S any](path string, parse func(b []byte) (S, error)) (S, error) {
	var none S
	// Looked at before, what is no file keeps its name; and again after, for what came meanwhile.
	if err := regular(path); err != nil {
		return none, err
	}
	taken := path + ".taken-" + rand.Text()[:8]
	if err := os.Rename(path, taken); err != nil {
		return none, err
	}
	s, err := read(taken, parse)
	if err != nil {
		return none, fmt.Errorf("%w: %s, which is %s now", err, path, filepath.Base(taken))
	}
	os.Remove(taken)
	return s, nil
}

// regular returns an error unless path is a file, and no link to one.
func regular(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file, or is a link to one", path)
	}
	return err
}

// read reads a file that was renamed to taken.
func read[S any](taken string, parse func(b []byte) (S, error)) (S, error) {
	var none S
	if err := regular(taken); err != nil {
		return none, err
	}
	if err := syncDir(taken); err != nil {
		return none, err
	}
	b, err := os.ReadFile(taken)
	if err != nil {
		return none, err
	}
	defer clear(b)
	return parse(b)
}

// syncDir makes the names in the folder of path durable, where that can be done.
func syncDir(path string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Seal appends to b SHA-256 of its bytes from start on.
func Seal(b []byte, start int) []byte {
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...)
}

// Unseal returns what was sealed, without the checksum, or [ErrDamaged].
func Unseal(b []byte) ([]byte, error) {
	if len(b) < sha256.Size {
		return nil, ErrDamaged
	}
	b, end := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(b); subtle.ConstantTimeCompare(sum[:], end) != 1 {
		return nil, ErrDamaged
	}
	return b, nil
}

// AppendWords appends words, little-endian.
func AppendWords(b []byte, words []uint64) []byte {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// claiming is held while a stock changes hands, so that of two runs that begin at once only
// one gets it.
var claiming sync.Mutex

// Claim moves what s has to the stock that it returns and leaves s zero, unless check, which
// looks at s, returns an error.
func Claim[S any](s *S, check func() error) (*S, error) {
	claiming.Lock()
	defer claiming.Unlock()
	if err := check(); err != nil {
		return nil, err
	}
	taken, zero := new(S), new(S)
	*taken, *s = *s, *zero
	return taken, nil
}
