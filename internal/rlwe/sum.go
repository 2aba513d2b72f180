package rlwe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Sum adds up one chunk of contributions. It holds no secret, and memory for
// a chunk, however many are added. It is for one goroutine; different chunks
// have different sums.
type Sum struct {
	p     *Params
	mask  poly // empty in mode Masked
	body  []uint64
	count int
	most  int
	// what is being parsed
	newMask poly
	newBody []uint64
}

// NewSum returns the sum of no contributions of n coefficients.
func (p *Params) NewSum(n int) (*Sum, error) { return p.newSum(n, p.cfg.Contributors) }

// NewSwitchSum returns the sum of no switching shares of n coefficients.
func (p *Params) NewSwitchSum(n int) (*Sum, error) {
	if !p.cfg.Switch {
		return nil, errors.New("rlwe: the parameters have no room for switching")
	}
	return p.newSum(n, p.cfg.Holders)
}

func (p *Params) newSum(n, most int) (*Sum, error) {
	if err := p.checkLength(n); err != nil {
		return nil, err
	}
	s := &Sum{p: p, body: make([]uint64, n), newBody: make([]uint64, n), most: most}
	if p.cfg.Mode != Masked {
		s.mask, s.newMask = p.newPoly(), p.newPoly()
	}
	return s, nil
}

func (p *Params) checkLength(n int) error {
	if n < 1 || n > p.n {
		return fmt.Errorf("rlwe: a chunk of %d values is not between 1 and %d", n, p.n)
	}
	return nil
}

// Reset makes s the sum of no contributions again.
func (s *Sum) Reset() {
	clear(s.mask)
	clear(s.body)
	s.count = 0
}

// Count is the number of contributions that were added.
func (s *Sum) Count() int { return s.count }

// Len is the number of coefficients.
func (s *Sum) Len() int { return len(s.body) }

// Add adds one ciphertext. If it is malformed the sum stays as it was.
func (s *Sum) Add(ciphertext []byte) error {
	p := s.p
	if s.count == s.most {
		return fmt.Errorf("rlwe: a sum of %d contributions is full", s.most)
	}
	if len(ciphertext) != p.CiphertextSize(len(s.body)) {
		return ErrMalformed
	}
	mask, body := ciphertext[:p.MaskSize()], ciphertext[p.MaskSize():]
	if s.mask != nil {
		if err := p.parsePoly(s.newMask, mask); err != nil {
			return err
		}
	}
	if !unpack(s.newBody, body, p.bodyBits, p.span-1) {
		return ErrMalformed
	}
	if s.mask != nil {
		p.addPoly(s.mask, s.newMask)
	}
	p.addBodies(s.body, s.newBody)
	s.count++
	return nil
}

// AppendMask appends the mask of the sum, from which decryption shares are made.
func (s *Sum) AppendMask(dst []byte) []byte {
	if s.mask == nil {
		return dst
	}
	return s.p.appendPoly(dst, s.mask)
}

// AppendBinary appends the sum: the number of contributions, the mask and the
// body. The error is nil.
func (s *Sum) AppendBinary(dst []byte) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.count))
	return appendPacked(s.AppendMask(dst), s.body, s.p.bodyBits), nil
}

// ParseSum reads a sum of n coefficients.
func (p *Params) ParseSum(n int, b []byte) (*Sum, error) { return p.parseSum(n, p.cfg.Contributors, b) }

// ParseSwitchSum reads a sum of switching shares of n coefficients.
func (p *Params) ParseSwitchSum(n int, b []byte) (*Sum, error) {
	if !p.cfg.Switch {
		return nil, errors.New("rlwe: the parameters have no room for switching")
	}
	return p.parseSum(n, p.cfg.Holders, b)
}

func (p *Params) parseSum(n, most int, b []byte) (*Sum, error) {
	s, err := p.newSum(n, most)
	if err != nil {
		return nil, err
	}
	if len(b) != p.SumSize(n) {
		return nil, ErrMalformed
	}
	count, b := binary.BigEndian.Uint32(b), b[4:]
	if count > math.MaxInt32 || int(count) > most {
		return nil, ErrMalformed
	}
	s.count = int(count)
	if s.mask != nil {
		if err := p.parsePoly(s.mask, b[:p.MaskSize()]); err != nil {
			return nil, err
		}
		b = b[p.MaskSize():]
	}
	if !unpack(s.body, b, p.bodyBits, p.span-1) {
		return nil, ErrMalformed
	}
	return s, nil
}

// bodyTo adds the body of the sum to x, whose coefficients are residues.
func (s *Sum) bodyTo(x poly) {
	p := s.p
	for i := range p.limbs {
		l, c := &p.limbs[i], p.lift[i]
		r := p.limb(x, i)
		for j, v := range s.body {
			r[j] = l.reduce(r[j] + l.mul(v, c))
		}
	}
}
