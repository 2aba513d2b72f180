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
	b      []byte
}

func newMaskSums(p *Plan) *maskSums {
	return &maskSums{p: p.params, memory: make([]*rlwe.MaskSum, p.chunks())}
}

// errSpool is about a file that is not as it was written. A share that was made
// of what is there would be for a mask that nobody has audited.
var errSpool = errors.New("he: the file of the audit is not as it was written")

// add adds a mask to the sum of a chunk. The error wraps [rlwe.ErrMalformed] if
// it is the mask's.
func (s *maskSums) add(chunk int, mask []byte) error {
	sum := s.memory[chunk]
	if sum == nil {
		var err error
		if sum, err = s.p.NewMaskSum(); err != nil {
			return err
		}
	}
	if s.file == nil {
		s.memory[chunk] = sum
		return sum.Add(mask)
	}
	if s.hashes[chunk] != [sha256.Size]byte{} {
		b, err := s.append(s.b[:0], chunk)
		if err != nil {
			return err
		}
		if err := sum.Add(b); err != nil {
			return errSpool
		}
		s.b = b
	}
	if err := sum.Add(mask); err != nil {
		return err
	}
	b, err := sum.AppendBinary(s.b[:0])
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(b, int64(chunk)*int64(len(b))); err != nil {
		return fmt.Errorf("he: writing the file of the audit: %w", err)
	}
	s.hashes[chunk], s.b = sha256.Sum256(b), b
	return nil
}

// append appends the packed sum of a chunk. It may be called from many
// goroutines.
func (s *maskSums) append(dst []byte, chunk int) ([]byte, error) {
	if s.file == nil {
		return s.memory[chunk].AppendBinary(dst)
	}
	at, size := len(dst), s.p.MaskSize()
	dst = append(dst, make([]byte, size)...)
	if n, err := s.file.ReadAt(dst[at:], int64(chunk)*int64(size)); n < size {
		return nil, fmt.Errorf("he: reading the file of the audit: %w", err)
	}
	if sha256.Sum256(dst[at:]) != s.hashes[chunk] {
		return nil, errSpool
	}
	return dst, nil
}
