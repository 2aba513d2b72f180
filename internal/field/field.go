// Package field is arithmetic modulo the Mersenne prime P = 2^61 - 1, on single
// elements and on vectors.
//
// An element is a uint64 below P, so that vectors of elements are plain
// []uint64 and go between packages, and to the wire, without conversion. All
// functions take and return such canonical elements; what else they accept is
// said where they do.
//
// # Security
//
// Every function takes constant time in the elements, with the exception of
// what [Uniform] does once in 2^61 draws, when it throws a word away. Lengths
// and the coefficients' number are public. Integers are multiplied by the
// processor, in constant time on all that Go supports, except some embedded
// 32-bit ones.
package field

import "math/bits"

const (
	// Bits is the size of P in bits.
	Bits = 61
	// P is the modulus 2^61 - 1.
	P uint64 = 1<<Bits - 1
)

// Reduce returns x mod P for any x.
func Reduce(x uint64) uint64 {
	// The sum is at most P + 7, for x = 2^64 - 1.
	return once(x&P + x>>Bits)
}

// once returns x mod P for x < 2P.
func once(x uint64) uint64 {
	// x - P has its highest bit set exactly if x < P, since both are below 2^62.
	x -= P
	return x + P&-(x>>63)
}

// Add returns a + b.
func Add(a, b uint64) uint64 { return once(a + b) }

// Sub returns a - b.
func Sub(a, b uint64) uint64 {
	a -= b
	return a + P&-(a>>63)
}

// Neg returns -a.
func Neg(a uint64) uint64 { return once(P - a) }

// Mul returns a * b.
func Mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return fold(hi, lo)
}

// fold returns hi*2^64 + lo mod P, for numbers below 2^122 - 1, such as the
// product of two elements.
func fold(hi, lo uint64) uint64 {
	// With 2^61 = 1 modulo P, the lower 61 bits and the rest are added. Both are
	// at most P, but not both are P, since the number would be 2^122 - 1.
	return once(lo&P + (lo>>Bits | hi<<3))
}

// foldWide is fold for any hi.
func foldWide(hi, lo uint64) uint64 {
	// hi*2^64 + lo = a + b*2^61 + c*2^122 with a, b < 2^61 and c < 2^6. The sum is
	// below 2^62 + 2^6, and Reduce takes all.
	return Reduce(lo&P + (lo>>Bits|hi<<3)&P + hi>>58)
}

// Inv returns 1/a, and 0 for 0.
func Inv(a uint64) uint64 {
	// The exponent P - 2 is 59 ones, a zero and a one.
	r := a
	for i := Bits - 2; i >= 0; i-- {
		r = Mul(r, r)
		if i != 1 { // public
			r = Mul(r, a)
		}
	}
	return r
}
