package field

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

var modulus = new(big.Int).SetUint64(P)

// edges are where ranges end.
var edges = []uint64{0, 1, 2, 7, 8, 1 << 29, 1 << 30, 1 << 31, 1 << 32, 1<<60 - 1, 1 << 60, P - 8, P - 7, P - 2, P - 1}

// element weighs the edges.
func element(r *rand.Rand) uint64 {
	if r.IntN(3) == 0 {
		return edges[r.IntN(len(edges))]
	}
	return r.Uint64N(P)
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func toBig(x uint64) *big.Int { return new(big.Int).SetUint64(x) }

// mod returns x modulo P.
func mod(x *big.Int) uint64 { return new(big.Int).Mod(x, modulus).Uint64() }

func TestModulus(t *testing.T) { require.True(t, modulus.ProbablyPrime(20)) }

func TestOperations(t *testing.T) {
	test := func(a, b uint64) {
		x, y := toBig(a), toBig(b)
		require.Equal(t, mod(new(big.Int).Add(x, y)), Add(a, b), "%d + %d", a, b)
		require.Equal(t, mod(new(big.Int).Sub(x, y)), Sub(a, b), "%d - %d", a, b)
		require.Equal(t, mod(new(big.Int).Neg(x)), Neg(a), "-%d", a)
		require.Equal(t, mod(new(big.Int).Mul(x, y)), Mul(a, b), "%d * %d", a, b)
	}
	for _, a := range edges {
		for _, b := range edges {
			test(a, b)
		}
	}
	for r := range 2000 {
		r := rand.New(rand.NewPCG(3, uint64(r)))
		test(element(r), element(r))
	}
}

func TestInv(t *testing.T) {
	require.Zero(t, Inv(0))
	r := newRand()
	for range 200 {
		if a := element(r); a != 0 {
			require.Equal(t, uint64(1), Mul(a, Inv(a)), "1/%d", a)
			require.Equal(t, new(big.Int).ModInverse(toBig(a), modulus).Uint64(), Inv(a))
		}
	}
}

// TestReduce covers both reductions at the ends of what they promise to take.
func TestReduce(t *testing.T) {
	words := append([]uint64{P, P + 1, 2*P - 1, 2 * P, 1 << 63, 1<<64 - 2, 1<<64 - 1, 1<<58 - 1, 1 << 58}, edges...)
	for _, hi := range words {
		require.Equal(t, mod(toBig(hi)), Reduce(hi))
		for _, lo := range words {
			x := new(big.Int).Lsh(toBig(hi), 64)
			want := mod(x.Add(x, toBig(lo)))
			require.Equal(t, want, foldWide(hi, lo), "%x %x", hi, lo)
			if hi < 1<<58-1 || hi == 1<<58-1 && lo != 1<<64-1 {
				require.Equal(t, want, fold(hi, lo), "%x %x", hi, lo)
			}
		}
	}
}

func vector(r *rand.Rand, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		v[i] = element(r)
	}
	return v
}

// full is the vector whose sums of products are the largest.
func full(n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		v[i] = P - 1
	}
	return v
}

func TestVectors(t *testing.T) {
	r := newRand()
	for _, n := range []int{0, 1, 2, 3, 17, strip - 1, strip, strip + 1, 3*strip + 5} {
		a, b := vector(r, n), vector(r, n)
		c := element(r)
		sum, difference, scaled := make([]uint64, n), make([]uint64, n), make([]uint64, n)
		AddVec(sum, a, b)
		SubVec(difference, a, b)
		Scale(scaled, a, c)
		for i := range n {
			require.Equal(t, Add(a[i], b[i]), sum[i])
			require.Equal(t, Sub(a[i], b[i]), difference[i])
			require.Equal(t, Mul(a[i], c), scaled[i])
		}
		SubVec(sum, sum, b)
		require.Equal(t, a, sum)
		AddVec(difference, b, difference)
		require.Equal(t, a, difference)
		Scale(a, a, c)
		require.Equal(t, scaled, a)
	}
}

// TestDotAndCombine goes beyond the number of products that fit in a wide sum.
func TestDotAndCombine(t *testing.T) {
	r := newRand()
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, terms - 1, terms, terms + 1, 2*terms + 1, 300} {
		for _, draw := range []func(int) []uint64{func(n int) []uint64 { return vector(r, n) }, full} {
			a, b := draw(n), draw(n)
			want := new(big.Int)
			for i := range a {
				want.Add(want, new(big.Int).Mul(toBig(a[i]), toBig(b[i])))
			}
			require.Equal(t, mod(want), Dot(a, b))

			const length = strip + 3
			src, dst := make([][]uint64, n), make([]uint64, length)
			for j := range src {
				src[j] = draw(length)
			}
			Combine(dst, src, a)
			column := make([]uint64, n)
			for i := range length {
				for j := range src {
					column[j] = src[j][i]
				}
				if Dot(column, a) != dst[i] {
					t.Fatalf("%d vectors, element %d", n, i)
				}
			}
			if n > 0 {
				Combine(src[n-1], src, a)
				require.Equal(t, dst, src[n-1], "in place")
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	one, two := make([]uint64, 1), make([]uint64, 2)
	require.Panics(t, func() { AddVec(one, two, two) })
	require.Panics(t, func() { SubVec(one, one, two) })
	require.Panics(t, func() { Scale(one, two, 1) })
	require.Panics(t, func() { Dot(one, two) })
	require.Panics(t, func() { Combine(one, [][]uint64{two}, one) })
	require.Panics(t, func() { Combine(one, [][]uint64{one}, two) })
}

func TestCanonical(t *testing.T) {
	require.Equal(t, -1, Canonical(nil))
	require.Equal(t, -1, Canonical(edges))
	require.Equal(t, 1, Canonical([]uint64{0, P, 1<<64 - 1}))
}

// TestUniform compares with the definition and bins what comes. With 64 bins of
// 2^14 expected elements each, a bin of a uniform stream is 2^10 away, eight
// standard deviations, with a probability below 10^-14, so that any of them is
// with less than 10^-12. The seed is fixed: the test cannot fail by chance.
func TestUniform(t *testing.T) {
	const n = 1 << 20
	v := make([]uint64, n)
	Uniform(v, prg.New([16]byte{1}))
	words := make([]uint64, n)
	prg.New([16]byte{1}).Uint64s(words)
	var bins [64]int
	for i, x := range v {
		if x >= P || x != words[i]&P {
			t.Fatalf("element %d is %d", i, x)
		}
		bins[x>>(Bits-6)]++
	}
	for _, count := range bins {
		require.InDelta(t, n/64, count, 1<<10)
	}
}

func TestAllocs(t *testing.T) {
	a, b := full(1000), full(1000)
	src := [][]uint64{a, b}
	coeff := []uint64{3, 4}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		AddVec(a, a, b)
		Combine(a, src, coeff)
		Scale(a, b, Inv(Dot(a, b)))
	}))
}

func BenchmarkField(b *testing.B) {
	const n = 1024
	r := newRand()
	x, y, d := vector(r, n), vector(r, n), make([]uint64, n)
	p := prg.New([16]byte{})
	src, coeff := [][]uint64{x, y, x}, []uint64{1, 2, 3}
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"Add", func() { AddVec(d, x, y) }},
		{"Scale", func() { Scale(d, x, y[0]) }},
		{"Dot", func() { d[0] = Dot(x, y) }},
		{"Combine3", func() { Combine(d, src, coeff) }},
		{"Uniform", func() { Uniform(d, p) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				op.f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
		})
	}
}
