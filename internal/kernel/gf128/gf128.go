// Package gf128 is arithmetic in GF(2^128) on vectors. The field is that of
// polynomials over GF(2) modulo p = x^128 + x^7 + x^2 + x + 1, and the bits of
// an element are the coefficients in plain order: bit i of Lo is that of x^i,
// bit i of Hi that of x^(64+i). This is not the reflected order of GHASH.
//
// Every operation is constant time in the elements; lengths are public. The
// generic code multiplies integers, which takes constant time on the processors
// Go supports, with the exception of some 32-bit embedded ones.
//
// Slices that a function writes must be identical with, or not overlap, the
// slices it reads.
package gf128

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

//go:generate go -C _asm run . -out ../gf128_amd64.s -stubs ../stubs_amd64.go -pkg gf128

// An Elem is an element of the field. It is the block type of the AES kernels,
// so that vectors go from one to the other without conversion.
type Elem = aes128.Block

// One is the unit.
var One = Elem{Lo: 1}

// Mul returns a * b.
func Mul(a, b Elem) Elem { return mul(a, b) }

// MulConst sets dst[i] = c * src[i].
func MulConst(dst, src []Elem, c Elem) {
	race.Read(src)
	race.Write(dst)
	check(len(dst), len(src))
	calls(len(dst), func(lo, hi int) { mulConst(dst[lo:hi], src[lo:hi], c) })
}

// MulConstAdd sets dst[i] ^= c * src[i].
func MulConstAdd(dst, src []Elem, c Elem) {
	race.Read(src)
	race.Write(dst)
	check(len(dst), len(src))
	calls(len(dst), func(lo, hi int) { mulConstAdd(dst[lo:hi], src[lo:hi], c) })
}

// MulVec sets dst[i] = a[i] * b[i].
func MulVec(dst, a, b []Elem) {
	race.Read(a)
	race.Read(b)
	race.Write(dst)
	check(len(dst), len(a))
	check(len(a), len(b))
	calls(len(dst), func(lo, hi int) { mulVec(dst[lo:hi], a[lo:hi], b[lo:hi]) })
}

// Dot returns the sum of a[i] * b[i]. Products are reduced once, at the end.
func Dot(a, b []Elem) Elem {
	race.Read(a)
	race.Read(b)
	var acc [3]Elem
	check(len(a), len(b))
	calls(len(a), func(lo, hi int) { dot(&acc, a[lo:hi], b[lo:hi]) })
	return reduce(acc)
}

// powers sets dst[i] = x^(i+1).
func powers(dst []Elem, x Elem) {
	if len(dst) == 0 {
		return
	}
	dst[0] = x
	for n := 1; n < len(dst); n *= 2 {
		MulConst(dst[n:min(2*n, len(dst))], dst[:min(n, len(dst)-n)], dst[n-1])
	}
}

// hornerChunk balances the powers that Horner computes against the
// multiplications that join its chunks.
const hornerChunk = 256

// Horner returns the sum of coeff[i] * x^i.
func Horner(coeff []Elem, x Elem) Elem {
	if len(coeff) == 0 {
		return Elem{}
	}
	var x0 [hornerChunk]Elem // x^0, x^1, ...
	n := min(len(coeff), hornerChunk)
	x0[0] = One
	powers(x0[1:n], x)
	step := Mul(x0[n-1], x)
	// The leading chunk may be shorter than the others.
	end := len(coeff)
	start := (end - 1) / n * n
	sum := Dot(coeff[start:end], x0[:end-start])
	for start > 0 {
		start -= n
		sum = Mul(sum, step).Xor(Dot(coeff[start:start+n], x0[:n]))
	}
	return sum
}

// Inv returns 1/a, and 0 for 0. It computes a^(2^128 - 2) by the chain of
// Itoh and Tsujii: b(k) = a^(2^k - 1) gives b(2k) = b(k)^(2^k) * b(k).
func Inv(a Elem) Elem {
	b := a // a^(2^k - 1)
	r := One
	for k := 1; k < 128; k *= 2 {
		// The exponent 2^128 - 2 is the sum of (2^k - 1) * 2^k over k = 1, 2,
		// 4, ..., 64, since those add up to the bits 1 to 127.
		s := b
		for range k {
			s = Mul(s, s)
		}
		r = Mul(r, s)
		b = Mul(s, b)
	}
	return r
}

// reduce returns acc[0] + acc[1]*x^64 + acc[2]*x^128 modulo p.
func reduce(acc [3]Elem) Elem {
	// x^192 = (x^7 + x^2 + x + 1) * x^64: the high word of acc[2] joins acc[1].
	t := fold(acc[2].Hi)
	m := acc[1].Xor(t)
	t = fold(acc[2].Lo ^ m.Hi)
	return Elem{Lo: acc[0].Lo ^ t.Lo, Hi: acc[0].Hi ^ m.Lo ^ t.Hi}
}

// fold returns h * (x^7 + x^2 + x + 1), which is h * x^128.
func fold(h uint64) Elem {
	return Elem{Lo: h ^ h<<1 ^ h<<2 ^ h<<7, Hi: h>>63 ^ h>>62 ^ h>>57}
}

// check panics unless the lengths are equal.
func check(n, m int) {
	if n != m {
		panic("gf128: internal error: slices differ in length")
	}
}

// callElems bounds what one call of a kernel does. The scheduler cannot
// interrupt assembly; a garbage collection waits for it, and every other
// goroutine with it.
const callElems = 1 << 13

// calls divides n elements among calls of f.
func calls(n int, f func(lo, hi int)) {
	for lo := 0; lo < n; lo += callElems {
		f(lo, min(lo+callElems, n))
	}
}
