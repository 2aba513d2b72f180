package rlwe

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// An Encryptor encrypts under one public key. It is for one goroutine; as many
// as one likes may share a key.
type Encryptor struct {
	k *PublicKey
	scratch
	u, mask, e1 []uint64
}

// scratch is memory for a chunk.
type scratch struct {
	body           poly
	small, numbers []uint64
}

func (p *Params) newScratch() scratch {
	return scratch{body: p.newPoly(), small: make([]uint64, p.n), numbers: make([]uint64, p.n)}
}

// NewEncryptor returns an encryptor under k.
func (p *Params) NewEncryptor(k *PublicKey) (*Encryptor, error) {
	if k.p.digest != p.digest {
		return nil, errors.New("rlwe: the public key has other parameters")
	}
	if k.n == 0 {
		return nil, errors.New("rlwe: the public key has no shares")
	}
	n := p.n
	return &Encryptor{k: k, scratch: p.newScratch(), u: make([]uint64, n), mask: make([]uint64, n), e1: make([]uint64, n)}, nil
}

// Encrypt appends the encryption of a chunk of values, each less than the
// capacity, of which there are between 1 and N.
func (e *Encryptor) Encrypt(dst []byte, values []uint64) ([]byte, error) {
	return e.encrypt(dst, values, coins())
}

// encrypt makes (b u + e0 + message, a u + e1) of the public key (a, b), with a
// ternary u [LPR10, section 3.2]. It goes prime by prime, since all of a chunk
// would not fit the cache.
func (e *Encryptor) encrypt(dst []byte, values []uint64, g *prg.PRG) ([]byte, error) {
	p := e.k.p
	if err := p.checkValues(values); err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, p.CiphertextSize(len(values)))
	ternary(g, e.small)
	binomial(g, e.e1)
	for i := range p.limbs {
		l, body := &p.limbs[i], p.limb(e.body, i)
		l.Forward(e.u, e.small)
		l.Mul(body, p.limb(e.k.b, i), e.u)
		l.Inverse(body, body)
		l.Forward(e.mask, e.e1)
		l.MulAdd(e.mask, p.limb(e.k.a, i), e.u, e.mask)
		dst = bitpack.Append(dst, e.mask, l.bits)
	}
	binomial(g, e.small)
	p.bodies(e.numbers, e.body, e.small, values)
	for _, x := range [][]uint64{e.u, e.e1, e.small, e.body} {
		clear(x)
	}
	return bitpack.Append(dst, e.numbers[:len(values)], p.bodyBits), nil
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

// subtract returns x mod m of x < 2m < 2^64, in constant time.
func subtract(x, m uint64) uint64 {
	r, b := bits.Sub64(x, m, 0)
	return r + m&-b
}
