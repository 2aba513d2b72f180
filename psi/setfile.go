package psi

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
)

// A setFile holds what a Set otherwise has in memory: records in the order of
// digests, 20 bytes each, and in another file repeats in the order of items, 8
// bytes each.
type setFile struct {
	records, repeats *tempFile
}

const (
	recordSize = digestSize + 4
	repeatSize = 4 + 4
	// setParts is into how many parts the records go before they are sorted, by
	// the first byte of their digests, and setBlock how many of a part are
	// written at once.
	setParts = 256
	setBlock = 1 << 12
)

// NewFileSet is [NewSet] for more items than memory holds: the set lies in
// temporary files in a directory, or in that of os.TempDir if dir is empty, and
// takes 20 bytes of them for a row, and 40 while it is read. Close removes
// them. Until then hashes of all items lie there, from which items can be guessed.
// Reading takes some 21 MB and 0.2 bytes a row of memory. A run reads the part that
// it works on, so it should have a Config.Memory.
func NewFileSet(dir string, items iter.Seq2[[]byte, error]) (*Set, error) {
	unsorted, err := newTempFile(dir)
	if err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	defer unsorted.remove()
	set := &Set{file: new(setFile)}
	var parts [setParts][]byte    // encoded records that have not been written
	var blocks [setParts][]uint32 // numbers of the blocks that have
	err = set.read(items, func(r record) error {
		part := r.digest[0]
		if parts[part] == nil {
			parts[part] = make([]byte, 0, setBlock*recordSize)
		}
		parts[part] = appendRecord(parts[part], &r)
		if len(parts[part]) < setBlock*recordSize {
			return nil
		}
		blocks[part] = append(blocks[part], uint32(unsorted.size/(setBlock*recordSize)))
		err := unsorted.append(parts[part])
		parts[part] = parts[part][:0]
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	if err := set.sortFile(dir, unsorted, &parts, &blocks); err != nil {
		set.Close()
		return nil, fmt.Errorf("psi: %w", err)
	}
	return set, nil
}

// sortFile sorts one part after the other into the files of the set.
func (s *Set) sortFile(dir string, unsorted *tempFile, parts *[setParts][]byte, blocks *[setParts][]uint32) (err error) {
	if s.file.records, err = newTempFile(dir); err != nil {
		return err
	}
	if s.file.repeats, err = newTempFile(dir); err != nil {
		return err
	}
	var sorter bucketSorter
	var records []record
	var repeats []repeat
	buf := make([]byte, setBlock*recordSize)
	for part := range setParts {
		records = records[:0]
		for _, b := range blocks[part] {
			if _, err := unsorted.ReadAt(buf, int64(b)*int64(len(buf))); err != nil {
				return fmt.Errorf("reading a temporary file: %w", noEOF(err))
			}
			records = appendRecords(records, buf)
		}
		records = appendRecords(records, parts[part])
		parts[part] = nil
		sorter.sort(records)
		var different []record
		different, repeats = split(records, s.items, repeats[:0])
		s.items += len(different)
		for block := range slices.Chunk(different, setBlock) {
			out := buf[:0]
			for i := range block {
				out = appendRecord(out, &block[i])
			}
			if err := s.file.records.append(out); err != nil {
				return err
			}
		}
		for block := range slices.Chunk(repeats, setBlock) {
			out := buf[:0]
			for _, r := range block {
				out = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(out, r.item), r.row)
			}
			if err := s.file.repeats.append(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close removes the files of a set that [NewFileSet] made, after which it is of no
// use. It does nothing to one in memory.
func (s *Set) Close() error {
	if s.file == nil || s.closed {
		return nil
	}
	s.closed = true
	var first error
	for _, f := range []*tempFile{s.file.records, s.file.repeats} {
		if f == nil {
			continue
		}
		if err := f.remove(); first == nil {
			first = err
		}
	}
	return first
}

func appendRecord(b []byte, r *record) []byte {
	return binary.BigEndian.AppendUint32(append(b, r.digest[:]...), r.row)
}

// appendRecords appends the records that b encodes.
func appendRecords(records []record, b []byte) []record {
	for ; len(b) > 0; b = b[recordSize:] {
		records = append(records, record{digest(b[:digestSize]), binary.BigEndian.Uint32(b[digestSize:])})
	}
	return records
}

// load returns the records from number lo to hi.
func (f *setFile) load(lo, hi int) ([]record, error) {
	records := make([]record, 0, hi-lo)
	r := bufio.NewReaderSize(f.records.section(int64(lo)*recordSize, int64(hi)*recordSize), min(hi-lo, setBlock)*recordSize)
	var b [recordSize]byte
	for range hi - lo {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, fmt.Errorf("reading the set's file: %w", noEOF(err))
		}
		records = appendRecords(records, b[:])
	}
	return records, nil
}

// each calls record with all records and their numbers, and repeat with all
// repeats.
func (f *setFile) each(record func(i int, r *record), repeat func(repeat)) error {
	for lo, n := 0, int(f.records.size/recordSize); lo < n; lo += setBlock {
		records, err := f.load(lo, min(lo+setBlock, n))
		if err != nil {
			return err
		}
		for i := range records {
			record(lo+i, &records[i])
		}
	}
	r := bufio.NewReaderSize(f.repeats.section(0, f.repeats.size), setBlock*repeatSize)
	var b [repeatSize]byte
	for range f.repeats.size / repeatSize {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return fmt.Errorf("reading the set's file: %w", noEOF(err))
		}
		repeat(repeatOf(b))
	}
	return nil
}

func repeatOf(b [repeatSize]byte) repeat {
	return repeat{binary.BigEndian.Uint32(b[:4]), binary.BigEndian.Uint32(b[4:])}
}
