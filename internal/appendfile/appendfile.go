// Package appendfile keeps records in a file that only grows, so that nothing
// acknowledged is lost when the process or the machine stops.
//
// [Open] replays what is there, [File.Append] returns when its records are on
// the disk. Goroutines that append at the same time share one fsync (group
// commit); whoever must fix an order under a lock of its own calls [File.Queue]
// there and [File.Sync] outside.
//
// The records of one call survive together or not at all.
//
// # Format
//
// The file starts with the eight bytes of magic. Behind it come frames, one per
// fsync, each with the records of one or more calls:
//
//	length of the body (4 bytes, big-endian) || CRC-32C of the body (4)
//	|| CRC-32C of these eight bytes and the frame's offset in the file (4)
//	|| body: length (unsigned varint) || record, repeated
//
// A frame is written only when the one before it is on the disk. So what an
// interrupted write leaves behind, a torn tail, is always the last frame: cut
// short, or with sectors of zeros where the file system had reserved room and
// not yet written. Open cuts such a tail, which nobody was told of. Everything
// else that does not check is damage to acknowledged records, and Open refuses
// it with [ErrDamaged] and the offset. The checksums find accidents; against
// people who rewrite the file stands the log of package evidence.
//
// # Cost
//
// 12 bytes a frame and one to five a record; one write and one fsync a frame.
// Open holds one frame in memory, at most 64 MiB.
package appendfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// ErrDamaged says that records which had been acknowledged are not what was
// written. The file must come back from a copy.
var ErrDamaged = errors.New("appendfile: the file is damaged")

// ErrClosed is the error of a file that was closed.
var ErrClosed = errors.New("appendfile: the file is closed")

const (
	magic      = "djappnd1"
	headerSize = 12
	maxFrame   = 64 << 20 // bytes of a frame's body
	sector     = 512      // the least that a disk writes at once
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// backing is what a File needs of its os.File; tests put in one that fails.
type backing interface {
	io.Writer
	Sync() error
	Close() error
}

// A File is an open file of records. Its methods may be called from several
// goroutines.
type File struct {
	maxRecord int

	mu       sync.Mutex // guards all below, but not the file while flushing
	changed  sync.Cond  // flushing ended
	file     backing
	offset   int64  // of the next frame
	pending  []byte // a frame being filled: room for its header, then its body
	spare    []byte // the memory of the frame before, for the next
	queued   uint64 // calls of Queue so far
	durable  uint64 // of which on the disk
	flushing bool
	err      error // the first one, which ends the file
}

// Open opens the file at path, or creates it with its directory, and calls
// replay with every record in the order in which they were appended. A record
// is valid until replay returns; an error of replay ends Open. A record is at
// most maxRecord bytes long, when it is read and when it is written.
//
// On Unix the file is locked against a second process (and a second Open) until
// [File.Close]. Elsewhere the caller sees to it that there is none.
func Open(path string, maxRecord int, replay func(record []byte) error) (*File, error) {
	if maxRecord <= 0 || maxRecord > maxFrame-binary.MaxVarintLen32 {
		return nil, fmt.Errorf("appendfile: a record of at most %d bytes: choose 1 to %d", maxRecord, maxFrame-binary.MaxVarintLen32)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	offset, err := prepare(file, maxRecord, replay)
	if err == nil {
		err = syncDir(dir) // the name of a new file is only then on the disk
	}
	if err != nil {
		file.Close()
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w: %s", err, path)
		}
		return nil, err
	}
	return newFile(file, offset, maxRecord), nil
}

func newFile(file backing, offset int64, maxRecord int) *File {
	f := &File{maxRecord: maxRecord, file: file, offset: offset, pending: make([]byte, headerSize)}
	f.changed.L = &f.mu
	return f
}

// prepare locks the file, replays it, cuts a torn tail and leaves it ready for
// writing at the offset that it returns.
func prepare(file *os.File, maxRecord int, replay func([]byte) error) (int64, error) {
	if err := lock(file); err != nil {
		return 0, fmt.Errorf("appendfile: %s is in use by another process: %w", file.Name(), err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	offset, err := scan(file, info.Size(), maxRecord, replay)
	if err != nil {
		return 0, err
	}
	if offset < int64(len(magic)) {
		if _, err := file.WriteAt([]byte(magic), 0); err != nil {
			return 0, err
		}
		offset = int64(len(magic))
	}
	if err := file.Truncate(offset); err != nil {
		return 0, err
	}
	// Also when nothing was cut: a frame that was written completely by a
	// process that was killed before its fsync has just been replayed, and
	// must not be lost any more.
	if err := file.Sync(); err != nil {
		return 0, err
	}
	_, err = file.Seek(offset, io.SeekStart)
	return offset, err
}

// Append writes the records and returns when they are on the disk. After an
// error it is unknown whether they are; the file then accepts nothing more and
// must be opened again, which tells.
func (f *File) Append(records ...[]byte) error {
	if err := f.Queue(records...); err != nil {
		return err
	}
	return f.Sync()
}

// Queue puts the records in line, behind those of all earlier calls, and copies
// them. They are on the disk when a [File.Sync] that starts after it has
// returned nil. Queue waits for the disk only if 64 MiB are in line.
func (f *File) Queue(records ...[]byte) error {
	size := 0
	for _, r := range records {
		if len(r) > f.maxRecord {
			return fmt.Errorf("appendfile: a record of %d bytes, at most %d are allowed", len(r), f.maxRecord)
		}
		// Stepwise, so that it cannot overflow where int has 32 bits.
		if size += len(r) + binary.MaxVarintLen32; size > maxFrame {
			return fmt.Errorf("appendfile: records of more than %d bytes in one call; split them", maxFrame)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.err == nil && len(f.pending)-headerSize+size > maxFrame {
		f.flushOrWait()
	}
	if f.err != nil {
		return f.err
	}
	for _, r := range records {
		f.pending = binary.AppendUvarint(f.pending, uint64(len(r)))
		f.pending = append(f.pending, r...)
	}
	f.queued++
	return nil
}

// Sync returns when all records queued before it are on the disk.
func (f *File) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for target := f.queued; f.err == nil && f.durable < target; {
		f.flushOrWait()
	}
	return f.err
}

// Close syncs, closes and unlocks the file. It returns the error that ended the
// file before, if there was one.
func (f *File) Close() error {
	err := f.Sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.flushing {
		f.changed.Wait()
	}
	if f.file == nil {
		return err
	}
	closing := f.file.Close()
	f.file = nil
	if f.err == nil {
		f.err = ErrClosed
		err = closing
	}
	return err
}

// flushOrWait writes what is pending, or waits for the goroutine that writes
// already. Records that are queued meanwhile fill the next frame.
func (f *File) flushOrWait() {
	if f.flushing {
		f.changed.Wait()
		return
	}
	frame, offset, upTo, file := f.pending, f.offset, f.queued, f.file
	f.pending = append(f.spare[:0], make([]byte, headerSize)...)
	f.flushing = true
	f.mu.Unlock()

	err := write(file, frame, offset)

	f.mu.Lock()
	f.flushing = false
	f.spare = frame
	if cap(frame) > 1<<20 {
		f.spare = nil // a large batch is not what comes next
	}
	if err != nil {
		// Whether the disk has the frame is unknown, and after a failed fsync
		// even a second one that succeeds says nothing.
		f.err = fmt.Errorf("appendfile: writing failed, open the file again: %w", err)
	} else {
		f.offset = offset + int64(len(frame))
		f.durable = upTo
	}
	f.changed.Broadcast()
}

func write(file backing, frame []byte, offset int64) error {
	if len(frame) > headerSize { // else calls without records
		putHeader(frame, offset)
		if n, err := file.Write(frame); err != nil {
			return err
		} else if n < len(frame) {
			return io.ErrShortWrite
		}
		return file.Sync()
	}
	return nil
}

// putHeader fills in the header of a frame.
func putHeader(frame []byte, offset int64) {
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-headerSize))
	binary.BigEndian.PutUint32(frame[4:], crc32.Checksum(frame[headerSize:], castagnoli))
	binary.BigEndian.PutUint32(frame[8:], headerSum(frame, offset))
}

// headerSum covers the offset, so that a frame in another's place does not
// check.
func headerSum(header []byte, offset int64) uint32 {
	sum := crc32.Checksum(header[:8], castagnoli)
	return crc32.Update(sum, castagnoli, binary.BigEndian.AppendUint64(nil, uint64(offset)))
}
