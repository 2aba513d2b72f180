package field

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Uniform fills dst with independent, uniformly random elements from the
// stream p.
func Uniform(dst []uint64, p *prg.PRG) {
	p.Uint64s(dst)
	var seen uint64 // its highest bit is set if some word is P
	for i, x := range dst {
		x &= P
		dst[i] = x
		seen |= P - 1 - x
	}
	if seen>>63 == 0 {
		return
	}
	// Of the 2^61 values one is not an element. Its words are drawn again.
	for i, x := range dst {
		for x == P {
			x = p.Uint64() & P
		}
		dst[i] = x
	}
}

// Canonical returns the position of the first word of v that is not an element,
// or -1. It is for input, where it may show the position.
func Canonical(v []uint64) int {
	for i, x := range v {
		if x >= P {
			return i
		}
	}
	return -1
}

// AddVec sets dst[i] = a[i] + b[i]. dst may be a or b.
func AddVec(dst, a, b []uint64) {
	check(len(dst), len(a))
	check(len(dst), len(b))
	for i := range dst {
		dst[i] = Add(a[i], b[i])
	}
}

// SubVec sets dst[i] = a[i] - b[i]. dst may be a or b.
func SubVec(dst, a, b []uint64) {
	check(len(dst), len(a))
	check(len(dst), len(b))
	for i := range dst {
		dst[i] = Sub(a[i], b[i])
	}
}

// Scale sets dst[i] = c * a[i]. dst may be a.
func Scale(dst, a []uint64, c uint64) {
	check(len(dst), len(a))
	for i, x := range a {
		dst[i] = Mul(x, c)
	}
}

// Dot returns the sum of a[i] * b[i].
func Dot(a, b []uint64) uint64 {
	check(len(a), len(b))
	var hi, lo, carry uint64
	for i, x := range a {
		h, l := bits.Mul64(x, b[i])
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
		if i%terms == terms-1 {
			hi, lo = 0, foldWide(hi, lo)
		}
	}
	return foldWide(hi, lo)
}

// terms is how many products of two elements, each below 2^122, fit in 128 bits
// together with one more element.
const terms = 63

// strip is how many elements [Combine] computes at once: as many as stay in the
// first-level cache, beside what is read.
const strip = 512

// Combine sets dst to the linear combination sum over j of coeff[j] * src[j], of
// as many vectors as there are coefficients. dst may be one of them. It panics
// if the lengths differ.
func Combine(dst []uint64, src [][]uint64, coeff []uint64) {
	check(len(src), len(coeff))
	for _, v := range src {
		check(len(dst), len(v))
	}
	var sums [strip]uint64
	for at := 0; at < len(dst); at += strip {
		sum := sums[:min(strip, len(dst)-at)]
		clear(sum)
		part := func(j int) []uint64 { return src[j][at : at+len(sum)] }
		j := 0
		for ; j+4 <= len(src); j += 4 {
			addProducts4(sum, part(j), part(j+1), part(j+2), part(j+3), coeff[j:j+4])
		}
		for ; j+2 <= len(src); j += 2 {
			addProducts2(sum, part(j), part(j+1), coeff[j:j+2])
		}
		if j < len(src) {
			c := coeff[j]
			for i, x := range part(j) {
				sum[i] = Add(sum[i], Mul(x, c))
			}
		}
		copy(dst[at:], sum)
	}
}

// addProducts2 adds to sum the products of two vectors and their coefficients.
// What is reduced is below 2^61 + 2^123.
func addProducts2(sum, a, b, coeff []uint64) {
	a, b = a[:len(sum)], b[:len(sum)]
	p, q := coeff[0], coeff[1]
	for i, lo := range sum {
		h, l := bits.Mul64(a[i], p)
		lo, carry := bits.Add64(lo, l, 0)
		hi := h + carry
		h, l = bits.Mul64(b[i], q)
		lo, carry = bits.Add64(lo, l, 0)
		sum[i] = foldWide(hi+h+carry, lo)
	}
}

// addProducts4 is addProducts2 for four vectors. What is reduced is below 2^61 +
// 2^124.
func addProducts4(sum, a, b, c, d, coeff []uint64) {
	a, b, c, d = a[:len(sum)], b[:len(sum)], c[:len(sum)], d[:len(sum)]
	p, q, r, s := coeff[0], coeff[1], coeff[2], coeff[3]
	for i, lo := range sum {
		h, l := bits.Mul64(a[i], p)
		lo, carry := bits.Add64(lo, l, 0)
		hi := h + carry
		h, l = bits.Mul64(b[i], q)
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
		h, l = bits.Mul64(c[i], r)
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
		h, l = bits.Mul64(d[i], s)
		lo, carry = bits.Add64(lo, l, 0)
		sum[i] = foldWide(hi+h+carry, lo)
	}
}

func check(n, m int) {
	if n != m {
		panic("field: internal error: vectors differ in length")
	}
}
