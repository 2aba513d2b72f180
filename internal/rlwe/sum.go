package rlwe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
)

// A Sum adds up one chunk of contributions. It holds no secret, and memory for
// a chunk, however many are added. It is for one goroutine; different chunks
// have different sums.
type Sum struct {
	p     *Params
	mask  poly // empty in mode Masked
	body  []uint64
	over  []uint32 // what is above 64 bits, nil if nothing can be
	count int
	most  int
	// what is being parsed
	block   block
	newBody []uint64
	// what opening takes, from the first time on
	shares *Sum
	opened poly
}

// NewSum returns the sum of no contributions of n coefficients.
func (p *Params) NewSum(n int) (*Sum, error) {
	s, err := p.newBodySum(n, p.cfg.Contributors)
	if err == nil && p.cfg.Mode != Masked {
		s.mask = p.newPoly()
	}
	return s, err
}

// NewBodySum returns the sum of no contributions of n coefficients, to which only
// bodies are added.
func (p *Params) NewBodySum(n int) (*Sum, error) { return p.newBodySum(n, p.cfg.Contributors) }

// newBodySum returns a sum without a mask.
func (p *Params) newBodySum(n, most int) (*Sum, error) {
	if err := p.checkLength(n); err != nil {
		return nil, err
	}
	s := &Sum{p: p, body: make([]uint64, n), newBody: make([]uint64, n), most: most}
	if p.sumBits() > 64 {
		s.over = make([]uint32, n)
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
	clear(s.over)
	s.count = 0
}

// Count is the number of contributions that were added.
func (s *Sum) Count() int { return s.count }

// Len is the number of coefficients.
func (s *Sum) Len() int { return len(s.body) }

// Add adds one ciphertext. If it is malformed the sum stays as it was.
func (s *Sum) Add(ciphertext []byte) error {
	p := s.p
	if s.maskless() {
		return errMaskless
	}
	if len(ciphertext) != p.CiphertextSize(len(s.body)) {
		return ErrMalformed
	}
	mask, body := ciphertext[:p.MaskSize()], ciphertext[p.MaskSize():]
	if s.mask == nil {
		return s.add(body)
	}
	if err := p.checkPacked(&s.block, mask); err != nil {
		return err
	}
	if err := s.add(body); err != nil {
		return err
	}
	return p.addPacked(s.mask, mask)
}

// AddBody adds what follows the mask of a ciphertext to a sum without a mask. If it
// is malformed the sum stays as it was.
func (s *Sum) AddBody(body []byte) error {
	if s.mask != nil {
		return errors.New("rlwe: the sum has a mask, and takes whole ciphertexts")
	}
	return s.add(body)
}

// add adds a body, and counts.
func (s *Sum) add(body []byte) error {
	if s.count == s.most {
		return fmt.Errorf("rlwe: a sum of %d contributions is full", s.most)
	}
	if !bitpack.Unpack(s.newBody, body, s.p.bodyBits, s.p.span-1) {
		return ErrMalformed
	}
	s.addBody(s.newBody)
	s.count++
	return nil
}

// appendMask appends the mask of the sum, from which decryption shares are made.
func (s *Sum) appendMask(dst []byte) []byte {
	if s.mask == nil {
		return dst
	}
	return s.p.appendPoly(dst, s.mask)
}

// addBody adds a body, over the integers.
func (s *Sum) addBody(body []uint64) {
	sum := s.body[:len(body)]
	if s.over == nil {
		for i, v := range body {
			sum[i] += v
		}
		return
	}
	for i, v := range body {
		var c uint64
		sum[i], c = bits.Add64(sum[i], v, 0)
		s.over[i] += uint32(c)
	}
}

// high is what the sum at i has above 64 bits.
func (s *Sum) high(i int) uint64 {
	if s.over == nil {
		return 0
	}
	return uint64(s.over[i])
}

var errMaskless = errors.New("rlwe: the sum was read without its mask")

// maskless reports whether the sum lacks a mask that it should have.
func (s *Sum) maskless() bool { return s.mask == nil && s.p.MaskSize() > 0 }

// AppendBinary appends the sum: the number of contributions, the mask and the
// body. The error is not nil if the sum was read without its mask.
func (s *Sum) AppendBinary(dst []byte) ([]byte, error) {
	if s.maskless() {
		return nil, errMaskless
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.count))
	return s.appendBody(s.appendMask(dst)), nil
}

// AppendBody appends the sum without its mask: the number of contributions and
// the body. That is all that opens with the shares of holders.
func (s *Sum) AppendBody(dst []byte) []byte {
	return s.appendBody(binary.BigEndian.AppendUint32(dst, uint32(s.count)))
}

func (s *Sum) appendBody(dst []byte) []byte {
	dst = bitpack.Append(dst, s.body, min(64, s.p.sumBits()))
	if s.over == nil {
		return dst
	}
	over := make([]uint64, len(s.over))
	for i, v := range s.over {
		over[i] = uint64(v)
	}
	return bitpack.Append(dst, over, s.p.sumBits()-64)
}

// parseBody reads the body, of as many contributions as the sum counts.
func (s *Sum) parseBody(b []byte) error {
	p, n := s.p, len(s.body)
	hi, lo := bits.Mul64(p.span-1, uint64(s.count))
	if s.over == nil {
		if !bitpack.Unpack(s.body, b, p.sumBits(), lo) {
			return ErrMalformed
		}
		return nil
	}
	split := bitpack.Size(n, 64)
	if len(b) < split || !bitpack.Unpack(s.body, b[:split], 64, math.MaxUint64) || !bitpack.Unpack(s.newBody, b[split:], p.sumBits()-64, hi) {
		return ErrMalformed
	}
	for i, v := range s.newBody {
		if (uint128{hi, lo}).less(uint128{v, s.body[i]}) == 1 {
			return ErrMalformed
		}
		s.over[i] = uint32(v)
	}
	return nil
}

// Parse sets s to a sum of as many coefficients, which has a mask if s has one. If
// it is malformed s is a sum of anything.
func (s *Sum) Parse(b []byte) error {
	p := s.p
	size := p.BodySumSize(len(s.body))
	if s.mask != nil {
		size += p.MaskSize()
	}
	if len(b) != size {
		return ErrMalformed
	}
	if err := s.parseCount(b); err != nil {
		return err
	}
	b = b[4:]
	if s.mask != nil {
		if err := p.parsePoly(s.mask, b[:p.MaskSize()]); err != nil {
			return err
		}
		b = b[p.MaskSize():]
	}
	return s.parseBody(b)
}

func (s *Sum) parseCount(b []byte) error {
	count := binary.BigEndian.Uint32(b)
	if count > math.MaxInt32 || int(count) > s.most {
		return ErrMalformed
	}
	s.count = int(count)
	return nil
}

// bodyTo adds the body of the sum to x, whose coefficients are residues.
func (s *Sum) bodyTo(x poly) {
	p := s.p
	for i := range p.limbs {
		l, c := &p.limbs[i], p.lift[i]
		r := p.limb(x, i)
		for j, v := range s.body {
			if s.over != nil {
				v = l.mod128(uint64(s.over[j]), v)
			}
			r[j] = l.reduce(r[j] + l.mul(v, c))
		}
	}
}
