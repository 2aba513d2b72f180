package he

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// maskSums are the sums, by chunk, of the masks that an audit has seen. They are
// in memory, or packed in a file, of which only hashes are in memory.
type maskSums struct {
	p      *rlwe.Params
	memory []*rlwe.MaskSum
	file   interface {
		io.ReaderAt
		io.WriterAt
	}
	hashes [][sha256.Size]byte // of chunks in the file; zero where there is none yet
	sum    *rlwe.MaskSum       // of the chunk that is being added to, if there is a file
	b      []byte
}

func newMaskSums(p *Plan) *maskSums {
	return &maskSums{p: p.params, memory: make([]*rlwe.MaskSum, p.chunks())}
}

// keepIn moves to a file, before anything is added.
func (s *maskSums) keepIn(file interface {
	io.ReaderAt
	io.WriterAt
}) (err error) {
	s.file, s.hashes = file, make([][sha256.Size]byte, len(s.memory))
	s.sum, err = s.p.NewMaskSum()
	return err
}

// errSpool is about a file that is not as it was written. A share that was made
// of what is there would be for a mask that nobody has audited.
var errSpool = errors.New("he: the file of the audit is not as it was written")

// add adds a mask to the sum of a chunk. The error wraps [rlwe.ErrMalformed] if
// it is the mask's.
func (s *maskSums) add(chunk int, mask []byte) (err error) {
	if s.file == nil {
		if s.memory[chunk] == nil {
			if s.memory[chunk], err = s.p.NewMaskSum(); err != nil {
				return err
			}
		}
		return s.memory[chunk].Add(mask)
	}
	s.sum.Reset()
	if s.hashes[chunk] != [sha256.Size]byte{} {
		if s.b, err = s.load(s.sum, s.b, chunk); err != nil {
			return err
		}
	}
	if err := s.sum.Add(mask); err != nil {
		return err
	}
	if s.b, err = s.sum.AppendBinary(s.b[:0]); err != nil {
		return err
	}
	if _, err := s.file.WriteAt(s.b, int64(chunk)*int64(len(s.b))); err != nil {
		return fmt.Errorf("he: writing the file of the audit: %w", err)
	}
	s.hashes[chunk] = sha256.Sum256(s.b)
	return nil
}

// load adds the sum of a chunk in the file to an empty sum. It reads into b, which
// it returns with another length.
func (s *maskSums) load(sum *rlwe.MaskSum, b []byte, chunk int) ([]byte, error) {
	b = grow(b, s.p.MaskSize())
	if n, err := s.file.ReadAt(b, int64(chunk)*int64(len(b))); n < len(b) {
		return b, fmt.Errorf("he: reading the file of the audit: %w", err)
	}
	if sha256.Sum256(b) != s.hashes[chunk] || sum.Add(b) != nil {
		return b, errSpool
	}
	return b, nil
}

// check reads all sums, if they are in a file, so that one that has changed is
// found while the audit can still be done again.
func (s *maskSums) check() (err error) {
	for chunk := 0; s.file != nil && chunk < len(s.memory); chunk++ {
		s.sum.Reset()
		if s.b, err = s.load(s.sum, s.b, chunk); err != nil {
			return err
		}
	}
	return nil
}

// A maskReader reads the sums of an audit that is over. It is for one goroutine;
// all may have one.
type maskReader struct {
	*maskSums
	sum *rlwe.MaskSum
	b   []byte
}

// at returns the sum of a chunk, until the next is asked for.
func (r *maskReader) at(chunk int) (_ *rlwe.MaskSum, err error) {
	if r.file == nil {
		return r.memory[chunk], nil
	}
	if r.sum == nil {
		if r.sum, err = r.p.NewMaskSum(); err != nil {
			return nil, err
		}
	}
	r.sum.Reset()
	r.b, err = r.load(r.sum, r.b, chunk)
	return r.sum, err
}
