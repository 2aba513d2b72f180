package gf128

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

func randomElems(n int) []Elem {
	random := rand.New(rand.NewPCG(11, 12))
	x := make([]Elem, n)
	for i := range x {
		x[i] = Elem{Lo: random.Uint64(), Hi: random.Uint64()}
	}
	return x
}

func frobenius64(x Elem) Elem {
	for range 64 {
		x = Mul(x, x)
	}
	return x
}

// The lift keeps low words, is linear, and its image times 1/kappa is K.
func TestLift(t *testing.T) {
	x := randomElems(200)
	x[0], x[1], x[2] = Elem{}, Elem{Lo: 1}, Elem{Lo: 1 << 63, Hi: 5}
	lifted, table := append([]Elem{}, x...), append([]Elem{}, x...)
	Lift(lifted)
	LiftVarTime(table)
	for i := range x {
		if lifted[i] != table[i] {
			t.Fatalf("%d: tables disagree with bits", i)
		}
		if lifted[i].Lo != x[i].Lo {
			t.Fatalf("%d: the low word changed", i)
		}
		if k := Mul(lifted[i], Inv(kappa)); frobenius64(k) != k {
			t.Fatalf("%d: outside the space", i)
		}
		sum := []Elem{x[i].Xor(x[(i+1)%len(x)])}
		Lift(sum)
		if sum[0] != lifted[i].Xor(lifted[(i+1)%len(x)]) {
			t.Fatalf("%d: not linear", i)
		}
	}
}

// Elements of the subfield are in it, and keep the space when they multiply it.
func TestSubfield(t *testing.T) {
	k, v := randomElems(200), randomElems(200)
	k[0] = Elem{}
	SubfieldVarTime(k)
	Lift(v)
	seen := map[Elem]bool{}
	for i := range k {
		if frobenius64(k[i]) != k[i] {
			t.Fatalf("%d: outside the subfield", i)
		}
		seen[k[i]] = true
		product := Mul(k[i], v[i])
		again := []Elem{product}
		Lift(again)
		if again[0] != product {
			t.Fatalf("%d: the product left the space", i)
		}
	}
	if len(seen) != len(k) || !seen[Elem{}] {
		t.Fatal("different words gave equal elements")
	}
}

// Lengths around those that a kernel does at a time, with something in front and
// behind that must stay, give what single bits do.
func TestLiftLengths(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		bits := &theSubspace().bits
		for n := range 4*liftElems + 2 {
			for _, f := range []func([]Elem){Lift, LiftVarTime} {
				x := randomElems(n + 2)
				want := slices.Clone(x)
				for i := range want[1 : n+1] {
					e := &want[i+1]
					e.Hi = 0
					for k, h := range bits {
						e.Hi ^= h * (e.Lo >> k & 1)
					}
				}
				f(x[1 : n+1])
				if !slices.Equal(x, want) {
					t.Fatalf("%d elements are lifted wrongly", n)
				}
			}
		}
	}, cpu.AVX2)
}

func BenchmarkLiftVarTime(b *testing.B) {
	x := randomElems(1024)
	kernels(b, func(b *testing.B) {
		for b.Loop() {
			LiftVarTime(x)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/elem")
	})
}
