package rlwe

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// An Encryptor encrypts under one public key. It is for one goroutine; as many
// as one likes may share a key.
type Encryptor struct {
	k *PublicKey
	scratch
}

// scratch is memory for a chunk.
type scratch struct {
	u, mask, body  poly
	small, numbers []uint64
}

func (p *Params) newScratch() scratch {
	return scratch{
		u: p.newPoly(), mask: p.newPoly(), body: p.newPoly(),
		small: make([]uint64, p.n), numbers: make([]uint64, p.n),
	}
}

// NewEncryptor returns an encryptor under k.
func (p *Params) NewEncryptor(k *PublicKey) (*Encryptor, error) {
	if k.p.digest != p.digest {
		return nil, errors.New("rlwe: the public key has other parameters")
	}
	if k.n == 0 {
		return nil, errors.New("rlwe: the public key has no shares")
	}
	return &Encryptor{k: k, scratch: p.newScratch()}, nil
}

// Encrypt appends the encryption of a chunk of values, each less than the
// capacity, of which there are between 1 and N.
func (e *Encryptor) Encrypt(dst []byte, values []uint64) ([]byte, error) {
	return e.encrypt(dst, values, coins())
}

func (e *Encryptor) encrypt(dst []byte, values []uint64, g *prg.PRG) ([]byte, error) {
	p := e.k.p
	if err := p.checkValues(values); err != nil {
		return nil, err
	}
	e.zero(e.k, g)
	dst = p.appendPoly(dst, e.mask)
	binomial(g, e.small)
	p.bodies(e.numbers, e.body, e.small, values)
	clear(e.u)
	clear(e.body)
	clear(e.small)
	return appendPacked(dst, e.numbers[:len(values)], p.bodyBits), nil
}

// String says what e is, and not what it encrypts.
func (e *Encryptor) String() string { return "rlwe.Encryptor" }

// GoString is [Encryptor.String].
func (e *Encryptor) GoString() string { return e.String() }

// LogValue is [Encryptor.String].
func (e *Encryptor) LogValue() slog.Value { return slog.StringValue(e.String()) }

// checkValues checks a chunk. Whether a value is within the capacity is told,
// which one is not.
func (p *Params) checkValues(values []uint64) error {
	if len(values) < 1 || len(values) > p.n {
		return fmt.Errorf("rlwe: a chunk of %d values is not between 1 and %d", len(values), p.n)
	}
	var over uint64
	for _, v := range values {
		over |= uint128{0, p.cfg.Capacity - 1}.less(uint128{0, v})
	}
	if over != 0 {
		return fmt.Errorf("rlwe: a value is not less than the capacity of %d", p.cfg.Capacity)
	}
	return nil
}

// zero sets the mask to a u + e1, transformed, and the body to b u, for which
// u is ternary: with an error added to the body this is an encryption of zero
// [LPR10, section 3.2], in which (a, b) is the public key.
func (s *scratch) zero(k *PublicKey, g *prg.PRG) {
	p := k.p
	ternary(g, s.small)
	for i := range p.limbs {
		u := p.limb(s.u, i)
		p.limbs[i].fromSigned(u, s.small)
		p.limbs[i].NTTLazy(u, u) // below 2q, which products in Montgomery form allow
	}
	p.mulPoly(s.body, k.b, s.u)
	p.inverse(s.body)
	binomial(g, s.small)
	for i := range p.limbs {
		l := &p.limbs[i]
		mask := p.limb(s.mask, i)
		l.ntt(mask, s.small)
		l.MulCoeffsMontgomeryThenAdd(p.limb(k.a, i), p.limb(s.u, i), mask)
	}
}

// addSmall returns x + e mod Q of a small number in two's complement.
func (p *Params) addSmall(x uint128, e uint64) uint128 {
	sign := -(e >> 63)
	return x.add(uint128{sign, e}).add(uint128{p.q.hi & sign, p.q.lo & sign}).reduce(p.q)
}

// place returns x + v 2^delta mod Q.
func (p *Params) place(x uint128, v uint64) uint128 {
	return x.add(uint128{0, v}.shl(p.delta)).reduce(p.q)
}

// round drops the lowest bits of x.
func (p *Params) round(x uint128) uint64 {
	return subtract(x.add(p.half()).shr(p.drop).lo, p.span)
}

// subtract returns x mod m of x < 2m < 2^64, in constant time.
func subtract(x, m uint64) uint64 {
	r, b := bits.Sub64(x, m, 0)
	return r + m&-b
}
