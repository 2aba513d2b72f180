package rlwe

import (
	"encoding/binary"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// mersenne is the prime modulo which fingerprints are.
const mersenne = 1<<61 - 1

// copies is the number of independent values in a fingerprint.
const copies = 2

// FingerprintSize is the size of a fingerprint in bytes.
const FingerprintSize = 8 * copies

// A Fingerprint is a linear function of the bodies of all chunks, which are
// integers: that of a sum is the sum of those of the contributions. Fingerprints
// are equal or not with ==.
type Fingerprint struct {
	f [copies]uint64
}

// A Fingerprinter computes the fingerprint of the bodies of a contribution, or
// of a sum, chunk by chunk in order. It is for one goroutine.
//
// A value is the sum over chunks of b[k] times the inner product of body k with
// r, modulo a prime, where r and all b[k] are uniform. Two different lists of
// bodies have the same with a probability of at most 2/2^61: where they differ,
// r does not tell them apart with probability 2^-61, and if it does, b hides it
// with 2^-61. With two values that is 2^-120. It holds if what is compared was
// fixed before anybody knew the point, from which r and b come.
type Fingerprinter struct {
	p    *Params
	g    *prg.PRG
	r    [copies][]uint64
	body []uint64
	f    Fingerprint
}

// NewFingerprinter returns the fingerprinter for a point, at the first chunk.
func (p *Params) NewFingerprinter(point [32]byte) *Fingerprinter {
	f := &Fingerprinter{p: p, g: prg.New(p.seed("fingerprint", point[:])), body: make([]uint64, p.n)}
	for c := range f.r {
		f.r[c] = make([]uint64, p.n)
		uniform(f.g, f.r[c], mersenne)
	}
	return f
}

// Add takes in the body of the next chunk, of n coefficients: what stands behind
// the mask in a ciphertext.
func (f *Fingerprinter) Add(body []byte, n int) error {
	p := f.p
	if err := p.checkLength(n); err != nil {
		return err
	}
	if !unpack(f.body[:n], body, p.bodyBits, p.span-1) {
		return ErrMalformed
	}
	f.add(f.body[:n])
	return nil
}

// AddSum takes in the body of a sum as the next chunk.
func (f *Fingerprinter) AddSum(s *Sum) error {
	if s.p.digest != f.p.digest {
		return errOtherParams
	}
	for i, lo := range s.body {
		f.body[i] = reduce61(s.high(i), lo)
	}
	f.add(f.body[:len(s.body)])
	return nil
}

func (f *Fingerprinter) add(body []uint64) {
	var b [copies]uint64
	uniform(f.g, b[:], mersenne)
	for c, r := range f.r {
		hi, lo := bits.Mul64(inner61(body, r), b[c])
		f.f.f[c] = reduce61(0, f.f.f[c]+reduce61(hi, lo))
	}
}

// inner61 returns the inner product of x, whose numbers are below 2^63, with the
// start of r, whose numbers are below 2^61. Eight products are below 2^127.
func inner61(x, r []uint64) (sum uint64) {
	for len(x) > 0 {
		n := min(len(x), 8)
		var hi, lo, c uint64
		for i, v := range x[:n] {
			h, w := bits.Mul64(v, r[i])
			lo, c = bits.Add64(lo, w, 0)
			hi += h + c
		}
		sum = reduce61(0, sum+reduce61(hi, lo))
		x, r = x[n:], r[n:]
	}
	return sum
}

// reduce61 returns hi 2^64 + lo modulo 2^61 - 1, of which 2^61 is 1.
func reduce61(hi, lo uint64) uint64 {
	x := hi>>58 + hi<<3&mersenne + lo>>61 + lo&mersenne // < 2^62 + 2^7
	x = x>>61 + x&mersenne
	return subtract(x, mersenne)
}

// Sum returns the fingerprint of the bodies so far.
func (f *Fingerprinter) Sum() Fingerprint { return f.f }

// AddFingerprints returns the sum of x and y.
func AddFingerprints(x, y Fingerprint) Fingerprint {
	for c := range x.f {
		x.f[c] = subtract(x.f[c]+y.f[c], mersenne)
	}
	return x
}

// AppendBinary appends the fingerprint. The error is nil.
func (f Fingerprint) AppendBinary(dst []byte) ([]byte, error) {
	for _, x := range f.f {
		dst = binary.BigEndian.AppendUint64(dst, x)
	}
	return dst, nil
}

// ParseFingerprint reads a fingerprint.
func ParseFingerprint(b []byte) (f Fingerprint, err error) {
	if len(b) != FingerprintSize {
		return Fingerprint{}, ErrMalformed
	}
	for i := range f.f {
		f.f[i] = binary.BigEndian.Uint64(b[8*i:])
		if f.f[i] >= mersenne {
			return Fingerprint{}, ErrMalformed
		}
	}
	return f, nil
}
