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

// Add adds a mask. If it is malformed the sum is of no use any more.
func (s *MaskSum) Add(mask []byte) error {
	p := s.p
	switch {
	case s.broken:
		return errBroken
	case s.count == p.cfg.Contributors:
		return fmt.Errorf("rlwe: a sum of %d masks is full", s.count)
	}
	if err := p.addPacked(s.mask, mask); err != nil {
		s.broken = true
		return err
	}
	s.count++
	return nil
}

// Reset makes s the sum of no masks again.
func (s *MaskSum) Reset() {
	clear(s.mask)
	s.count, s.broken = 0, false
}

// AppendBinary appends the sum, which [MaskSum.Add] reads like a mask. The error
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
	return p.checkPacked(&scratch.x, mask)
}

// A Scratch is memory for [Params.CheckMask]. Its zero value is ready.
type Scratch struct{ x block }
