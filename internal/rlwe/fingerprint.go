package rlwe

import (
	"encoding/binary"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// mersenne is the prime modulo which fingerprints of bodies are.
const mersenne = 1<<61 - 1

// Independent values in a fingerprint: modulo mersenne of bodies, and modulo each
// prime of masks as many as the shortest prime needs.
const (
	bodyCopies = 2
	maskCopies = 6
	maxPrimes  = 3
)

// FingerprintSize is the size of a fingerprint in bytes.
const FingerprintSize = 8 * (bodyCopies + maxPrimes*maskCopies)

// copies is the number of values modulo q that a fingerprint needs: the least c
// with (2/q)^c < 2^-119.
func (l *limb) copies() int { return 119/(l.bits-1) + 1 }

// A Fingerprint is a linear function of the bodies of all chunks, which are
// integers, and in mode [ReceiverKey] of the masks too: that of a sum is the sum
// of those of the contributions. In mode [Collective] holders add up masks
// themselves. Fingerprints are equal or not with ==.
type Fingerprint struct {
	body [bodyCopies]uint64
	mask [maxPrimes][maskCopies]uint64 // by prime; zero where there is none
}

// A Fingerprinter computes the fingerprint of a contribution, or of a sum, chunk
// by chunk in order. It is for one goroutine.
//
// A value is the sum over chunks of b[k] times the inner product of chunk k with
// r, modulo a prime q, where r and all b[k] are uniform. Two different lists of
// chunks have the same with a probability of at most 2/q: where they differ, r
// does not tell them apart with probability 1/q, and if it does, b hides it with
// 1/q. All values are the same with a probability below 2^-119. It holds if what
// is compared was fixed before anybody knew the point, from which r and b come.
type Fingerprinter struct {
	p    *Params
	g    *prg.PRG
	body [bodyCopies][]uint64
	mask [maskCopies]poly // in mode ReceiverKey
	x    []uint64
	f    Fingerprint
}

// NewFingerprinter returns the fingerprinter for a point, at the first chunk.
func (p *Params) NewFingerprinter(point [32]byte) *Fingerprinter {
	f := &Fingerprinter{p: p, g: prg.New(p.seed("fingerprint", point[:])), x: make([]uint64, p.n)}
	for c := range f.body {
		f.body[c] = make([]uint64, p.n)
		uniform(f.g, f.body[c], mersenne)
	}
	if p.cfg.Mode == ReceiverKey {
		for c := range f.mask {
			f.mask[c] = p.newPoly()
			for i, l := range p.limbs {
				if c < l.copies() {
					uniform(f.g, p.limb(f.mask[c], i), l.q)
				}
			}
		}
	}
	return f
}

// AddSum takes in a sum, which may be of one contribution, as the next chunk.
func (f *Fingerprinter) AddSum(s *Sum) error {
	p := f.p
	switch {
	case s.p.digest != p.digest:
		return errOtherParams
	case p.cfg.Mode == ReceiverKey && s.maskless():
		return errMaskless
	}
	x, inner := s.body, innerShort
	if p.sumBits() > shortBits {
		x, inner = f.x[:len(s.body)], inner61
		for i, lo := range s.body {
			x[i] = reduce61(s.high(i), lo)
		}
	}
	var b [bodyCopies]uint64
	uniform(f.g, b[:], mersenne)
	for c, r := range f.body {
		hi, lo := bits.Mul64(inner(x, r), b[c])
		f.f.body[c] = reduce61(0, f.f.body[c]+reduce61(hi, lo))
	}
	if p.cfg.Mode != ReceiverKey {
		return nil
	}
	for i := range p.limbs {
		l, y := &p.limbs[i], p.limb(s.mask, i)
		var b [maskCopies]uint64
		uniform(f.g, b[:], l.q)
		for c, r := range f.mask[:l.copies()] {
			at := &f.f.mask[i][c] // in some Montgomery form, the same for all
			*at = l.reduce(*at + l.mul(l.inner(y, p.limb(r, i)), b[c]))
		}
	}
	return nil
}

// shortBits is the length of numbers of which 2^13 products with numbers of 61 bits
// are below 2^128.
const shortBits = 54

// innerShort is inner61 for numbers x of at most shortBits bits, and at most 2^13
// of them.
func innerShort(x, r []uint64) uint64 { return reduce61(dot(x, r)) }

// inner61 returns the inner product, modulo mersenne, of x and the start of r,
// all of whose numbers are below 2^61. Eight products are below 2^125.
func inner61(x, r []uint64) (sum uint64) {
	for len(x) > 0 {
		n := min(len(x), 8)
		hi, lo := dot(x[:n], r)
		sum = reduce61(0, sum+reduce61(hi, lo))
		x, r = x[n:], r[n:]
	}
	return sum
}

// inner returns the inner product, modulo q, of x and y, whose numbers are below
// q and thus below 2^48: 2^13 products are below 2^109.
func (l *limb) inner(x, y []uint64) uint64 { return l.mod128(dot(x, y)) }

// dot returns the inner product of x and the start of y, which must be less than
// 2^128.
func dot(x, y []uint64) (hi, lo uint64) {
	y = y[:len(x)]
	for i, v := range x {
		h, w := bits.Mul64(v, y[i])
		var c uint64
		lo, c = bits.Add64(lo, w, 0)
		hi += h + c
	}
	return hi, lo
}

// reduce61 returns hi 2^64 + lo modulo 2^61 - 1, of which 2^61 is 1.
func reduce61(hi, lo uint64) uint64 {
	x := hi>>58 + hi<<3&mersenne + lo>>61 + lo&mersenne // < 2^62 + 2^7
	x = x>>61 + x&mersenne
	return subtract(x, mersenne)
}

// Sum returns the fingerprint of the chunks so far.
func (f *Fingerprinter) Sum() Fingerprint { return f.f }

// AddFingerprints returns the sum of x and y.
func (p *Params) AddFingerprints(x, y Fingerprint) Fingerprint {
	for c := range x.body {
		x.body[c] = subtract(x.body[c]+y.body[c], mersenne)
	}
	for i := range p.limbs {
		for c := range x.mask[i] {
			x.mask[i][c] = p.limbs[i].reduce(x.mask[i][c] + y.mask[i][c])
		}
	}
	return x
}

// AppendBinary appends the fingerprint. The error is nil.
func (f Fingerprint) AppendBinary(dst []byte) ([]byte, error) {
	for _, x := range f.body {
		dst = binary.BigEndian.AppendUint64(dst, x)
	}
	for _, m := range f.mask {
		for _, x := range m {
			dst = binary.BigEndian.AppendUint64(dst, x)
		}
	}
	return dst, nil
}

// ParseFingerprint reads a fingerprint.
func (p *Params) ParseFingerprint(b []byte) (Fingerprint, error) {
	if len(b) != FingerprintSize {
		return Fingerprint{}, ErrMalformed
	}
	var f Fingerprint
	next := func(limit uint64) (x uint64, ok bool) {
		x, b = binary.BigEndian.Uint64(b), b[8:]
		return x, x < limit
	}
	good := true
	for c := range f.body {
		x, ok := next(mersenne)
		f.body[c], good = x, good && ok
	}
	for i := range f.mask {
		for c := range f.mask[i] {
			limit := uint64(1) // zero, where there is no value
			if p.cfg.Mode == ReceiverKey && i < len(p.limbs) && c < p.limbs[i].copies() {
				limit = p.limbs[i].q
			}
			x, ok := next(limit)
			f.mask[i][c], good = x, good && ok
		}
	}
	if !good {
		return Fingerprint{}, ErrMalformed
	}
	return f, nil
}
