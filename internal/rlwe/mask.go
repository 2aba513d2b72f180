package rlwe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A Masker masks the vector of one contributor, or unmasks the sum of several
// with the sum of their keys. It is for one goroutine.
//
// The mask of chunk k is a[k] s + e, where a[k] comes from a public seed, s is the
// key and e is a fresh error: a key-homomorphic pseudorandom function but for
// its noise [BLMR13], [KP24].
type Masker struct {
	p     *Params
	count int
	s     poly // the key, transformed
	seed  [32]byte
	next  int // the first chunk that has no mask yet
	scratch
}

// NewMasker returns a masker with a key and the seed that all contributors of a
// sum share. The seed must be fresh: a key masks one vector under one seed.
func (p *Params) NewMasker(k *MaskKey, seed [32]byte) (*Masker, error) {
	if p.cfg.Mode != Masked {
		return nil, errNotMasked
	}
	if k.p.digest != p.digest {
		return nil, errors.New("rlwe: the mask key has other parameters")
	}
	m := &Masker{p: p, count: k.count, s: p.newPoly(), seed: seed, scratch: p.newScratch()}
	for i := range p.limbs {
		l, s := &p.limbs[i], p.limb(m.s, i)
		for j, x := range k.x {
			s[j] = l.signed(x)
		}
		l.Forward(s, s)
	}
	return m, nil
}

// String says what m is, and not its key.
func (m *Masker) String() string { return "rlwe.Masker" }

// GoString is [Masker.String].
func (m *Masker) GoString() string { return m.String() }

// LogValue is [Masker.String].
func (m *Masker) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Mask appends the masked values of a chunk, between 1 and N of them and each
// less than the capacity. Chunks are masked once and in increasing order, since
// the difference of two vectors under one mask is no secret.
func (m *Masker) Mask(dst []byte, chunk int, values []uint64) ([]byte, error) {
	return m.maskWith(dst, chunk, values, coins())
}

func (m *Masker) maskWith(dst []byte, chunk int, values []uint64, g *prg.PRG) ([]byte, error) {
	p := m.p
	switch {
	case m.count != 1:
		return nil, errors.New("rlwe: a sum of keys masks nothing")
	case chunk < m.next:
		return nil, fmt.Errorf("rlwe: chunk %d is masked already", chunk)
	}
	if err := p.checkValues(values); err != nil {
		return nil, err
	}
	m.next = chunk + 1
	m.product(chunk)
	gauss(g, m.small)
	p.bodies(m.numbers, m.body, m.small, values)
	clear(m.body)
	clear(m.small)
	return bitpack.Append(dst, m.numbers[:len(values)], p.bodyBits), nil
}

// product sets the body to a s for a chunk, in coefficients.
func (m *Masker) product(chunk int) {
	p := m.p
	g := prg.New(p.seed("mask", binary.BigEndian.AppendUint64(m.seed[:], uint64(chunk))))
	for i, l := range p.limbs {
		uniform(g, p.limb(m.body, i), l.q)
	}
	p.mulPoly(m.body, m.body, m.s)
	p.inverse(m.body)
}

// Open sets dst to the sums of a chunk, with a masker of the sum of the keys of
// exactly those whose chunks are in sum.
func (m *Masker) Open(dst []uint64, chunk int, sum *Sum) error {
	p := m.p
	switch {
	case sum.p.digest != p.digest || len(sum.body) != len(dst):
		return fmt.Errorf("rlwe: a sum of %d coefficients, or with other parameters, opened into %d", len(sum.body), len(dst))
	case sum.count != m.count:
		return fmt.Errorf("rlwe: keys of %d contributors for a sum of %d", m.count, sum.count)
	case chunk < 0:
		return fmt.Errorf("rlwe: chunk %d", chunk)
	}
	m.product(chunk)
	p.negate(m.body)
	sum.bodyTo(m.body)
	err := p.decode(dst, m.body)
	clear(m.body)
	return err
}
