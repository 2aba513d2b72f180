package he

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// ErrShared is about a second share in a session. It must not leave: two shares
// with different noise, or for different aggregates, give the key away. Send the
// bytes of the first again, or begin a new session.
var ErrShared = errors.New("he: a share of this session was made before")

// A ShareLog remembers in which sessions a key holder has made a share. Record
// must return [ErrShared] if it has the session, and otherwise return only when
// the record is where a crash of the machine does not lose it. It is called
// before the share leaves, and must be safe for concurrent use.
type ShareLog interface {
	Record(session, aggregate [32]byte) error
}

// A FileLog is a [ShareLog] in a file.
type FileLog struct {
	mu   sync.Mutex
	file *os.File
	size int64 // of whole records
	seen map[[32]byte]bool
	err  error // sticky
}

// A record is a line of two digests in hexadecimal: a file that people can read.
const recordSize = 64 + 1 + 64 + 1

// OpenFileLog opens the log in a file, or makes it. Only one FileLog may be open
// on a file. A record at the end that a crash cut off is taken away: its share
// has not left.
func OpenFileLog(name string) (*FileLog, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syncFolder(filepath.Dir(name)); err != nil {
		file.Close()
		return nil, err
	}
	l := &FileLog{file: file, seen: make(map[[32]byte]bool)}
	if err := l.load(); err != nil {
		file.Close()
		return nil, err
	}
	return l, nil
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

func (l *FileLog) load() error {
	b, err := io.ReadAll(l.file)
	if err != nil {
		return err
	}
	for len(b) >= recordSize {
		session, ok := parseRecord(b[:recordSize])
		if !ok {
			return fmt.Errorf("he: record %d of the share log is damaged: find out why before you go on", l.size/recordSize)
		}
		l.seen[session] = true
		b = b[recordSize:]
		l.size += recordSize
	}
	if len(b) == 0 {
		return nil
	}
	if bytes.IndexByte(b, '\n') >= 0 {
		return errors.New("he: the end of the share log is damaged: find out why before you go on")
	}
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	return l.file.Sync()
}

func parseRecord(b []byte) (session [32]byte, ok bool) {
	var aggregate [32]byte
	_, err1 := hex.Decode(session[:], b[:64])
	_, err2 := hex.Decode(aggregate[:], b[65:129])
	return session, err1 == nil && err2 == nil && b[64] == ' ' && b[129] == '\n'
}

// Record is as in [ShareLog]. After a failure to write the log records nothing
// any more: open it again.
func (l *FileLog) Record(session, aggregate [32]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.seen[session] {
		return ErrShared
	}
	l.seen[session] = true
	b := fmt.Appendf(nil, "%x %x\n", session, aggregate)
	if _, err := l.file.WriteAt(b, l.size); err != nil {
		l.err = fmt.Errorf("he: writing the share log: %w", err)
		return l.err
	}
	if err := l.file.Sync(); err != nil {
		l.err = fmt.Errorf("he: writing the share log: %w", err)
		return l.err
	}
	l.size += recordSize
	return nil
}

// Close closes the file.
func (l *FileLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = errors.New("he: the share log is closed")
	}
	return l.file.Close()
}
