package directory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// A Verifier reports whether the signature over a record's statement is by a key
// that speaks for the record now, usually one that is registered for the subject
// of the record's code.
type Verifier func(r *Record, statement, signature []byte) error

// Config says whose records a directory takes.
type Config struct {
	// Verify checks the signature of each record before it is taken. It must
	// be set. It may be called from several goroutines.
	Verify Verifier
	// Log is the evidence log that commits to every record. Without one there
	// are no proofs.
	Log *evidence.Log
}

var (
	// ErrNotFound says that the directory has no such code, path or number.
	ErrNotFound = errors.New("directory: not found")
	// ErrTaken says that another record has the path or number.
	ErrTaken = errors.New("directory: taken by another record")
	// ErrVersion says that a record is not the successor of the one that the
	// directory has: read it again and sign the next version.
	ErrVersion = errors.New("directory: not the next version")
)

// entry is a record in memory.
type entry struct {
	stored string // as in the file
	code   identity.Code
	path   identity.Path
	index  int64 // in the log; -1 if it is not there
	stale  bool  // a newer version exists
}

// A Directory is an open directory. Its methods may be called from several
// goroutines.
type Directory struct {
	cfg  Config
	file *appendfile.File

	writing sync.Mutex // one Register at a time, around mu

	mu      sync.RWMutex // guards all below
	entries []entry
	byCode  map[identity.Code]uint32
	byPath  map[identity.Path]uint32 // old paths too: they redirect
	byAlias map[identity.Alias]uint32
	index   index
	err     error // the log lacks what the file has
}

// Close closes the directory's file. The log stays open.
func (d *Directory) Close() error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.file.Close()
}

// add makes a record visible. Its checks have passed.
func (d *Directory) add(stored string, r *Record) {
	id := uint32(len(d.entries))
	if old, ok := d.byCode[r.Code]; ok {
		d.entries[old].stale = true
	}
	d.entries = append(d.entries, entry{stored: stored, code: r.Code, path: r.Path, index: -1})
	d.byCode[r.Code] = id
	if !r.Path.IsZero() {
		d.byPath[r.Path] = id
	}
	for _, a := range r.Aliases {
		d.byAlias[a] = id
	}
	d.index.add(id, r)
}

// current returns the entry that has the newest version of what the entry id
// was about.
func (d *Directory) current(id uint32) *entry {
	return &d.entries[d.byCode[d.entries[id].code]]
}

// A RecordError says which of several records was refused. None was taken.
type RecordError struct {
	Row int // from 0
	Err error
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %d: %v", e.Row+1, e.Err) }
func (e *RecordError) Unwrap() error { return e.Err }

// Register takes new records and new versions of old ones, all or none. When it
// returns nil, they are on the disk and in the log. Many records in one call
// share their writing to the disk.
//
// The error is a [*RecordError] if a record was refused, and wraps [ErrVersion]
// or [ErrTaken] if the directory has another idea of it.
func (d *Directory) Register(records ...Signed) error {
	all, err := d.prepare(records)
	if err != nil {
		return err
	}

	d.writing.Lock()
	defer d.writing.Unlock()
	if d.err != nil {
		return d.err
	}
	if err := d.check(records); err != nil {
		return err
	}
	stored := make([][]byte, len(all))
	commitments := make([]evidence.Commitment, len(all))
	for i := range all {
		stored[i], commitments[i] = all[i].stored, all[i].commitment
	}
	if err := d.file.Append(stored...); err != nil {
		return err
	}
	d.mu.Lock()
	first := len(d.entries)
	for i := range all {
		d.add(all[i].text, &all[i].record)
	}
	d.mu.Unlock()
	return d.log(first, commitments)
}

// A prepared record has all that can be made without regard to others.
type prepared struct {
	stored     []byte
	text       string // the same
	record     Record // whose texts share memory with text
	commitment evidence.Commitment
}

// prepare checks each record by itself, on all processors.
func (d *Directory) prepare(records []Signed) ([]prepared, error) {
	all := make([]prepared, len(records))
	err := each(len(records), func(i int) error {
		a, err := d.cfg.accept(&records[i])
		if err != nil {
			return err
		}
		p := &all[i]
		p.commitment = a.Commitment
		p.stored = appendEntry(nil, &a.Signed, a.Salt)
		p.text = string(p.stored)
		again, _, err := decodeEntry(p.text)
		if err != nil {
			panic("directory: internal error: " + err.Error())
		}
		p.record = again.Record
		return nil
	})
	return all, err
}

// check reports what in the records contradicts the directory or each other.
func (d *Directory) check(records []Signed) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	known := Known{make(map[identity.Code]Current), make(map[identity.Path]identity.Code), make(map[identity.Alias]identity.Code)}
	for i := range records {
		r := &records[i].Record
		if id, ok := d.byCode[r.Code]; ok {
			s, _, err := d.entries[id].decode()
			if err != nil {
				return err
			}
			known.Current[r.Code] = Current{s.Record.Version, s.Record.Status}
		}
		if id, ok := d.byPath[r.Path]; ok {
			known.Paths[r.Path] = d.entries[id].code
		}
		for _, a := range r.Aliases {
			if id, ok := d.byAlias[a]; ok {
				known.Aliases[a] = d.entries[id].code
			}
		}
	}
	return known.Check(records)
}

// log appends the commitments of the entries from first on to the log.
func (d *Directory) log(first int, commitments []evidence.Commitment) error {
	if d.cfg.Log == nil || len(commitments) == 0 {
		return nil
	}
	index, err := d.cfg.Log.Append(commitments...)
	if err == nil {
		// Not waited for: without it, the next Open logs these entries again.
		b := []byte{tagLogged}
		for _, x := range []uint64{uint64(first), uint64(len(commitments)), uint64(index)} {
			b = binary.AppendUvarint(b, x)
		}
		err = d.file.Queue(b)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.err = fmt.Errorf("directory: records are kept but not in the log; open the directory again: %w", err)
		return d.err
	}
	for i := range commitments {
		d.entries[first+i].index = index + int64(i)
	}
	return nil
}

// Resolve returns the newest version of the record of a code.
func (d *Directory) Resolve(code identity.Code) (Signed, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, ok := d.byCode[code]
	if !ok {
		return Signed{}, ErrNotFound
	}
	s, _, err := d.entries[id].decode()
	return s, err
}

// ResolvePath returns the record that the path leads to. If it was renamed, the
// record has another path than was asked for.
func (d *Directory) ResolvePath(path identity.Path) (Signed, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, ok := d.byPath[path]
	if !ok {
		return Signed{}, ErrNotFound
	}
	s, _, err := d.current(id).decode()
	return s, err
}

// ResolveAlias returns the record that has, or had, the number of another
// registry.
func (d *Directory) ResolveAlias(a identity.Alias) (Signed, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, ok := d.byAlias[a]
	if !ok {
		return Signed{}, ErrNotFound
	}
	s, _, err := d.current(id).decode()
	return s, err
}

// Len returns the number of codes.
func (d *Directory) Len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.byCode)
}
