//go:build amd64 && !purego

package ristretto255

import (
	"encoding/binary"
	"math/bits"
)

const mask51 = 1<<51 - 1

// setLane sets one lane to 32 little-endian bytes, of which the highest bit is
// ignored. The value may be p or more.
func (e *element) setLane(lane int, b []byte) {
	w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	w2, w3 := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	e[0][lane] = w0 & mask51
	e[1][lane] = (w0>>51 | w1<<13) & mask51
	e[2][lane] = (w1>>38 | w2<<26) & mask51
	e[3][lane] = (w2>>25 | w3<<39) & mask51
	e[4][lane] = w3 >> 12 & mask51
}

// putLane writes one lane of a frozen element to 32 bytes.
func (e *element) putLane(b []byte, lane int) {
	l0, l1, l2, l3, l4 := e[0][lane], e[1][lane], e[2][lane], e[3][lane], e[4][lane]
	binary.LittleEndian.PutUint64(b, l0|l1<<51)
	binary.LittleEndian.PutUint64(b[8:], l1>>13|l2<<38)
	binary.LittleEndian.PutUint64(b[16:], l2>>26|l3<<25)
	binary.LittleEndian.PutUint64(b[24:], l3>>39|l4<<12)
}

// constant returns the number in 64 hexadecimal digits, highest first, in all
// lanes.
func constant(hi, w2, w1, lo uint64) *element {
	var b [ElementSize]byte
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint64(b[8:], w1)
	binary.LittleEndian.PutUint64(b[16:], w2)
	binary.LittleEndian.PutUint64(b[24:], hi)
	e := new(element)
	for i := range lanes {
		e.setLane(i, b[:])
	}
	return e
}

// The constants of RFC 9496, section 4.1. A test recomputes them.
var (
	zero     = constant(0, 0, 0, 0)
	one      = constant(0, 0, 0, 1)
	minusOne = constant(0x7fffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffec)

	constD         = constant(0x52036cee2b6ffe73, 0x8cc740797779e898, 0x00700a4d4141d8ab, 0x75eb4dca135978a3)
	sqrtM1         = constant(0x2b8324804fc1df0b, 0x2b4d00993dfbd7a7, 0x2f431806ad2fe478, 0xc4ee1b274a0ea0b0)
	sqrtADMinusOne = constant(0x376931bf2b8348ac, 0x0f3cfcc931f5d1fd, 0xaf9d8e0c1b7854bd, 0x7e97f6a0497b2e1b)
	invSqrtAMinusD = constant(0x786c8905cfaffca2, 0x16c27b91fe01d840, 0x9d2f16175a4172be, 0x99c8fdaa805d40ea)
	oneMinusDSQ    = constant(0x029072a8b2b3e0d7, 0x9994abddbe70dfe4, 0x2c81a138cd5e350f, 0xe27c09c1945fc176)
	dMinusOneSQ    = constant(0x5968b37af66c2241, 0x4cdcd32f529b4eeb, 0xd29e4a2cb01e1999, 0x31ad5aaa44ed4d20)
)

// generator is the base point of RFC 8032, section 5.1, which is the generator of RFC 9496,
// section 4.
var generator = &point{
	X: *constant(0x216936d3cd6e53fe, 0xc0a4e231fdd6dc5c, 0x692cc7609525a7b2, 0xc9562d608f25d51a),
	Y: *constant(0x6666666666666666, 0x6666666666666666, 0x6666666666666666, 0x6666666666666658),
	Z: *constant(0, 0, 0, 1),
	T: *constant(0x67875f0fd78b7665, 0x66ea4e8e64abe37d, 0x20f09f80775152f5, 0x6dde8ab3a5b7dda3),
}

func sqr(out, a *element) { sqrN(out, a, 1) }

func neg(out, a *element) { sub(out, zero, a) }

func mul2(out, a, b *[2]element) {
	mul(&out[0], &a[0], &b[0])
	mul(&out[1], &a[1], &b[1])
}

// negateIf negates the lanes of e that mask selects: CT_NEG.
func negateIf(e *element, mask uint8) {
	var t element
	neg(&t, e)
	blend(e, e, &t, mask)
}

// abs sets e to CT_ABS(e).
func abs(e *element) { negateIf(e, isNegative(e)) }

// isEqual returns the lanes in which a and b are equal modulo p.
func isEqual(a, b *element) uint8 {
	var t element
	sub(&t, a, b)
	return isZero(&t)
}

// pow22523 sets out = z^((p-5)/8) = z^(2²⁵²-3), for two at a time. Arguments must
// not be the same.
func pow22523(out, z *[2]element) {
	var t0, t1, t2 [2]element
	sqrN2(&t0, z, 1)     // 2
	sqrN2(&t1, &t0, 2)   // 8
	mul2(&t1, z, &t1)    // 9
	mul2(&t0, &t0, &t1)  // 11
	sqrN2(&t0, &t0, 1)   // 22
	mul2(&t0, &t1, &t0)  // 2⁵ - 1
	sqrN2(&t1, &t0, 5)   // 2¹⁰ - 2⁵
	mul2(&t0, &t1, &t0)  // 2¹⁰ - 1
	sqrN2(&t1, &t0, 10)  // 2²⁰ - 2¹⁰
	mul2(&t1, &t1, &t0)  // 2²⁰ - 1
	sqrN2(&t2, &t1, 20)  // 2⁴⁰ - 2²⁰
	mul2(&t1, &t2, &t1)  // 2⁴⁰ - 1
	sqrN2(&t1, &t1, 10)  // 2⁵⁰ - 2¹⁰
	mul2(&t0, &t1, &t0)  // 2⁵⁰ - 1
	sqrN2(&t1, &t0, 50)  // 2¹⁰⁰ - 2⁵⁰
	mul2(&t1, &t1, &t0)  // 2¹⁰⁰ - 1
	sqrN2(&t2, &t1, 100) // 2²⁰⁰ - 2¹⁰⁰
	mul2(&t1, &t2, &t1)  // 2²⁰⁰ - 1
	sqrN2(&t1, &t1, 50)  // 2²⁵⁰ - 2⁵⁰
	mul2(&t0, &t1, &t0)  // 2²⁵⁰ - 1
	sqrN2(&t0, &t0, 2)   // 2²⁵² - 4
	mul2(out, &t0, z)
}

// invert sets out = 1/z, or 0 where z is 0. Arguments may be the same.
func invert(out, z *element) {
	// p - 2 = 2²⁵⁵ - 21 = 8·(2²⁵² - 3) + 3.
	var t, x [2]element
	x[0] = *z
	pow22523(&t, &x)
	sqrN(&t[0], &t[0], 3)
	sqr(&t[1], z)
	mul(&t[1], &t[1], z)
	mul(out, &t[0], &t[1])
}

// sqrtRatioM1 is SQRT_RATIO_M1(u, v) of RFC 9496, section 4.2, for two at a
// time. It sets r and returns was_square.
func sqrtRatioM1(r, u, v *[2]element) (wasSquare [2]uint8) {
	var v3, v7, x [2]element
	sqrN2(&v3, v, 1)
	mul2(&v3, &v3, v)
	sqrN2(&v7, &v3, 1)
	mul2(&v7, &v7, v)
	mul2(&x, u, &v7)
	pow22523(r, &x)
	// r = (u * v^3) * (u * v^7)^((p-5)/8)
	mul2(&v3, &v3, u)
	mul2(r, r, &v3)
	for i := range r {
		r, u, v := &r[i], &u[i], &v[i]
		var check, minusU, t element
		// check = v * r^2
		sqr(&check, r)
		mul(&check, &check, v)
		neg(&minusU, u)
		correctSign := isEqual(&check, u)
		flippedSign := isEqual(&check, &minusU)
		mul(&t, &minusU, sqrtM1)
		flippedSignI := isEqual(&check, &t)
		// r = CT_SELECT(SQRT_M1 * r IF flipped_sign | flipped_sign_i ELSE r)
		mul(&t, r, sqrtM1)
		blend(r, r, &t, flippedSign|flippedSignI)
		// Choose the nonnegative square root.
		abs(r)
		wasSquare[i] = correctSign | flippedSign
	}
	return wasSquare
}

// The order of the group.
const (
	order0 = 0x5812631a5cf5d3ed
	order1 = 0x14def9dea2f79cd6
	order3 = 0x1000000000000000
)

// halfDigits sets digits to those of s/2 modulo the group's order, in signed
// radix 16: the sum of 16^i·digits[i], each in [-8, 8).
func halfDigits(digits *[64]int8, s *[ScalarSize]byte) {
	// Of s and s + order, one is even. The sum is below 2²⁵⁴.
	odd := -uint64(s[0] & 1)
	var w [4]uint64
	var c uint64
	w[0], c = bits.Add64(binary.LittleEndian.Uint64(s[0:]), order0&odd, 0)
	w[1], c = bits.Add64(binary.LittleEndian.Uint64(s[8:]), order1&odd, c)
	w[2], c = bits.Add64(binary.LittleEndian.Uint64(s[16:]), 0, c)
	w[3], _ = bits.Add64(binary.LittleEndian.Uint64(s[24:]), order3&odd, c)
	for i := range 3 {
		w[i] = w[i]>>1 | w[i+1]<<63
	}
	w[3] >>= 1
	carry := int8(0)
	for i := range digits {
		d := int8(w[i/16]>>(i%16*4)&15) + carry // 0 to 16
		carry = (d + 8) >> 4
		digits[i] = d - carry<<4
	}
	// The highest digit was at most 1, since s/2 is below 2²⁵³: no carry is left.
}
