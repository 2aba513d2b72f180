// Package ristretto255 multiplies many elements of the group ristretto255
// (RFC 9496) by one secret scalar.
//
// One scalar serves a whole batch in Diffie-Hellman private set intersection,
// so eight elements share every step of the multiplication, the digit of the
// scalar included: the AVX-512 IFMA kernel puts one element in each 64-bit lane.
// Most callers want package group, which hashes and checks.
//
// # Security
//
// Running time does not depend on the scalar, nor on the uniform strings of
// [FromUniformMul]. [DecodeMul] takes the peer's bytes, which are public, and
// branches only on the verdict whether they are valid.
package ristretto255

import "errors"

const (
	// ElementSize is the size of an encoded element in bytes.
	ElementSize = 32
	// ScalarSize is the size of an encoded scalar in bytes.
	ScalarSize = 32
	// UniformSize is the size in bytes of a uniform string that is mapped to
	// an element.
	UniformSize = 64
)

var errLength = errors.New("ristretto255: internal error: lengths of input and output do not match")

// FromUniformMul maps each 64 bytes of uniform to an element (RFC 9496, section
// 4.3.4), multiplies it by scalar and writes its encoding to 32 bytes of out.
// The scalar is canonical, little-endian and not zero. It panics if the lengths
// do not match. Input and output must not overlap.
func FromUniformMul(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	n := len(uniform) / UniformSize
	if len(uniform) != n*UniformSize || len(out) != n*ElementSize {
		panic(errLength)
	}
	fromUniformMul(out, scalar, uniform)
}

// DecodeMul decodes each 32 bytes of in, multiplies by scalar and writes the
// encoding of the product to the same 32 bytes of out. It returns the index of
// the first element that is not a canonical encoding or is the identity; out is
// then unspecified. It returns -1 if there is none. The scalar is canonical,
// little-endian and not zero. It panics if the lengths do not match. Input and
// output may be the same slice, but must not overlap otherwise.
//
// A product is never the identity, since the group's order is prime.
func DecodeMul(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	if len(in)%ElementSize != 0 || len(out) != len(in) {
		panic(errLength)
	}
	return decodeMul(out, scalar, in)
}
