package he

import (
	"errors"
	"fmt"
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
	records *records
	seen    map[[32]byte]bool
}

// A record is a line of two digests in hexadecimal: a file that people can read.
const recordSize = 64 + 1 + 64 + 1

// OpenFileLog opens the log in a file, or makes it. Only one FileLog may be open
// on a file.
func OpenFileLog(name string) (*FileLog, error) {
	l := &FileLog{seen: make(map[[32]byte]bool)}
	var err error
	l.records, err = openRecords(name, "share log", recordSize, func(r []byte) bool {
		session, ok1 := parseHex(r[:64])
		_, ok2 := parseHex(r[65:129])
		if !ok1 || !ok2 || r[64] != ' ' {
			return false
		}
		l.seen[[32]byte(session)] = true
		return true
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Record is as in [ShareLog]. After a failure to write the log records nothing
// any more: open it again.
func (l *FileLog) Record(session, aggregate [32]byte) error {
	l.records.mu.Lock()
	defer l.records.mu.Unlock()
	if l.seen[session] {
		return ErrShared
	}
	l.seen[session] = true
	return l.records.append(fmt.Appendf(nil, "%x %x\n", session, aggregate))
}

// Close closes the file.
func (l *FileLog) Close() error { return l.records.close() }
