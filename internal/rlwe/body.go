package rlwe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// AppendBinary appends the packed sum of all shares, which [PublicKey.Add] reads
// as if it were one share. The error is nil.
func (k *PublicKey) AppendBinary(dst []byte) ([]byte, error) {
	p := k.p
	b := p.newPoly()
	for i := range p.limbs {
		p.limbs[i].IMForm(p.limb(k.b, i), p.limb(b, i))
	}
	return p.appendPoly(dst, b), nil
}

// BodySumSize is the size of a sum without its mask.
func (p *Params) BodySumSize(n int) int { return 4 + p.BodySize(n) }

// AppendBody appends the sum without its mask: the number of contributions and
// the body. That is all that opens with the shares of holders.
func (s *Sum) AppendBody(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.count))
	return appendPacked(dst, s.body, s.p.bodyBits)
}

// ParseBody reads a sum of n coefficients without its mask, which then is zero.
func (p *Params) ParseBody(n int, b []byte) (*Sum, error) {
	s, err := p.newSum(n, p.cfg.Contributors)
	if err != nil {
		return nil, err
	}
	if len(b) != p.BodySumSize(n) {
		return nil, ErrMalformed
	}
	count := binary.BigEndian.Uint32(b)
	if count > math.MaxInt32 || int(count) > p.cfg.Contributors {
		return nil, ErrMalformed
	}
	s.count = int(count)
	if !unpack(s.body, b[4:], p.bodyBits, p.span-1) {
		return nil, ErrMalformed
	}
	return s, nil
}

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

// AppendBinary appends the sum, as [Sum.AppendMask] does. The error is nil.
func (s *MaskSum) AppendBinary(dst []byte) ([]byte, error) { return s.p.appendPoly(dst, s.mask), nil }

// A Scratch is memory for parsing. Its zero value is ready.
type Scratch struct{ x poly }
