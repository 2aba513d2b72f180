//go:build amd64 && !purego

package ristretto255

import (
	"math/bits"
	"sync"
)

const (
	// groups is how many elements of eight lanes share one inversion.
	groups = 8
	chunk  = groups * lanes
)

// A workspace holds all intermediate values, of about 40 KiB, so that calls
// allocate nothing, but for the comb of MulEach. Its size makes the allocator align it to
// cache lines, which vectors that cross them would pay for; nothing else depends on it.
type workspace struct {
	multiplier
	digits [64]int8        // of a scalar
	each   [64][lanes]int8 // of scalars for each lane
	points [groups]point
	states [groups]state
}

// A state is 2Q for a multiple Q, with x = e/f and y = g/h.
type state struct{ e, f, g, h, eg, fh, product element }

var workspaces = sync.Pool{New: func() any {
	w := new(workspace)
	add(&w.d2, constD, constD)
	return w
}}

func newWorkspace(scalar *[ScalarSize]byte) *workspace {
	w := workspaces.Get().(*workspace)
	halfDigits(&w.digits, scalar)
	return w
}

// release gives w back, without the scalar, which must not outlive its owner in
// a pool, and without what its last digit chose.
func (w *workspace) release() {
	clear(w.digits[:])
	clear(w.each[:])
	w.sel = cached{}
	workspaces.Put(w)
}

func fromUniformMulLanes(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	w := newWorkspace(scalar)
	defer w.release()
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		w.deriveAll(n, uniform)
		w.mulEncode(out, n)
		out, uniform = out[n*ElementSize:], uniform[n*UniformSize:]
	}
}

func fromUniformLanes(out, uniform []byte) {
	w := workspaces.Get().(*workspace)
	defer w.release()
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		w.deriveAll(n, uniform)
		w.encodePoints(out, n)
		out, uniform = out[n*ElementSize:], uniform[n*UniformSize:]
	}
}

func mulBaseSubLanes(out, scalars, uniform []byte) {
	w := workspaces.Get().(*workspace)
	defer w.release()
	base := baseComb()
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		for g := range (n + lanes - 1) / lanes {
			w.mulHalves(g, n, scalars, base)
			w.p.double(true)
			p := w.p
			w.derive(g, n, uniform)
			neg(&w.p.X, &w.p.X)
			neg(&w.p.T, &w.p.T)
			addPoint(&w.multiplier, &p)
			w.points[g] = w.p
		}
		w.encodePoints(out, n)
		out, scalars, uniform = out[n*ElementSize:], scalars[n*ScalarSize:], uniform[n*UniformSize:]
	}
}

// deriveAll sets the first n of w.points to what as many uniform strings are mapped to.
func (w *workspace) deriveAll(n int, uniform []byte) {
	for g := range (n + lanes - 1) / lanes {
		w.derive(g, n, uniform)
		w.points[g] = w.p
	}
}

// derive sets w.p to what group g of n uniform strings is mapped to, MAP(t1) +
// MAP(t2): Element Derivation [RFC 9496, section 4.3.4].
func (w *workspace) derive(g, n int, uniform []byte) {
	var t [2]element
	for i := range lanes {
		b := uniform[laneOf(g, i, n)*UniformSize:][:UniformSize]
		t[0].setLane(i, b[:32])
		t[1].setLane(i, b[32:])
	}
	var p [2]point
	mapToPoints(&p, &t)
	w.p = p[0]
	addPoint(&w.multiplier, &p[1])
}

func decodeMulLanes(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	w := newWorkspace(scalar)
	defer w.release()
	done := 0
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		if i := w.decode(in[:n*ElementSize]); i >= 0 {
			return done + i
		}
		w.mulEncode(out, n)
		out, in = out[n*ElementSize:], in[n*ElementSize:]
		done += n
	}
	return -1
}

func sumMulLanes(out []byte, scalar *[ScalarSize]byte, in, uniform []byte) (bad int) {
	w := newWorkspace(scalar)
	defer w.release()
	done := 0
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		if i := w.decode(in[:n*ElementSize]); i >= 0 {
			return done + i
		}
		for g := range (n + lanes - 1) / lanes {
			w.derive(g, n, uniform)
			addPoint(&w.multiplier, &w.points[g])
			w.points[g] = w.p
		}
		w.mulEncode(out, n)
		out, in, uniform = out[n*ElementSize:], in[n*ElementSize:], uniform[n*UniformSize:]
		done += n
	}
	return -1
}

func mulEachLanes(out []byte, scalars []byte, in *[ElementSize]byte) bool {
	w := workspaces.Get().(*workspace)
	defer w.release()
	if w.decode(in[:]) >= 0 {
		return false
	}
	// All lanes and all groups are multiples of one point.
	c := w.newComb(&w.points[0])
	for len(out) > 0 {
		n := min(chunk, len(out)/ElementSize)
		w.encode(out, n, func(g int) { w.mulHalves(g, n, scalars, c) })
		out, scalars = out[n*ElementSize:], scalars[n*ScalarSize:]
	}
	return true
}

// A comb has, for each quarter of the digits of a scalar, the multiples of a point among
// which they choose: with it a product takes a quarter of the doublings.
type comb [combs][8]cached

const combs = 4

// baseComb returns the comb of the generator.
var baseComb = sync.OnceValue(func() *comb {
	w := workspaces.Get().(*workspace)
	defer w.release()
	return w.newComb(generator)
})

// newComb returns the comb of a point.
func (w *workspace) newComb(p *point) *comb {
	c := new(comb)
	q := *p
	for i := range c {
		if i > 0 {
			for range 64 / combs {
				q.shift()
			}
		}
		w.p = q
		buildTable(&w.multiplier)
		c[i] = w.table
	}
	return c
}

// mulHalves sets w.p to the point of c times halves of the scalars in group g of n.
func (w *workspace) mulHalves(g, n int, scalars []byte, c *comb) {
	for i := range lanes {
		s := scalars[laneOf(g, i, n)*ScalarSize:][:ScalarSize]
		halfDigits(&w.digits, (*[ScalarSize]byte)(s))
		for k, d := range w.digits {
			w.each[k][i] = d
		}
	}
	w.p = point{X: *zero, Y: *one, Z: *one, T: *zero}
	mulDigitsEach(&w.multiplier, &w.each, c)
}

// laneOf returns the position of the item in lane i of group g, of n items. The
// lanes behind the last item repeat the first.
func laneOf(g, i, n int) int {
	if k := g*lanes + i; k < n {
		return k
	}
	return 0
}

// decode decodes the elements of in, of which there are at most chunk, into w.points
// [RFC 9496, section 4.3.1]. It returns the position of the first one that is invalid or
// the identity, or -1.
func (w *workspace) decode(in []byte) (bad int) {
	for g := 0; g*lanes*ElementSize < len(in); g += 2 {
		if i := w.decodeTwo(g, in); i >= 0 {
			return i
		}
	}
	return -1
}

// decodeTwo is decode for the groups g and g+1. A second group without items repeats the
// first item.
func (w *workspace) decodeTwo(g int, in []byte) (bad int) {
	n := len(in) / ElementSize
	var s, u1, u2, u2Sqr, v, x, invSqrt [2]element
	var invalid [2]uint8
	for k := range s {
		for i := range lanes {
			b := in[laneOf(g+k, i, n)*ElementSize:][:ElementSize]
			if !isCandidate((*[ElementSize]byte)(b)) {
				invalid[k] |= 1 << i
			}
			s[k].setLane(i, b)
		}
		var ss element
		// ss = s^2, u1 = 1 - ss, u2 = 1 + ss, u2_sqr = u2^2
		sqr(&ss, &s[k])
		sub(&u1[k], one, &ss)
		add(&u2[k], one, &ss)
		sqr(&u2Sqr[k], &u2[k])
		// v = -(D * u1^2) - u2_sqr
		sqr(&v[k], &u1[k])
		mul(&v[k], &v[k], constD)
		neg(&v[k], &v[k])
		sub(&v[k], &v[k], &u2Sqr[k])
		mul(&x[k], &v[k], &u2Sqr[k])
	}
	// (was_square, invsqrt) = SQRT_RATIO_M1(1, v * u2_sqr)
	wasSquare := sqrtRatioM1(&invSqrt, &[2]element{*one, *one}, &x)
	for k := range s {
		if (g+k)*lanes >= n {
			break
		}
		p := &w.points[g+k]
		var denX, denY element
		// den_x = invsqrt * u2, den_y = invsqrt * den_x * v
		mul(&denX, &invSqrt[k], &u2[k])
		mul(&denY, &invSqrt[k], &denX)
		mul(&denY, &denY, &v[k])
		// x = CT_ABS(2 * s * den_x), y = u1 * den_y, t = x * y
		mul(&p.X, &s[k], &denX)
		add(&p.X, &p.X, &p.X)
		abs(&p.X)
		mul(&p.Y, &u1[k], &denY)
		p.Z = *one
		mul(&p.T, &p.X, &p.Y)
		// If was_square is FALSE, or IS_NEGATIVE(t), or y = 0: invalid.
		invalid[k] |= ^wasSquare[k] | isNegative(&p.T) | isZero(&p.Y)
		if invalid[k] != 0 {
			// The lanes behind the last item repeat the first one, which is then
			// invalid as well, and was found before.
			return (g+k)*lanes + bits.TrailingZeros8(invalid[k])
		}
	}
	return -1
}

// isCandidate reports whether b is the canonical encoding of a field element
// that is not negative [RFC 9496, section 4.3.1, steps 1 and 2] and not zero,
// which would be the identity.
func isCandidate(b *[ElementSize]byte) bool {
	var middle, or byte = 0xff, 0
	for _, x := range b[1:31] {
		middle &= x
		or |= x
	}
	switch {
	case b[0]&1 != 0: // negative
	case b[31] > 0x7f: // 2²⁵⁵ or more
	case b[31] == 0x7f && middle == 0xff && b[0] >= 0xed: // p to 2²⁵⁵ - 1
	case b[31] == 0 && or == 0 && b[0] == 0: // identity
	default:
		return true
	}
	return false
}

// mapToPoints is MAP of RFC 9496, section 4.3.4, for two at a time.
func mapToPoints(p *[2]point, t *[2]element) {
	var r, u, v, s [2]element
	for k := range t {
		var rPlusD element
		// r = SQRT_M1 * t^2
		sqr(&r[k], &t[k])
		mul(&r[k], &r[k], sqrtM1)
		// u = (r + 1) * ONE_MINUS_D_SQ
		add(&u[k], &r[k], one)
		mul(&u[k], &u[k], oneMinusDSQ)
		// v = (-1 - r*D) * (r + D)
		add(&rPlusD, &r[k], constD)
		mul(&v[k], &r[k], constD)
		sub(&v[k], minusOne, &v[k])
		mul(&v[k], &v[k], &rPlusD)
	}
	// (was_square, s) = SQRT_RATIO_M1(u, v)
	wasSquare := sqrtRatioM1(&s, &u, &v)
	for k := range t {
		t, r, v, s, p := &t[k], &r[k], &v[k], &s[k], &p[k]
		var sPrime, c, N, w0, w1, w2, w3 element
		// s_prime = -CT_ABS(s*t)
		mul(&sPrime, s, t)
		abs(&sPrime)
		neg(&sPrime, &sPrime)
		// s = CT_SELECT(s IF was_square ELSE s_prime)
		blend(s, &sPrime, s, wasSquare[k])
		// c = CT_SELECT(-1 IF was_square ELSE r)
		blend(&c, r, minusOne, wasSquare[k])
		// N = c * (r - 1) * D_MINUS_ONE_SQ - v
		sub(&N, r, one)
		mul(&N, &N, &c)
		mul(&N, &N, dMinusOneSQ)
		sub(&N, &N, v)
		// w0 = 2 * s * v
		mul(&w0, s, v)
		add(&w0, &w0, &w0)
		// w1 = N * SQRT_AD_MINUS_ONE
		mul(&w1, &N, sqrtADMinusOne)
		// w2 = 1 - s^2, w3 = 1 + s^2
		sqr(s, s)
		sub(&w2, one, s)
		add(&w3, one, s)
		// return (w0*w3, w2*w1, w1*w3, w0*w2)
		mul(&p.X, &w0, &w3)
		mul(&p.Y, &w2, &w1)
		mul(&p.Z, &w1, &w3)
		mul(&p.T, &w0, &w2)
	}
}

// mulEncode multiplies the first n of w.points by the scalar of which half is in
// w.digits, and writes the encodings of the products to out.
func (w *workspace) mulEncode(out []byte, n int) {
	w.encode(out, n, func(g int) {
		w.p = w.points[g]
		buildTable(&w.multiplier)
		w.p = point{X: *zero, Y: *one, Z: *one, T: *zero}
		mulDigits(&w.multiplier, &w.digits)
	})
}

// encode writes the encodings of n points to out, where half sets w.p to half of those of
// a group.
//
// Encoding P [RFC 9496, section 4.3.2] takes an inverse square root, which cannot
// be shared. But for P = 2Q, Q = (s/2)·input, the formulas of doubling give x = e/f
// and y = g/h with e = 2XY, f = Y² - X², g = Y² + X², h = 2Z² - f, and the square
// root that encoding needs is a product of e, f, g and h: what is left is the
// inverse of efgh, and inverses of many elements cost one inversion. The method
// is described, as double-and-compress, in the documentation of the Ristretto
// implementation of curve25519-dalek. It deviates from section 4.3.2 in how it
// computes, not in what: encodings are canonical.
func (w *workspace) encode(out []byte, n int, half func(g int)) {
	count := (n + lanes - 1) / lanes
	product := *one // of all efgh so far
	var prefix [groups]element
	var zeros [groups]uint8
	for g := range count {
		half(g)
		s := &w.states[g]
		var xx, yy element
		mul(&s.e, &w.p.X, &w.p.Y)
		add(&s.e, &s.e, &s.e)
		sqr(&xx, &w.p.X)
		sqr(&yy, &w.p.Y)
		sub(&s.f, &yy, &xx)
		add(&s.g, &yy, &xx)
		sqr(&s.h, &w.p.Z)
		add(&s.h, &s.h, &s.h)
		sub(&s.h, &s.h, &s.f)
		mul(&s.eg, &s.e, &s.g)
		mul(&s.fh, &s.f, &s.h)
		mul(&s.product, &s.eg, &s.fh)
		// efgh is zero for the identity only. It must not spoil its neighbours.
		zeros[g] = isZero(&s.product)
		blend(&s.product, &s.product, one, zeros[g])
		prefix[g] = product
		mul(&product, &product, &s.product)
	}
	var inverse element // of all efgh up to the current
	invert(&inverse, &product)
	for g := count - 1; g >= 0; g-- {
		s := &w.states[g]
		var inv element
		mul(&inv, &inverse, &prefix[g])
		mul(&inverse, &inverse, &s.product)
		// Without an inverse the encoding is zero, which the identity's is.
		blend(&inv, &inv, zero, zeros[g])
		var r element
		s.encode(&r, &inv)
		for i := range min(lanes, n-g*lanes) {
			r.putLane(out[(g*lanes+i)*ElementSize:][:ElementSize], i)
		}
	}
}

// encode sets r to the encoding of the point that s holds, frozen. The inverse
// of efgh is inv. It destroys s.
func (s *state) encode(r, inv *element) {
	var zInv, tInv, t, magic element
	mul(&zInv, &s.eg, inv) // 1/(fh)
	mul(&tInv, &s.fh, inv) // 1/(eg)
	// rotate = IS_NEGATIVE(t0 * z_inv), with t0 = eg and z0 = fh
	mul(&t, &s.eg, &zInv)
	rotate := isNegative(&t)
	neg(&t, &s.e)
	blend(&s.e, &s.e, &s.g, rotate)
	blend(&s.g, &s.g, &t, rotate)
	mul(&t, &s.f, sqrtM1)
	blend(&s.h, &s.h, &t, rotate)
	blend(&magic, invSqrtAMinusD, sqrtM1, rotate)
	// y = CT_NEG(y, IS_NEGATIVE(x * z_inv))
	mul(&t, &s.h, &s.e)
	mul(&t, &t, &zInv)
	negateIf(&s.g, isNegative(&t))
	// s = CT_ABS(den_inv * (z - y))
	sub(&t, &s.h, &s.g)
	mul(&t, &t, &magic)
	mul(&t, &t, &s.g)
	mul(&t, &t, &tInv)
	abs(&t)
	freeze(r, &t)
}

// encodePoints writes the encodings of the first n of w.points to out [RFC 9496, section
// 4.3.2]: where nothing is multiplied, there is no half of a point to double, as encode
// needs, and a square root for each is cheaper than making one.
func (w *workspace) encodePoints(out []byte, n int) {
	for g := 0; g*lanes < n; g += 2 {
		points := w.points[g : g+2]
		var u1, u2, v, invSqrt [2]element
		for k := range points {
			x, y, z := &points[k].X, &points[k].Y, &points[k].Z
			var sum element
			// u1 = (z0 + y0) * (z0 - y0), u2 = x0 * y0
			add(&sum, z, y)
			sub(&u1[k], z, y)
			mul(&u1[k], &u1[k], &sum)
			mul(&u2[k], x, y)
			sqr(&v[k], &u2[k])
			mul(&v[k], &v[k], &u1[k])
		}
		// (_, invsqrt) = SQRT_RATIO_M1(1, u1 * u2^2)
		sqrtRatioM1(&invSqrt, &[2]element{*one, *one}, &v)
		for k := range points {
			p := &points[k]
			var den1, den2, zInv, t, x, y element
			// den1 = invsqrt * u1, den2 = invsqrt * u2, z_inv = den1 * den2 * t0
			mul(&den1, &invSqrt[k], &u1[k])
			mul(&den2, &invSqrt[k], &u2[k])
			mul(&zInv, &den1, &den2)
			mul(&zInv, &zInv, &p.T)
			// rotate = IS_NEGATIVE(t0 * z_inv)
			mul(&t, &p.T, &zInv)
			rotate := isNegative(&t)
			// x = CT_SELECT(y0 * SQRT_M1 IF rotate ELSE x0), and y the other way round
			mul(&t, &p.Y, sqrtM1)
			blend(&x, &p.X, &t, rotate)
			mul(&t, &p.X, sqrtM1)
			blend(&y, &p.Y, &t, rotate)
			// den_inv = CT_SELECT(den1 * INVSQRT_A_MINUS_D IF rotate ELSE den2)
			mul(&t, &den1, invSqrtAMinusD)
			blend(&den2, &den2, &t, rotate)
			// y = CT_NEG(y, IS_NEGATIVE(x * z_inv))
			mul(&t, &x, &zInv)
			negateIf(&y, isNegative(&t))
			// s = CT_ABS(den_inv * (z - y))
			sub(&t, &p.Z, &y)
			mul(&t, &t, &den2)
			abs(&t)
			freeze(&t, &t)
			for i := range min(lanes, n-(g+k)*lanes) {
				t.putLane(out[((g+k)*lanes+i)*ElementSize:][:ElementSize], i)
			}
		}
	}
}
