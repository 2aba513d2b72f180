package psi

import (
	"fmt"
	"io"
	"os"
)

// A tempFile is a file that only its owner can read, and that has no name as soon
// as the system lets it: whatever ends the program, it leaves nothing behind.
type tempFile struct {
	*os.File
	size int64
}

func newTempFile(dir string) (*tempFile, error) {
	f, err := os.CreateTemp(dir, "psi-*") // with mode 0600
	if err != nil {
		return nil, fmt.Errorf("a temporary file: %w", err)
	}
	_ = os.Remove(f.Name()) // not on Windows, where it is open
	return &tempFile{File: f}, nil
}

// append writes b at the end.
func (f *tempFile) append(b []byte) error {
	n, err := f.WriteAt(b, f.size)
	f.size += int64(n)
	if err != nil {
		return fmt.Errorf("writing to a temporary file: %w", err)
	}
	return nil
}

// section reads what lies between two places.
func (f *tempFile) section(lo, hi int64) io.Reader { return io.NewSectionReader(f, lo, hi-lo) }

// remove closes f and removes its name, if it still has one.
func (f *tempFile) remove() error {
	err := f.Close()
	_ = os.Remove(f.Name())
	return err
}
