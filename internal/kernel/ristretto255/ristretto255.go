// Package ristretto255 multiplies many elements of the group ristretto255
// (RFC 9496) by one secret scalar, or one element by many.
//
// One scalar serves a whole batch in Diffie-Hellman private set intersection,
// so eight elements share every step of the multiplication, the digit of the
// scalar included: the kernels put one element in each of eight 64-bit lanes, of
// a register with AVX-512 IFMA, of two with AVX2, where a multiplication takes twice
// the time. Most callers want package group, which hashes and checks.
//
// # Security
//
// Running time does not depend on scalars, nor on uniform strings. What is decoded
// comes from the peer and is public; the functions that decode branch only on the
// verdict whether it is valid.
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

// fewest is how many elements are worth eight lanes without IFMA.
const fewest = 4

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

// SumMul decodes each 32 bytes of in, adds the element that the same 64 bytes of
// uniform are mapped to, multiplies the sum by scalar and writes the encoding of the
// product to out, which is that of the identity if the sum is. It returns what
// [DecodeMul] returns, and panics as it does. The slices must not overlap.
func SumMul(out []byte, scalar *[ScalarSize]byte, in, uniform []byte) (bad int) {
	if len(in)%ElementSize != 0 || len(out) != len(in) || len(uniform) != len(in)/ElementSize*UniformSize {
		panic(errLength)
	}
	return sumMul(out, scalar, in, uniform)
}

// FromUniform maps each 64 bytes of uniform to an element, as [FromUniformMul] does, and
// writes its encoding to 32 bytes of out. It panics if the lengths do not match. Input
// and output must not overlap.
func FromUniform(out, uniform []byte) {
	n := len(uniform) / UniformSize
	if len(uniform) != n*UniformSize || len(out) != n*ElementSize {
		panic(errLength)
	}
	fromUniform(out, uniform)
}

// MulBaseSub multiplies the generator by each 32 bytes of scalars, which are canonical
// and little-endian, subtracts the element that the same 64 bytes of uniform are mapped to,
// and writes the encoding to the same 32 bytes of out. It panics if the lengths do not
// match. The slices must not overlap.
func MulBaseSub(out, scalars, uniform []byte) {
	n := len(uniform) / UniformSize
	if len(uniform) != n*UniformSize || len(out) != n*ElementSize || len(scalars) != n*ScalarSize {
		panic(errLength)
	}
	mulBaseSub(out, scalars, uniform)
}

// MulEach multiplies the element that in encodes by each 32 bytes of scalars, which are
// canonical and little-endian, and writes the encodings of the products to the same
// 32 bytes of out. It reports whether in is a canonical encoding and not that of the
// identity; otherwise out is unspecified. It panics if the lengths do not match.
// The slices must not overlap.
func MulEach(out, scalars []byte, in *[ElementSize]byte) bool {
	if len(scalars)%ScalarSize != 0 || len(out) != len(scalars)/ScalarSize*ElementSize {
		panic(errLength)
	}
	return mulEach(out, scalars, in)
}
