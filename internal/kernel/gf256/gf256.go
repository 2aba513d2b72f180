// Package gf256 is arithmetic in GF(2^8) on vectors of bytes. The field is that
// of polynomials over GF(2) modulo x^8 + x^4 + x^3 + x + 1, as in AES; bit i of a
// byte is the coefficient of x^i.
//
// Every operation is constant time in the bytes of vectors: nothing secret is
// an index into memory. Coefficients are public, as are lengths.
package gf256

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"

//go:generate go -C _asm run . -out ../gf256_amd64.s -stubs ../stubs_amd64.go -pkg gf256

// Mul returns a * b, in constant time.
func Mul(a, b byte) byte {
	var r byte
	for range 8 {
		r ^= a & -(b & 1)
		a = a<<1 ^ 0x1b&-(a>>7)
		b >>= 1
	}
	return r
}

// Inv returns 1/a, and 0 for 0, in constant time.
func Inv(a byte) byte {
	// The exponent 254 is the sum of 2, 4, ..., 128.
	r := byte(1)
	for range 7 {
		a = Mul(a, a)
		r = Mul(r, a)
	}
	return r
}

// callBytes bounds what one call of a kernel does. The scheduler cannot
// interrupt assembly; a garbage collection waits for it, and every other
// goroutine with it.
const callBytes = 1 << 14

// Combine sets dst to the linear combination sum over j of coeff[j] * src[j], of
// as many vectors as there are coefficients. dst may be one of them, but not
// overlap one in another way. It panics if the lengths differ.
func Combine(dst []byte, src [][]byte, coeff []byte) {
	if len(src) != len(coeff) {
		panic("gf256: internal error: vectors and coefficients differ in number")
	}
	for _, v := range src {
		if len(v) != len(dst) {
			panic("gf256: internal error: vectors differ in length")
		}
		race.Read(v)
	}
	race.Write(dst)
	for lo := 0; lo < len(dst); lo += callBytes {
		combine(dst, src, coeff, lo, min(lo+callBytes, len(dst)))
	}
}
