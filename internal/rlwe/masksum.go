package rlwe

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
)

// A MaskSum adds up the masks of one chunk. It has sums of residues as integers,
// which is what holders check with a [MaskHash] before they reduce it to the mask
// of the sum. It is for one goroutine.
type MaskSum struct {
	p     *Params
	sums  poly // integers, each less than count q
	count int
}

var errNoMasks = errors.New("rlwe: holders share for no masks in this mode")

// NewMaskSum returns the sum of no masks, in mode [Collective].
func (p *Params) NewMaskSum() (*MaskSum, error) {
	if p.cfg.Mode != Collective {
		return nil, errNoMasks
	}
	return &MaskSum{p: p, sums: p.newPoly()}, nil
}

// Reset makes s the sum of no masks again.
func (s *MaskSum) Reset() {
	clear(s.sums)
	s.count = 0
}

// Add adds a mask. If it is malformed the sum is of no use any more.
func (s *MaskSum) Add(mask []byte) error {
	p := s.p
	if s.count == p.cfg.Contributors {
		return fmt.Errorf("rlwe: a sum of %d masks is full", s.count)
	}
	if len(mask) != p.ringSize() {
		return ErrMalformed
	}
	for i, l := range p.limbs {
		size := bitpack.Size(p.n, l.bits)
		if !bitpack.UnpackSum(p.limb(s.sums, i), mask[:size], l.bits, l.q-1) {
			return ErrMalformed
		}
		mask = mask[size:]
	}
	s.count++
	return nil
}

// maskSumBits is the length of a sum of residues modulo prime i of all masks.
func (p *Params) maskSumBits(i int) int {
	return bits.Len64((p.limbs[i].q - 1) * uint64(p.cfg.Contributors))
}

// AppendBinary appends the sum. The error is nil.
func (s *MaskSum) AppendBinary(dst []byte) ([]byte, error) {
	for i := range s.p.limbs {
		dst = bitpack.Append(dst, s.p.limb(s.sums, i), s.p.maskSumBits(i))
	}
	return dst, nil
}

// Parse sets s to a sum of so many masks. If it is malformed s is a sum of
// anything.
func (s *MaskSum) Parse(b []byte, count int) error {
	p := s.p
	if count < 1 || count > p.cfg.Contributors || len(b) != p.MaskSumSize() {
		return ErrMalformed
	}
	s.count = count
	for i, l := range p.limbs {
		size := bitpack.Size(p.n, p.maskSumBits(i))
		if !bitpack.Unpack(p.limb(s.sums, i), b[:size], p.maskSumBits(i), (l.q-1)*uint64(count)) {
			return ErrMalformed
		}
		b = b[size:]
	}
	return nil
}

// AppendMask appends the mask of the sum, from which holders make shares. It uses
// up s.
func (s *MaskSum) AppendMask(dst []byte) []byte {
	for i := range s.p.limbs {
		s.p.limbs[i].reduceAll(s.p.limb(s.sums, i))
	}
	s.count = 0
	return s.p.appendPoly(dst, s.sums)
}
