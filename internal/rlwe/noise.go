package rlwe

import (
	"math/big"
	"math/bits"
)

// noise bounds what stands beside the message in an opened sum:
//
//   - the sum over contributors of e u + e0 + e1 s, where e is the error of the
//     public key and s its secret, both sums over holders; in mode Masked it is
//     the sum of their errors;
//   - the flooding of all holders;
//   - the rounding of all bodies.
//
// All errors and ternary numbers fall off like a normal distribution of their
// own variance or faster (they are strictly sub-Gaussian), so that the bounds
// below are proven, and not estimates: for fixed e and s the sum is
// sub-Gaussian with the variance of V, and |e|^2 and |s|^2 have the tails of
// [HKZ12].
type noise struct {
	contributors int
	shares       int // bodies that holders send
	holders      int
	flood        int // bits of flooding
	small        uint64
}

// newNoise computes the bounds for a ring of degree n.
func newNoise(c Config, n int) noise {
	s := noise{contributors: c.Contributors, holders: c.Holders}
	// x is in nats: two tails for every coefficient, and those of two norms, are
	// less than 2^-Failure together if each is less than exp(-x). A bit is less
	// than 7/10 nats.
	x := (uint64(c.failure()+bits.Len64(2*uint64(c.Coefficients)+2)))*7/10 + 1
	if c.Mode == Masked {
		// The sum of errors, each of variance sigmaMask^2 [MP12, lemma 2.8].
		v := mul(uint64(c.Contributors), sigmaMaskSquared100)
		s.small = tail(v, 100, x)
		return s
	}
	holders := uint64(max(1, c.Holders))
	v := encryptions(uint64(c.Contributors), holders, uint64(n), x)
	s.small = tail(v, varianceDenominator, x)
	if c.Mode != Collective {
		return s
	}
	s.shares = c.Holders
	// Two uniform distributions on 2^k numbers that are shifted by y are apart
	// by |y|/2^k. The mean of |y| is at most the root of the variance, and
	// distances add up over coefficients.
	root := isqrt(new(big.Int).Div(v, big.NewInt(varianceDenominator)))
	s.flood = c.Statistical + mul(uint64(c.Coefficients), root).BitLen()
	return s
}

const varianceDenominator = 2 * 3

// encryptions returns a bound, times [varianceDenominator], of the variance of
// the noise in a sum of p encryptions under a key of h holders: of the place of
// e u + e0 + e1 s it is p (2/3 |e|^2 + sigma^2 + sigma^2 |s|^2), where |e|^2 is
// about n h sigma^2 and |s|^2 about n h 2/3.
func encryptions(p, h, n, x uint64) *big.Int {
	// [HKZ12]: |e|^2 <= h sigma^2 (n + 2 sqrt(n x) + 2 x), and likewise of s.
	norm := n + 2*isqrt(mul(n, x)) + 2*x
	// 6 (2/3 |e|^2) = 4 h (varianceError/2) norm
	// 6 (sigma^2 |s|^2) = 6 (varianceError/2) (2/3) h norm
	// 6 sigma^2 = 3 varianceError
	return mul(p, 2*varianceError*h*norm+2*varianceError*h*norm+3*varianceError)
}

// tail returns t such that a sub-Gaussian number of variance v/d exceeds it, on
// one side, with probability exp(-x): the root of 2 x v/d, rounded up.
func tail(v *big.Int, d, x uint64) uint64 {
	t := new(big.Int).Mul(v, new(big.Int).SetUint64(2*x))
	return isqrt(t.Div(t, new(big.Int).SetUint64(d)))
}

// isqrt is greater than the root of x, by at most 1.
func isqrt(x *big.Int) uint64 {
	return new(big.Int).Sqrt(x).Uint64() + 1
}

func mul(x, y uint64) *big.Int {
	return new(big.Int).Mul(new(big.Int).SetUint64(x), new(big.Int).SetUint64(y))
}

// bound returns the most that noise can be if bodies lose drop bits, where the
// multiple of 2^drop nearest to Q is slip away from it, and false if that is
// beyond 2^127. A body is off by half of 2^drop for being rounded, and by slip
// if it comes to the span and is zero instead.
func (s *noise) bound(drop uint, slip uint128) (uint128, bool) {
	b := new(big.Int).SetUint64(s.small)
	if s.flood > 0 {
		f := new(big.Int).Lsh(big.NewInt(int64(s.holders)), uint(s.flood-1))
		b.Add(b, f)
	}
	if drop > 0 {
		r := new(big.Int).SetUint64(slip.hi)
		r.Add(r.Lsh(r, 64), new(big.Int).SetUint64(slip.lo))
		r.Add(r, new(big.Int).Lsh(big.NewInt(1), drop-1))
		b.Add(b, r.Mul(r, big.NewInt(int64(s.contributors+s.shares))))
	}
	if b.BitLen() > 127 {
		return uint128{}, false
	}
	lo := new(big.Int).And(b, new(big.Int).SetUint64(^uint64(0)))
	return uint128{b.Rsh(b, 64).Uint64(), lo.Uint64()}, true
}
