package share

import "github.com/dujiang-dev/dujiang/internal/field"

// gao decodes a Reed-Solomon word, the values of a polynomial of degree below k
// at different points of which up to (len(word) - k)/2 are wrong [Gao03,
// Algorithm 1]. It returns the positions of those, ascending, or nil if there
// are none or too many. Its time depends on the word.
func gao(points, word []uint64, k int) (wrong []int) {
	n := len(points)
	// Step 1: g1 interpolates the word. g0 is zero at all points.
	g0, g1 := poly{1}, poly(nil)
	for i, x := range points {
		// Newton: add a multiple of g0, which is zero at the points before.
		c := field.Mul(field.Sub(word[i], g1.at(x)), field.Inv(g0.at(x)))
		g1 = g1.subMul(g0, field.Neg(c), 0)
		g0 = g0.timesMinus(x)
	}
	// Step 2: the extended Euclidean algorithm, until the remainder g = u·g0 +
	// v·g1 has degree below (n + k)/2. Only v is needed.
	a, g := g0, g1
	va, v := poly(nil), poly{1}
	for 2*g.degree() >= n+k {
		q, r := a.divide(g)
		a, g = g, r
		va, v = v, va.sub(q.mul(v))
	}
	// Step 3: the polynomial is g/v, if that has no remainder and degree below k.
	f, r := g.divide(v)
	if len(r) > 0 || f.degree() >= k {
		return nil
	}
	for i, x := range points {
		if f.at(x) != word[i] {
			wrong = append(wrong, i)
		}
	}
	if len(wrong) > (n-k)/2 {
		return nil
	}
	return wrong
}

// A poly is a polynomial; element i is the coefficient of x^i, the last is not
// zero.
type poly []uint64

// degree returns the degree, and -1 of zero.
func (p poly) degree() int { return len(p) - 1 }

// trim cuts off leading zeros.
func (p poly) trim() poly {
	for len(p) > 0 && p[len(p)-1] == 0 {
		p = p[:len(p)-1]
	}
	return p
}

// at returns the value at x.
func (p poly) at(x uint64) (y uint64) {
	for i := len(p) - 1; i >= 0; i-- {
		y = field.Add(field.Mul(y, x), p[i])
	}
	return y
}

// timesMinus returns p · (x - a).
func (p poly) timesMinus(a uint64) poly {
	r := append(poly{0}, p...)
	return r.subMul(p, a, 0)
}

// subMul returns p - c·x^shift·q, and overwrites p.
func (p poly) subMul(q poly, c uint64, shift int) poly {
	for len(p) < len(q)+shift {
		p = append(p, 0)
	}
	for i, x := range q {
		p[i+shift] = field.Sub(p[i+shift], field.Mul(c, x))
	}
	return p.trim()
}

// sub returns p - q.
func (p poly) sub(q poly) poly { return append(poly(nil), p...).subMul(q, 1, 0) }

// mul returns p · q.
func (p poly) mul(q poly) (r poly) {
	for i, c := range p {
		r = r.subMul(q, field.Neg(c), i)
	}
	return r
}

// divide returns quotient and remainder by q, which is not zero.
func (p poly) divide(q poly) (quotient, rest poly) {
	rest = append(poly(nil), p...)
	inverse := field.Inv(q[len(q)-1])
	if n := len(p) - len(q) + 1; n > 0 {
		quotient = make(poly, n)
	}
	for len(rest) >= len(q) {
		shift := len(rest) - len(q)
		c := field.Mul(rest[len(rest)-1], inverse)
		quotient[shift] = c
		rest = rest.subMul(q, c, shift)
	}
	return quotient, rest
}
