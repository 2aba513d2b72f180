package appendfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// scan reads the file of the given size from its start, calls replay with every
// record, and returns the offset behind the last whole frame. What follows
// there is a torn tail; anything else that does not check is ErrDamaged.
func scan(file io.Reader, size int64, maxRecord int, replay func([]byte) error) (int64, error) {
	r := bufio.NewReaderSize(io.LimitReader(file, size), 1<<16)
	start := make([]byte, min(size, int64(len(magic))))
	if _, err := io.ReadFull(r, start); err != nil {
		return 0, err
	}
	switch {
	case string(start) == magic:
	case size <= int64(len(magic)) && (string(start) == magic[:size] || zero(start)):
		return 0, nil // stopped while creating it
	default:
		return 0, fmt.Errorf("%w: it does not start like a file of records", ErrDamaged)
	}
	var header [headerSize]byte
	var body []byte
	offset := int64(len(magic))
	for offset < size {
		if size-offset < headerSize {
			return offset, nil // torn
		}
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return 0, err
		}
		length := int64(binary.BigEndian.Uint32(header[:]))
		if binary.BigEndian.Uint32(header[8:]) != headerSum(header[:], offset) {
			// A length that does not check does not say where the frame ends,
			// so this is a tail for certain only if nothing at all follows.
			if zero(header[:]) {
				rest, err := onlyZeros(r)
				if err != nil {
					return 0, err
				}
				if rest {
					return offset, nil // torn: reserved and never written
				}
			}
			return 0, fmt.Errorf("%w at offset %d: a frame's header does not check", ErrDamaged, offset)
		}
		if length > maxFrame || length == 0 {
			return 0, fmt.Errorf("%w at offset %d: a frame of %d bytes", ErrDamaged, offset, length)
		}
		end := offset + headerSize + length
		if end > size {
			return offset, nil // torn
		}
		if int64(cap(body)) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(r, body); err != nil {
			return 0, err
		}
		if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(header[4:]) {
			if end == size && zeroSector(body, offset+headerSize) {
				return offset, nil // torn: reserved and not all written
			}
			return 0, fmt.Errorf("%w at offset %d: a frame's records do not check", ErrDamaged, offset)
		}
		if err := records(body, offset, maxRecord, replay); err != nil {
			return 0, err
		}
		offset = end
	}
	return offset, nil
}

// records calls replay with each record of a frame whose checksum is right.
func records(body []byte, offset int64, maxRecord int, replay func([]byte) error) error {
	for len(body) > 0 {
		length, n := binary.Uvarint(body)
		if n <= 0 || length > uint64(len(body)-n) {
			return fmt.Errorf("%w at offset %d: a frame's records do not fill it", ErrDamaged, offset)
		}
		if length > uint64(maxRecord) {
			return fmt.Errorf("appendfile: a record of %d bytes at offset %d, at most %d are allowed", length, offset, maxRecord)
		}
		record := body[n : n+int(length) : n+int(length)]
		if err := replay(record); err != nil {
			return err
		}
		body = body[n+int(length):]
	}
	return nil
}

// zeroSector reports whether body, which lies at the given offset of the file,
// has only zeros in some sector: what a disk shows that was told of a file's new
// length before its new contents. A flipped bit does not look like that.
func zeroSector(body []byte, offset int64) bool {
	for len(body) > 0 {
		n := min(int64(len(body)), sector-offset%sector)
		if zero(body[:n]) {
			return true
		}
		body, offset = body[n:], offset+n
	}
	return false
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func onlyZeros(r io.Reader) (bool, error) {
	var buffer [4096]byte
	for {
		n, err := r.Read(buffer[:])
		if !zero(buffer[:n]) {
			return false, nil
		}
		if err == io.EOF {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
}
