package gf128

import "math/bits"

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

// clmul64 returns the carry-less product of x and y, by integer
// multiplications whose carries cannot reach a bit that counts.
//
// Bits are taken apart by their position modulo 4. In the integer product of
// one class of x with one of y, the sum of the bit products for position p
// stands at p, and positions lie four bits apart. With at most 15 bits in a
// class of x, each sum is at most 15 and stays within its four bits, so that
// its lowest bit is the carry-less product's. A class of 64 bits has 16; the
// top bit of each class of x therefore is left out and its products are added
// with masks. No table is read and nothing branches on x or y.
func clmul64(x, y uint64) (hi, lo uint64) {
	const class = 0x1111111111111111
	const top = 0xf << 60
	var xs, ys [4]uint64
	for i := range 4 {
		xs[i] = x &^ top & (class << i)
		ys[i] = y & (class << i)
	}
	for k := range 4 {
		var h, l uint64
		for i := range 4 {
			ph, pl := bits.Mul64(xs[i], ys[(k-i)&3])
			h ^= ph
			l ^= pl
		}
		// Positions congruent to k modulo 4, in both words since 64 is 0.
		hi ^= h & (class << k)
		lo ^= l & (class << k)
	}
	for i := 60; i < 64; i++ {
		m := -(x >> i & 1)
		hi ^= y >> (64 - i) & m
		lo ^= y << i & m
	}
	return hi, lo
}

// mulParts adds the parts of a * b to acc, with one multiplication of words
// less than the schoolbook's [Karatsuba].
func mulParts(acc *[3]Elem, a, b Elem) {
	lh, ll := clmul64(a.Lo, b.Lo)
	hh, hl := clmul64(a.Hi, b.Hi)
	mh, ml := clmul64(a.Lo^a.Hi, b.Lo^b.Hi)
	acc[0] = acc[0].Xor(Elem{Lo: ll, Hi: lh})
	acc[1] = acc[1].Xor(Elem{Lo: ml ^ ll ^ hl, Hi: mh ^ lh ^ hh})
	acc[2] = acc[2].Xor(Elem{Lo: hl, Hi: hh})
}

func mulGeneric(a, b Elem) Elem {
	var acc [3]Elem
	mulParts(&acc, a, b)
	return reduce(acc)
}

func mulConstGeneric(dst, src []Elem, c Elem) {
	for i, x := range src {
		dst[i] = mulGeneric(x, c)
	}
}

func mulConstAddGeneric(dst, src []Elem, c Elem) {
	for i, x := range src {
		dst[i] = dst[i].Xor(mulGeneric(x, c))
	}
}

func mulVecGeneric(dst, a, b []Elem) {
	for i := range dst {
		dst[i] = mulGeneric(a[i], b[i])
	}
}

func dotGeneric(acc *[3]Elem, a, b []Elem) {
	for i := range a {
		mulParts(acc, a[i], b[i])
	}
}

func polyAddGeneric(dst, x, coeff []Elem) {
	for i, v := range x {
		var y Elem
		for j := len(coeff) - 1; j >= 0; j-- {
			y = mulGeneric(y.Xor(coeff[j]), v)
		}
		dst[i] = dst[i].Xor(y)
	}
}
