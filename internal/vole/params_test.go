package vole

import (
	"math"
	"math/big"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/exconv"
)

// log2Choose is log2 of n over k.
func log2Choose(n, k float64) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	lg := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v }
	return (lg(n) - lg(k) - lg(n-k)) / math.Ln2
}

// log2Sum is log2 of the sum of powers of two.
func log2Sum(xs ...float64) float64 {
	hi := math.Inf(-1)
	for _, x := range xs {
		hi = max(hi, x)
	}
	var sum float64
	for _, x := range xs {
		sum += math.Exp2(x - hi)
	}
	return hi + math.Log2(sum)
}

// The following are the cost formulas of [LWYY22] for LPN with N samples, a
// secret of length k and exactly t errors, as in its authors' script; dual LPN
// with m outputs is that with k = N - m.

// pooledGauss is [LWYY22, pooled Gauss].
func pooledGauss(N, k, t float64) float64 {
	return 2.8*math.Log2(min(k, N-k)) - (log2Choose(N-k, t) - log2Choose(N, t))
}

// statisticalLarge is [LWYY22, statistical decoding] over a large field,
// statisticalBinary the same over GF(2).
func statisticalLarge(N, k, t float64) float64 {
	return math.Log2(k+1) + 2*(log2Choose(N, t)-log2Choose(N-k-1, t))
}

func statisticalBinary(N, k, t float64) float64 {
	return math.Log2(k+1) + 2*t*math.Log2((N-t+1)/(N-k-t))
}

// stern is [LWYY22, SD-ISD] over a field of 2^q elements, minimised over p and
// a grid of l.
func stern(N, k, t, q float64) float64 {
	best := math.Inf(1)
	for p := 0.0; p <= 40; p += 2 {
		for l := 2.0; l < (N-k)/4; l = math.Ceil(l * 1.03) {
			logL := log2Choose(math.Floor((k+l)/2), p/2)
			if q > 1 {
				logL += p / 2 * q
			}
			logS := 2*logL - l*q
			gauss := math.Log2((N-k-l)*N) - math.Log2(math.Log2(N-k-l))
			cost := math.Log2(N) + log2Sum(gauss, 1+logL, 1+logS)
			success := log2Choose(N-k-l, t-p) - log2Choose(N, t) + l*q + logS
			if q > 1 {
				success -= p * q
			}
			if success < 0 {
				best = min(best, cost-success)
			}
		}
	}
	return best
}

// regularBinary is permutation-based information set decoding of regular noise
// over GF(2) [ES24], without the cost of an iteration: every part adds up to one,
// which leaves k - t unknowns, and each part is guessed to miss its share of them.
func regularBinary(N, k, t float64) float64 { return -t * math.Log2(1-(k-t)/N) }

// algebraic is the hybrid attack of [BO23] on regular noise, from below: with noise
// guessed away from the same share of every part, at best odds, what is left are
// parts of b places, of which any two have the product zero, and m linear
// equations. Over a large field the system's Hilbert series is that of
// (1-z)^(m-t) * (1+(b-1)z)^t up to its first coefficient that is not positive; its
// degree d is that of regularity, and the matrix has a column for each choice of d
// parts and a variable of each. It is solved for the square of that. Over GF(2) the
// series is (1+bz)^t / (1+z)^m, with nearly the same d.
func algebraic(m, N, t int) float64 {
	best := math.Inf(1)
	leaves := N / t
	for b := leaves; t*b > m; b -= max(leaves/16, 1) {
		guess := -float64(t) * math.Log2(float64(b)/float64(leaves))
		variables := float64(t*b-m) / float64(t)
		columns := func(d int) float64 {
			return log2Choose(float64(t), float64(d)) + float64(d)*math.Log2(max(variables, 1))
		}
		d := 1
		for d < t && guess+2*columns(d) < best && hilbert(m-t, t, b-1, d).Sign() > 0 {
			d++
		}
		best = min(best, guess+2*columns(d)) // no more if the loop ended early
	}
	return best
}

// hilbert is the coefficient of z^d in (1-z)^a * (1+cz)^t.
func hilbert(a, t, c, d int) *big.Int {
	sum, power := new(big.Int), big.NewInt(1)
	var x, y big.Int
	for i := range d + 1 {
		x.Binomial(int64(t), int64(i))
		y.Binomial(int64(a), int64(d-i))
		x.Mul(&x, &y).Mul(&x, power)
		if (d-i)%2 == 1 {
			x.Neg(&x)
		}
		sum.Add(sum, &x)
		power.Mul(power, big.NewInt(int64(c)))
	}
	return sum
}

// silentSets is log2 of the expected number of sets X of silent intervals from which
// so many rows stay away that a combination is silent in it, as in params.go, where
// a set of the weight that the table assumes is left by 24 on average. The number of
// rows is about Poisson. An interval has two ends and costs 40 conditions.
func silentSets(m float64, intervals int) float64 {
	rows := 2*20*float64(intervals) + 1
	lg, _ := math.Lgamma(rows + 1)
	poisson := (-exconv.State + rows*math.Log(exconv.State) - lg) / math.Ln2
	return 2*float64(intervals)*math.Log2(m) + poisson + 1 // and all more than that many
}

// linearBits is the security against the linear tests of params.go: a weight of
// y times the parity part, where m * y^7 rows of the expander are as many as the
// conditions.
func linearBits(m, N, t, conditions float64) float64 {
	y := math.Pow(conditions/m, 1.0/exconv.Weight)
	return -t * math.Log2(1-y*(N-m)/N)
}

func TestTable(t *testing.T) {
	last := 0
	for _, r := range table {
		for _, m := range []int{last + 1, r.maxLen} {
			p := newPlan(m, false, Config{})
			if p.noise != r.noise || p.noise%8 != 0 || p.leaves%2 != 0 || p.total() < 2*p.m {
				t.Fatalf("m = %d: %d trees of %d leaves", m, p.noise, p.leaves)
			}
			N, k, w := float64(p.total()), float64(p.parity()), float64(p.noise)
			linear := linearBits(float64(p.m), 2*float64(p.m), w, exconv.State)
			if l := linearBits(float64(p.m), N, w, exconv.State); l < linear-1e-9 {
				t.Errorf("m = %d: rounding N up takes away %.2f bits", m, linear-l)
			}
			generic := min(pooledGauss(N, k, w), statisticalLarge(N, k, w), statisticalBinary(N, k, w),
				stern(N, k, w, 1), stern(N, k, w, 64), stern(N, k, w, 128))
			// With j of the t/2 noises in the support, which are guessed by
			// meeting in the middle: the gain in probability is below the cost.
			y := math.Pow(exconv.State/float64(p.m), 1.0/exconv.Weight)
			for j := 1.0; j <= 20; j++ {
				gain := log2Choose(w/2, j) + j*math.Log2(y/(1-y))
				cost := j / 2 * math.Log2(y*(N-k))
				if total := -w/2*math.Log2(1-y) - gain + cost; total < 128 {
					t.Errorf("m = %d: %.1f bits with %v noises in the support", m, total, j)
				}
			}
			if a := algebraic(p.m, p.total(), p.noise); m == r.maxLen && int(a) != r.algebraic || a < 128 {
				t.Errorf("m = %d: algebraic attack %.1f, the table says %d", m, a, r.algebraic)
			}
			for intervals := 3; intervals < 10; intervals++ {
				if sets := silentSets(float64(p.m), intervals); sets > 10 {
					t.Errorf("m = %d: 2^%.0f silent sets of %d intervals", m, sets, intervals)
				}
			}
			// Collisions and representations save less than half of the exponent,
			// and nothing of its leading term at weights below linear [CS16].
			if r := regularBinary(N, k, w); r < 2*128 {
				t.Errorf("m = %d: regular decoding %.0f", m, r)
			}
			t.Logf("m %9d: N %9d t %4d leaves %6d: linear %.1f, with 120 conditions %.1f, LWYY22 %.0f", m, p.total(), p.noise, p.leaves,
				linear, linearBits(float64(p.m), N, w, 120), generic)
			if linear < 128 || generic < 128 {
				t.Errorf("m = %d: %.1f and %.0f bits", m, linear, generic)
			}
			if m == r.maxLen && (math.Floor(linear*10)/10 != r.linear || int(generic) != r.lwyy) {
				t.Errorf("m = %d: the table says %v and %d, not %.2f and %.1f", m, r.linear, r.lwyy, linear, generic)
			}
		}
		last = r.maxLen
	}
	if last != MaxLen {
		t.Errorf("the table ends at %d", last)
	}
}
