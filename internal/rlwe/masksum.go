package rlwe

import (
	"errors"
	"fmt"
)

// A MaskSum adds up the masks of one chunk, for a holder that sees the masks of
// all contributions and nothing else of them. It is for one goroutine.
type MaskSum struct {
	p     *Params
	mask  poly
	count int
}

// NewMaskSum returns the sum of no masks.
func (p *Params) NewMaskSum() (*MaskSum, error) {
	if p.cfg.Mode == Masked {
		return nil, errors.New("rlwe: there are no masks in this mode")
	}
	return &MaskSum{p: p, mask: p.newPoly()}, nil
}

// Add adds a mask. If it is malformed the sum stays as it was. scratch is memory
// that sums of one goroutine may share.
func (s *MaskSum) Add(mask []byte, scratch *Scratch) error {
	p := s.p
	if s.count == p.cfg.Contributors {
		return fmt.Errorf("rlwe: a sum of %d masks is full", s.count)
	}
	if len(scratch.x) != len(s.mask) {
		scratch.x = p.newPoly()
	}
	if err := p.parsePoly(scratch.x, mask); err != nil {
		return err
	}
	p.addPoly(s.mask, scratch.x)
	s.count++
	return nil
}

// AppendBinary appends the sum, from which decryption shares are made. The error
// is nil.
func (s *MaskSum) AppendBinary(dst []byte) ([]byte, error) { return s.p.appendPoly(dst, s.mask), nil }

// A Scratch is memory for parsing. Its zero value is ready.
type Scratch struct{ x poly }
