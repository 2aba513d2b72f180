package rlwe

import (
	"errors"
	"fmt"
)

// A MaskSum adds up the masks of one chunk, for a holder that sees the masks of
// all contributions and nothing else of them. It is for one goroutine.
type MaskSum struct {
	p      *Params
	mask   poly
	count  int
	broken bool // by part of a malformed mask
}

// NewMaskSum returns the sum of no masks.
func (p *Params) NewMaskSum() (*MaskSum, error) {
	if p.cfg.Mode == Masked {
		return nil, errNoMasks
	}
	return &MaskSum{p: p, mask: p.newPoly()}, nil
}

var (
	errNoMasks = errors.New("rlwe: there are no masks in this mode")
	errBroken  = errors.New("rlwe: a malformed mask broke the sum")
)

// Add adds a mask. If it is malformed the sum is of no use any more. scratch is
// memory that sums of one goroutine may share.
func (s *MaskSum) Add(mask []byte, scratch *Scratch) error {
	p := s.p
	switch {
	case s.broken:
		return errBroken
	case s.count == p.cfg.Contributors:
		return fmt.Errorf("rlwe: a sum of %d masks is full", s.count)
	}
	err := p.eachBlock(&scratch.x, mask, func(i, at int, residues []uint64) {
		q := p.limbs[i].q
		sum := p.limb(s.mask, i)[at:][:len(residues)]
		for j, v := range residues {
			sum[j] = subtract(sum[j]+v, q)
		}
	})
	if err != nil {
		s.broken = true
		return err
	}
	s.count++
	return nil
}

// AppendBinary appends the sum, from which decryption shares are made. The error
// is not nil if a malformed mask was added.
func (s *MaskSum) AppendBinary(dst []byte) ([]byte, error) {
	if s.broken {
		return nil, errBroken
	}
	return s.p.appendPoly(dst, s.mask), nil
}

// CheckMask reports whether a mask is well formed, which is an error if not. Who
// adds up bodies only checks masks with it.
func (p *Params) CheckMask(mask []byte, scratch *Scratch) error {
	if p.cfg.Mode == Masked {
		return errNoMasks
	}
	return p.eachBlock(&scratch.x, mask, func(int, int, []uint64) {})
}

// A Scratch is memory for parsing. Its zero value is ready.
type Scratch struct{ x block }
