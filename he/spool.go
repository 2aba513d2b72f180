package he

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// maskSums are the masks of the sum, by chunk, as an audit found them, packed. They
// are in memory, or in a file, of which only hashes are in memory. Different
// goroutines may read at the same time.
type maskSums struct {
	size   int // of a chunk
	memory [][]byte
	file   interface {
		io.ReaderAt
		io.WriterAt
	}
	hashes [][sha256.Size]byte // of chunks in the file
}

func newMaskSums(p *Plan) *maskSums {
	return &maskSums{size: p.params.MaskSize(), memory: make([][]byte, p.chunks())}
}

// keepIn moves to a file, before anything is kept.
func (s *maskSums) keepIn(file interface {
	io.ReaderAt
	io.WriterAt
}) {
	s.file, s.hashes = file, make([][sha256.Size]byte, len(s.memory))
}

// errSpool is about a file that is not as it was written. A share that was made
// of what is there would be for a mask that nobody has audited.
var errSpool = errors.New("he: the file of the audit is not as it was written")

// put keeps the mask of a chunk, which it owns if there is no file.
func (s *maskSums) put(chunk int, mask []byte) error {
	if s.file == nil {
		s.memory[chunk] = mask
		return nil
	}
	if _, err := s.file.WriteAt(mask, int64(chunk)*int64(s.size)); err != nil {
		return fmt.Errorf("he: writing the file of the audit: %w", err)
	}
	s.hashes[chunk] = sha256.Sum256(mask)
	return nil
}

// at returns the mask of a chunk. It may read into b.
func (s *maskSums) at(chunk int, b []byte) ([]byte, error) {
	if s.file == nil {
		return s.memory[chunk], nil
	}
	b = grow(b, s.size)
	if n, err := s.file.ReadAt(b, int64(chunk)*int64(s.size)); n < len(b) {
		return nil, fmt.Errorf("he: reading the file of the audit: %w", err)
	}
	if sha256.Sum256(b) != s.hashes[chunk] {
		return nil, errSpool
	}
	return b, nil
}

// check reads what is in a file, so that a change is found while the audit can
// still be done again.
func (s *maskSums) check() error {
	var b []byte
	for chunk := 0; s.file != nil && chunk < len(s.memory); chunk++ {
		var err error
		if b, err = s.at(chunk, b); err != nil {
			return err
		}
	}
	return nil
}
