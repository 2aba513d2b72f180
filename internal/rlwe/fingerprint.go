package rlwe

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// copies is the number of independent fingerprints modulo each prime.
const copies = 2

// A Fingerprint is a linear function of the masks of all chunks: that of a sum
// is the sum of those of what was added. Fingerprints are equal or not with ==.
type Fingerprint struct {
	f [2 * copies]uint64
}

// A Fingerprinter computes the fingerprint of the masks of one contribution, or
// of a sum, chunk by chunk in order. It is for one goroutine.
//
// The fingerprint modulo each prime is the sum over chunks of b[k] times the
// inner product of the mask of chunk k with r, where r and all b[k] are random.
// Two different lists of masks have the same with a probability of about 2/q: of
// the chunk in which they differ, the inner product with r does not tell them
// apart with probability 1/q, and if one does, b hides it with 1/q. With two
// copies that is about 4/q^2, which even the shortest prime of a collective key
// leaves below 2^-56 for each prime, and the primes that are used below 2^-90.
// The point that r and b come from must be fixed after the masks are.
type Fingerprinter struct {
	p *Params
	g *prg.PRG
	r [copies]poly
	x poly
	f Fingerprint
}

// NewFingerprinter returns the fingerprinter for a point, at the first chunk.
func (p *Params) NewFingerprinter(point [32]byte) (*Fingerprinter, error) {
	if p.cfg.Mode == Masked {
		return nil, errors.New("rlwe: there are no masks to compare")
	}
	f := &Fingerprinter{p: p, g: prg.New(p.seed("fingerprint", point[:])), x: p.newPoly()}
	for c := range f.r {
		f.r[c] = p.newPoly()
		for i, l := range p.limbs {
			uniform(f.g, p.limb(f.r[c], i), l.q)
		}
	}
	return f, nil
}

// Add takes the mask of the next chunk in.
func (f *Fingerprinter) Add(mask []byte) error {
	p := f.p
	if err := p.parsePoly(f.x, mask); err != nil {
		return err
	}
	for i := range p.limbs {
		l, x := &p.limbs[i], p.limb(f.x, i)
		var b [copies]uint64
		uniform(f.g, b[:], l.q)
		for c := range f.r {
			at := &f.f.f[i*copies+c]
			// The inner product is of any form; all parties take the same.
			*at = l.reduce(*at + l.mul(l.inner(x, p.limb(f.r[c], i)), b[c]))
		}
	}
	return nil
}

// inner returns the inner product of x and y, whose length is a multiple of
// eight. Eight products are less than 2^123.
func (l *limb) inner(x, y []uint64) (sum uint64) {
	for ; len(x) >= 8; x, y = x[8:], y[8:] {
		var hi, lo uint64
		for i, v := range x[:8] {
			h, w := bits.Mul64(v, y[:8][i])
			var c uint64
			lo, c = bits.Add64(lo, w, 0)
			hi += h + c
		}
		sum = l.reduce(sum + l.mod128(hi, lo))
	}
	return sum
}

// Sum returns the fingerprint of the masks so far.
func (f *Fingerprinter) Sum() Fingerprint { return f.f }

// AddFingerprints returns the sum.
func (p *Params) AddFingerprints(x, y Fingerprint) Fingerprint {
	for i := range p.limbs {
		for j := i * copies; j < (i+1)*copies; j++ {
			x.f[j] = p.limbs[i].reduce(x.f[j] + y.f[j])
		}
	}
	return x
}

// FingerprintSize is the size of a fingerprint in bytes.
func (p *Params) FingerprintSize() int { return 8 * copies * len(p.limbs) }

// AppendFingerprint appends the fingerprint.
func (p *Params) AppendFingerprint(dst []byte, f Fingerprint) []byte {
	for _, x := range f.f[:copies*len(p.limbs)] {
		dst = binary.BigEndian.AppendUint64(dst, x)
	}
	return dst
}

// ParseFingerprint reads a fingerprint.
func (p *Params) ParseFingerprint(b []byte) (f Fingerprint, err error) {
	if len(b) != p.FingerprintSize() {
		return Fingerprint{}, ErrMalformed
	}
	for i := range copies * len(p.limbs) {
		f.f[i] = binary.BigEndian.Uint64(b[8*i:])
		if f.f[i] >= p.limbs[i/copies].q {
			return Fingerprint{}, ErrMalformed
		}
	}
	return f, nil
}
