package rlwe

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/ntt"
)

// A limb is the ring modulo one prime. It is immutable.
type limb struct {
	*ntt.Ring
	q, qInv uint64 // qInv is 1/q modulo 2^64
	r2      uint64 // 2^128 mod q, which brings into Montgomery form
	inv     uint64 // 2^64/q, rounded down
	bits    int    // of a packed residue
}

// newLimbs returns the limbs of a row.
func newLimbs(r row) []limb {
	limbs := make([]limb, len(r.primes))
	for i, q := range r.primes {
		inv := q // right modulo 2^3, and then modulo twice as many bits each time
		for range 5 {
			inv *= 2 - q*inv
		}
		whole, one := bits.Div64(1, 0, q) // 2^64 by q
		hi, lo := bits.Mul64(one, one)
		_, r2 := bits.Div64(hi, lo, q)
		limbs[i] = limb{Ring: ntt.New(r.logN, q), q: q, qInv: inv, r2: r2, inv: whole, bits: bits.Len64(q)}
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

// reduceAll sets numbers to their residues: the quotient by q is found by the
// quotient of 2^64, which is off by less than one.
func (l *limb) reduceAll(numbers []uint64) {
	q, inv := l.q, l.inv
	for i, x := range numbers {
		quotient, _ := bits.Mul64(x, inv)
		numbers[i] = subtract(x-quotient*q, q)
	}
}

// signed returns the residue of a number in two's complement whose absolute
// value is at most 2^10 q.
func (l *limb) signed(x uint64) uint64 { return l.mod128(0, x+l.q<<10) }
