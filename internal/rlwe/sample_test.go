package rlwe

import (
	"math"
	"math/big"
	"math/bits"
	mathrand "math/rand"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func randSource(r *rand.Rand) *mathrand.Rand { return mathrand.New(mathrand.NewSource(r.Int64())) }

// chi2 compares counts with probabilities. Chi squared with k degrees of freedom
// is above k + 2 sqrt(kx) + 2x with probability exp(-x) at most [Laurent and
// Massart]; x = 25 is 10^-10. The counts come from fixed coins anyway.
func chi2(t *testing.T, counts map[int64]int, probability func(x int64) float64, lo, hi int64) {
	t.Helper()
	n := 0
	for _, c := range counts {
		n += c
	}
	sum, k, rest, seen := 0.0, 0.0, 1.0, 0
	for x := lo; x <= hi; x++ {
		pr := probability(x)
		want := pr * float64(n)
		if want < 50 {
			continue
		}
		d := float64(counts[x]) - want
		sum, k = sum+d*d/want, k+1
		rest, seen = rest-pr, seen+counts[x]
	}
	if want := rest * float64(n); want > 50 {
		d := float64(n-seen) - want
		sum, k = sum+d*d/want, k+1
	}
	require.Less(t, sum, k+2*math.Sqrt(k*25)+50, "chi squared of %v degrees", k)
}

const draws = 1 << 18

func count(x []uint64) map[int64]int {
	var dense [512]int // from -256 on
	for _, v := range x {
		dense[int64(v)+256]++
	}
	counts := make(map[int64]int)
	for i, n := range dense {
		counts[int64(i)-256] = n
	}
	return counts
}

func TestTernary(t *testing.T) {
	x := make([]uint64, draws)
	ternary(stream(t, "", 0), x)
	chi2(t, count(x), func(int64) float64 { return 1. / 3 }, -1, 1)
	// Both digits of a word, together.
	pairs := make(map[int64]int)
	for i, v := range x[:draws/2] {
		pairs[3*int64(v)+int64(x[draws/2+i])]++
	}
	chi2(t, pairs, func(int64) float64 { return 1. / 9 }, -4, 4)
}

func TestBinomial(t *testing.T) {
	x := make([]uint64, draws)
	binomial(stream(t, "", 0), x)
	chi2(t, count(x), func(x int64) float64 {
		b := new(big.Int).Binomial(2*etaError, etaError+x)
		f, _ := new(big.Float).SetInt(b).Float64()
		return f / math.Exp2(2*etaError)
	}, -etaError, etaError)
	sum := 0.0
	for _, v := range x {
		sum += float64(int64(v) * int64(v))
	}
	require.InDelta(t, varianceError/2., sum/draws, 0.1)
}

func TestGauss(t *testing.T) {
	x := make([]uint64, draws)
	gauss(stream(t, "", 0), x)
	weight := func(x int64) float64 { return math.Exp(-float64(x*x) * 100 / (2 * sigmaMaskSquared100)) }
	total := 0.0
	for x := int64(-100); x <= 100; x++ {
		total += weight(x)
	}
	chi2(t, count(x), func(x int64) float64 { return weight(x) / total }, -int64(maxMask), int64(maxMask))
	// The length need not be a multiple of four.
	y := make([]uint64, 7)
	gauss(stream(t, "", 0), y)
	require.Equal(t, x[:7], y)
}

// TestGaussTails computes the table again, with 200 bits.
func TestGaussTails(t *testing.T) {
	exp := func(x *big.Float) *big.Float { // of -1 < x <= 0, by its series, squared up
		const halvings = 12
		x.SetMantExp(x, -halvings)
		sum, term := big.NewFloat(1).SetPrec(400), big.NewFloat(1).SetPrec(400)
		for i := 1; i < 60; i++ {
			term.Mul(term, x)
			term.Quo(term, new(big.Float).SetPrec(400).SetInt64(int64(i)))
			sum.Add(sum, term)
		}
		for range halvings {
			sum.Mul(sum, sum)
		}
		return sum
	}
	weights := make([]*big.Float, 80)
	total := new(big.Float).SetPrec(400)
	for i := range weights {
		x := new(big.Float).SetPrec(400).SetInt64(int64(-100 * i * i))
		x.Quo(x, new(big.Float).SetPrec(400).SetInt64(2*sigmaMaskSquared100))
		weights[i] = exp(x)
		if i > 0 {
			weights[i].SetMantExp(weights[i], 1)
		}
		total.Add(total, weights[i])
	}
	tail := new(big.Float).SetPrec(400)
	for k := len(weights) - 2; k >= 0; k-- {
		tail.Add(tail, weights[k+1])
		v := new(big.Float).SetPrec(400).Quo(tail, total)
		v.SetMantExp(v, 63)
		v.Add(v, big.NewFloat(0.5))
		want, _ := v.Uint64()
		if k < len(gaussTails) {
			require.Equal(t, want, gaussTails[k], "tail above %d", k)
		} else {
			require.Zero(t, want, "tail above %d", k)
		}
	}
}

func TestUniform(t *testing.T) {
	p := newParams(t, collective)
	l := &p.limbs[0]
	for name, f := range map[string]func(x []uint64){
		"public": func(x []uint64) { uniform(stream(t, "u", 0), x, l.q) },
		"secret": func(x []uint64) { uniformSecret(stream(t, "u", 0), x, l) },
	} {
		x := make([]uint64, draws)
		f(x)
		require.Less(t, slices.Max(x), l.q, name)
		for shift := 0; shift+7 <= l.bits; shift += 7 {
			y := make([]uint64, draws)
			for i, v := range x {
				y[i] = v >> shift & 0x7f
			}
			chi2(t, count(y), func(int64) float64 { return 1. / 128 }, 0, 127)
		}
	}
	// Small moduli skip words.
	x := make([]uint64, draws)
	uniform(stream(t, "small", 0), x, 5)
	chi2(t, count(x), func(int64) float64 { return 1. / 5 }, 0, 4)
}

// Residues are what words of the stream are that are less than the modulus, in their order,
// if all of them are and if some are not.
func TestUniformByDefinition(t *testing.T) {
	for _, q := range []uint64{1, 2, 3, 4, 5, 1<<20 - 1, 1 << 20, mersenne} {
		for _, n := range []int{0, 1, 2, 5, 300} {
			g, words := stream(t, "uniform", n), stream(t, "uniform", n)
			got, want := make([]uint64, n), []uint64{}
			uniform(g, got, q)
			for len(want) < n { // as many words as are still needed, at a time
				w := make([]uint64, n-len(want))
				words.Uint64s(w)
				for _, x := range w {
					if x &= 1<<bits.Len64(q) - 1; x < q {
						want = append(want, x)
					}
				}
			}
			require.Equal(t, want, got, "%d modulo %d", n, q)
		}
	}
}
