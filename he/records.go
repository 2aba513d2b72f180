package he

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// records is a file of lines of one length, to which lines are added so that a
// crash of the machine does not lose them. A line at the end that a crash cut off
// is taken away when the file is opened: what it was for has not happened.
type records struct {
	mu   sync.Mutex
	what string
	file *os.File
	size int64 // of whole records
	err  error // sticky
}

// openRecords opens a file, or makes it, and gives each line that is there to
// load, which says whether it is well formed.
func openRecords(name, what string, length int, load func(record []byte) bool) (*records, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	r := &records{what: what, file: file}
	err = syncFolder(filepath.Dir(name))
	if err == nil {
		err = r.load(length, load)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

func (r *records) load(length int, load func(record []byte) bool) error {
	b, err := io.ReadAll(r.file)
	if err != nil {
		return err
	}
	for ; len(b) >= length; b = b[length:] {
		if b[length-1] != '\n' || !load(b[:length]) {
			return fmt.Errorf("he: record %d of the %s is damaged: find out why before you go on", r.size/int64(length), r.what)
		}
		r.size += int64(length)
	}
	if len(b) == 0 {
		return nil
	}
	if bytes.IndexByte(b, '\n') >= 0 {
		return fmt.Errorf("he: the end of the %s is damaged: find out why before you go on", r.what)
	}
	if err := r.file.Truncate(r.size); err != nil {
		return err
	}
	return r.file.Sync()
}

// append adds a record. After a failure nothing is added any more, since nobody
// knows what is in the file. The caller holds the lock.
func (r *records) append(record []byte) error {
	if r.err != nil {
		return r.err
	}
	_, err := r.file.WriteAt(record, r.size)
	if err == nil {
		err = r.file.Sync()
	}
	if err != nil {
		r.err = fmt.Errorf("he: writing the %s: %w", r.what, err)
		return r.err
	}
	r.size += int64(len(record))
	return nil
}

func (r *records) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("he: the %s is closed", r.what)
	}
	return r.file.Close()
}

// syncFolder makes the name of a new file outlive a crash, where systems can.
func syncFolder(name string) error {
	switch runtime.GOOS {
	case "windows", "js", "wasip1", "plan9":
		return nil // they know no such thing
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func parseHex(b []byte) ([]byte, bool) {
	dst := make([]byte, len(b)/2)
	_, err := hex.Decode(dst, b)
	return dst, err == nil
}
