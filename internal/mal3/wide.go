package mal3

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A wide is a number modulo 2^128, or an element of GF(2^128).
type wide = prg.Block

// wideSize is the size of a wide in messages.
const wideSize = prg.Size

// plus returns a + b modulo 2^128.
func plus(a, b wide) wide {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(a.Hi, b.Hi, carry)
	return wide{Lo: lo, Hi: hi}
}

// minus returns a - b modulo 2^128.
func minus(a, b wide) wide {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(a.Hi, b.Hi, borrow)
	return wide{Lo: lo, Hi: hi}
}

// product returns the product of two integers of 64 bits.
func product(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	return wide{Lo: lo, Hi: hi}
}

// times returns a·b modulo 2^128.
func times(a wide, b uint64) wide {
	hi, lo := bits.Mul64(a.Lo, b)
	return wide{Lo: lo, Hi: hi + a.Hi*b}
}

// timesWide returns a·b modulo 2^128.
func timesWide(a, b wide) wide {
	z := times(a, b.Lo)
	z.Hi += a.Lo * b.Hi
	return z
}

// cross returns a(c+d) + bc modulo 2^128, for integers of 64 bits: what a party adds
// to a product of which it has the summands a, b and c, d.
func cross(a, b, c, d uint64) wide {
	sum, carry := bits.Add64(c, d, 0)
	z := product(a, sum)
	z.Hi += a & -carry
	return plus(z, product(b, c))
}

// crossWide is cross for a and b modulo 2^128.
func crossWide(a, b wide, c, d uint64) wide {
	sum, carry := bits.Add64(c, d, 0)
	z := times(a, sum)
	z.Hi += a.Lo & -carry
	return plus(z, times(b, c))
}

// xor sets dst to the exclusive or of a and b. They may be the same.
func xor(dst, a, b []wide) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i].Xor(b[i])
	}
}

// sum sets dst to a + b modulo 2^128. They may be the same.
func sum(dst, a, b []wide) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = plus(a[i], b[i])
	}
}
