// Package ntt has the number-theoretic transform that multiplies polynomials
// modulo X^N + 1 and a prime, the operations place by place that go with it, and
// numbers as bytes.
//
// Numbers are words below the prime, before and after every function; the
// transform takes small negative numbers in two's complement too. Primes are
// below 2^48 and 1 modulo 2N. Results are exact and the same on all machines.
//
// On amd64 the kernels compute with floats, of which four fit a register and
// which multiply twice as fast as integers of that length can be put together
// from products of 32 bits: the product of two residues is a float and, by a
// fused multiplication and subtraction, the float that rounding has cut off; the
// multiple of the prime to take away is found by a multiplication with its
// inverse, rounded [HLQ16, section 3.3]. Everything is an integer below 2^53 in
// size, so nothing is ever inexact. The portable code computes with integers
// [Har14]; words have room for all sums that a transform makes, so that it
// reduces once.
//
// # Security
//
// The time of all functions does not depend on numbers, provided that the
// processor adds, multiplies and rounds floats in the same time if none is
// subnormal, infinite or not a number, of which there are none.
//
// # References
//
//   - [HLQ16] J. van der Hoeven, G. Lecerf, G. Quintin. Modular SIMD arithmetic
//     in Mathemagic. ACM Transactions on Mathematical Software 43, 2016.
//   - [Har14] D. Harvey. Faster arithmetic for number-theoretic transforms.
//     Journal of Symbolic Computation 60, 2014.
//   - [LN16] P. Longa, M. Naehrig. Speeding up the Number Theoretic Transform for
//     Faster Ideal Lattice-Based Cryptography. CANS 2016, eprint 2016/504.
package ntt

import (
	"fmt"
	"math/bits"
)

//go:generate go -C _asm run . -out ../ntt_amd64.s -stubs ../stubs_amd64.go -pkg ntt

// Limits of a ring. Kernels work on sixteen numbers at least, after a first stage.
const (
	minLogN = 5
	maxLogN = 16
	maxBits = 48
)

// A Ring is the polynomials modulo X^N + 1 and a prime. It is immutable.
type Ring struct {
	n, logN int
	q       uint64
	bits    int
	barrett uint64 // 2^(2 bits)/q, rounded down
	scale   factor // 1/N
	// forward and inverse have the factors of the transforms in the order of
	// [LN16, algorithms 1 and 2]: that of group i of m is at m + i.
	forward, inverse []factor
	kernel           kernelRing
}

// A factor is a residue w and 2^64 w/q, rounded down, with which a multiplication
// by w takes two more [Shoup's].
type factor struct{ w, quotient uint64 }

// New returns the ring of degree 2^logN for a prime. It panics if there is none,
// since primes come from tables.
func New(logN int, q uint64) *Ring {
	check(logN, q)
	e := (q - 1) >> (logN + 1)
	r := &Ring{q: q}
	r.setup(logN)
	// The power of a number is a root of X^N + 1 if the number is no square:
	// half of all are not.
	for g := uint64(2); ; g++ {
		if psi := r.power(g, e); r.power(psi, uint64(r.n)) == q-1 {
			r.fill(psi)
			return r
		}
		if g == 1000 {
			panic(fmt.Sprintf("ntt: internal error: %d is not prime", q))
		}
	}
}

func check(logN int, q uint64) {
	if logN < minLogN || logN > maxLogN || bits.Len64(q) > maxBits || q>>(logN+1) == 0 || q&(2<<logN-1) != 1 {
		panic(fmt.Sprintf("ntt: internal error: no ring of degree 2^%d for %d", logN, q))
	}
}

func (r *Ring) setup(logN int) {
	r.logN, r.n, r.bits = logN, 1<<logN, bits.Len64(r.q)
	// 2^(2 bits) = q 2^bits + (2^bits - q) 2^bits, so that the quotient of the
	// second part is what 2^bits is not of the whole.
	rest := uint64(1)<<r.bits - r.q
	hi, lo := bits.Mul64(rest, 1<<r.bits)
	r.barrett, _ = bits.Div64(hi, lo, r.q)
	r.barrett += 1 << r.bits
}

// fill makes the tables of a root of X^N + 1.
func (r *Ring) fill(psi uint64) {
	r.forward, r.inverse = make([]factor, r.n), make([]factor, r.n)
	back := r.power(psi, r.q-2)
	w, v := uint64(1), uint64(1)
	for i := range r.n {
		at := bits.Reverse64(uint64(i)) >> (64 - r.logN)
		r.forward[at], r.inverse[at] = r.factor(w), r.factor(v)
		w, v = r.mul(w, psi), r.mul(v, back)
	}
	r.scale = r.factor(r.power(uint64(r.n), r.q-2))
	r.kernel.fill(r)
}

func (r *Ring) factor(w uint64) factor {
	q, _ := bits.Div64(w, 0, r.q)
	return factor{w, q}
}

// power returns x^e, in a time that depends on e.
func (r *Ring) power(x, e uint64) uint64 {
	y := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			y = r.mul(y, x)
		}
		x = r.mul(x, x)
	}
	return y
}

// Q is the prime.
func (r *Ring) Q() uint64 { return r.q }

// Forward sets dst to the values of the polynomial src, whose coefficients are
// residues or numbers down to -q in two's complement. dst may be src.
func (r *Ring) Forward(dst, src []uint64) {
	if len(dst) != r.n || len(src) != r.n {
		panic(errLength)
	}
	r.doForward(dst, src)
}

// Inverse sets dst to the polynomial with the values src, which are residues.
// dst may be src.
func (r *Ring) Inverse(dst, src []uint64) {
	if len(dst) != r.n || len(src) != r.n {
		panic(errLength)
	}
	r.doInverse(dst, src)
}

// Mul sets dst to x y, place by place. Both are residues, or x is numbers of as many bits
// as the prime has; dst may be either.
func (r *Ring) Mul(dst, x, y []uint64) {
	if len(dst) != r.n || len(x) != r.n || len(y) != r.n {
		panic(errLength)
	}
	r.doMul(dst, x, y)
}

// MulAdd sets dst to x y + z, place by place. All are residues, or x is numbers of as
// many bits as the prime has; dst may be any of them.
func (r *Ring) MulAdd(dst, x, y, z []uint64) {
	if len(dst) != r.n || len(x) != r.n || len(y) != r.n || len(z) != r.n {
		panic(errLength)
	}
	r.doMulAdd(dst, x, y, z)
}

// A Factor is a residue that many are multiplied with.
type Factor struct {
	factor
	float float64 // the number of least size that is congruent to it
}

// Factor returns w as a factor.
func (r *Ring) Factor(w uint64) Factor {
	f := Factor{r.factor(w), float64(w)}
	if 2*w > r.q {
		f.float = -float64(r.q - w)
	}
	return f
}

// SubMul sets dst to (x - y) w, place by place. All are residues, as many as one
// likes; dst may be x or y.
func (r *Ring) SubMul(dst, x, y []uint64, w Factor) {
	if len(x) != len(dst) || len(y) != len(dst) {
		panic(errLength)
	}
	r.doSubMul(dst, x, y, w)
}

const errLength = "ntt: internal error: length of a polynomial"
