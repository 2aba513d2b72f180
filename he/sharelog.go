package he

import (
	"errors"
	"fmt"
)

// ErrShared is about a second share in a session. It must not leave: two shares
// with different noise, or for different aggregates, give the key away. Send the
// bytes of the first again, or begin a new session. It is also about a second endorsement
// of a roll.
var ErrShared = errors.New("he: this key holder has done the same in this session before")

var errNoLog = errors.New("he: a share log is needed")

// A ShareLog remembers in which sessions a key holder has made a share, and in which it has
// endorsed a roll: step identifies the session and which of the two, and what the aggregate
// or the roll. Record must return [ErrShared] if it has the step, and otherwise return only
// when the record is where a crash of the machine does not lose it. It is called before
// the message leaves, and must be safe for concurrent use.
type ShareLog interface {
	Record(step, what [32]byte) error
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
		step, ok1 := parseHex(r[:64])
		_, ok2 := parseHex(r[65:129])
		if !ok1 || !ok2 || r[64] != ' ' {
			return false
		}
		l.seen[[32]byte(step)] = true
		return true
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Record is as in [ShareLog]. After a failure to write the log records nothing
// any more: open it again.
func (l *FileLog) Record(step, what [32]byte) error {
	l.records.mu.Lock()
	defer l.records.mu.Unlock()
	if l.seen[step] {
		return ErrShared
	}
	l.seen[step] = true
	return l.records.append(fmt.Appendf(nil, "%x %x\n", step, what))
}

// Close closes the file.
func (l *FileLog) Close() error { return l.records.close() }
