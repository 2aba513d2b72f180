package rlwe

import (
	"fmt"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// A limb is the ring modulo one prime. It is immutable.
type limb struct {
	*ring.SubRing
	q, qInv uint64
	r2      uint64 // 2^128 mod q, which brings into Montgomery form
	bits    int    // of a packed residue
}

// newLimbs returns the limbs of a row.
func newLimbs(r row) []limb {
	rq, err := ring.NewRing(1<<r.logN, r.primes)
	if err != nil {
		panic(fmt.Sprintf("rlwe: internal error: row of %d primes: %v", len(r.primes), err))
	}
	limbs := make([]limb, len(r.primes))
	for i, s := range rq.SubRings {
		q := s.Modulus
		_, one := bits.Div64(1, 0, q) // 2^64 mod q
		hi, lo := bits.Mul64(one, one)
		_, r2 := bits.Div64(hi, lo, q)
		limbs[i] = limb{SubRing: s, q: q, qInv: s.MRedConstant, r2: r2, bits: bits.Len64(q)}
	}
	return limbs
}

// mul returns xy/2^64 mod q, of x < 2^64 and y < q, in constant time
// [Montgomery's reduction].
func (l *limb) mul(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	h, _ := bits.Mul64(lo*l.qInv, l.q)
	r, b := bits.Sub64(hi, h, 0)
	return r + l.q&-b
}

// mod128 returns hi*2^64 + lo mod q in constant time: hi*2^128/2^64 plus
// lo*2^128/2^128.
func (l *limb) mod128(hi, lo uint64) uint64 {
	return l.reduce(l.mul(hi, l.r2) + l.mul(l.mul(lo, l.r2), 1))
}

// reduce returns x mod q of x < 2q, in constant time.
func (l *limb) reduce(x uint64) uint64 { return subtract(x, l.q) }

// fromSigned sets dst to the residues of small numbers in two's complement,
// whose absolute values are less than q.
func (l *limb) fromSigned(dst, src []uint64) {
	q := l.q
	for i, x := range src {
		dst[i] = x + q&-(x>>63)
	}
}

// ntt brings small numbers into the form in which polynomials are multiplied
// place by place.
func (l *limb) ntt(dst, small []uint64) {
	l.fromSigned(dst, small)
	l.NTT(dst, dst)
}
