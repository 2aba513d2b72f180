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
	const c0, c1, c2, c3 = 0x1111111111111111, 0x2222222222222222, 0x4444444444444444, 0x8888888888888888
	const top = 0xf << 60
	x0, x1, x2, x3 := x&(c0&^top), x&(c1&^top), x&(c2&^top), x&(c3&^top)
	y0, y1, y2, y3 := y&c0, y&c1, y&c2, y&c3
	// Class i of x and class j of y give class i + j modulo 4 of the product, in
	// both words since 64 is 0.
	h, l := sum4(x0, y0, x1, y3, x2, y2, x3, y1)
	hi, lo = h&c0, l&c0
	h, l = sum4(x0, y1, x1, y0, x2, y3, x3, y2)
	hi, lo = hi|h&c1, lo|l&c1
	h, l = sum4(x0, y2, x1, y1, x2, y0, x3, y3)
	hi, lo = hi|h&c2, lo|l&c2
	h, l = sum4(x0, y3, x1, y2, x2, y1, x3, y0)
	hi, lo = hi|h&c3, lo|l&c3
	for i := 60; i < 64; i++ {
		m := -(x >> i & 1)
		hi ^= y >> (64 - i) & m
		lo ^= y << i & m
	}
	return hi, lo
}

// sum4 returns the XOR of four integer products.
func sum4(a, b, c, d, e, f, g, h uint64) (hi, lo uint64) {
	h0, l0 := bits.Mul64(a, b)
	h1, l1 := bits.Mul64(c, d)
	h2, l2 := bits.Mul64(e, f)
	h3, l3 := bits.Mul64(g, h)
	return h0 ^ h1 ^ h2 ^ h3, l0 ^ l1 ^ l2 ^ l3
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
