package bitmatrix

import (
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

// TestTranspose compares with the definition.
func TestTranspose(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 1))
	var a, b [Side]uint64
	for i := range a {
		a[i] = g.Uint64()
	}
	b = a
	Transpose(&b)
	for i := range a {
		for k := range b {
			if a[i]>>k&1 != b[k]>>i&1 {
				t.Fatalf("bit %d of word %d is wrong", k, i)
			}
		}
	}
}

// random returns random words, and many of zero and of ones.
func random(g *rand.Rand, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		switch g.IntN(6) {
		case 0:
			v[i] = ^uint64(0)
		case 1:
			v[i] = 1 << g.IntN(64)
		case 2:
		default:
			v[i] = g.Uint64()
		}
	}
	return v
}

// TestFold compares folding with a sum of products, bit by bit, for every number of words
// up to some of those that a kernel takes at once, from every word of a block, and looks at
// what lies around.
func TestFold(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		g := rand.New(rand.NewPCG(3, 4))
		for n := range 3*words + 2 {
			for k := range n + 1 {
				weights := (*[Blocks]uint64)(random(g, Blocks))
				bits := random(g, Blocks*n)
				canary := Elem{Lo: g.Uint64(), Hi: g.Uint64()}
				around := make([]Elem, Side*(n-k)+2)
				for i := range around {
					around[i] = canary
				}
				got := around[1 : 1+Side*(n-k)]
				NewFolding(weights).Fold(got, bits, n, k)
				if around[0] != canary || around[len(around)-1] != canary {
					t.Fatalf("%d words from word %d of %d: written beyond", n-k, k, n)
				}
				for i := range got {
					var want Elem
					for l, r := range weights {
						want.Lo ^= r & -(bits[l*n+k+i/Side] >> (i % Side) & 1)
					}
					if got[i] != want {
						t.Fatalf("%d words from word %d of %d: element %d is wrong", n-k, k, n, i)
					}
				}
			}
		}
	}, cpu.AVX2)
}

func TestMisuse(t *testing.T) {
	f := NewFolding(new([Blocks]uint64))
	for _, run := range []func(){
		func() { f.Fold(make([]Elem, Side-1), make([]uint64, Blocks), 1, 0) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks), 1, 1) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks), 1, -1) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks+1), 1, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			run()
		}()
	}
}

func BenchmarkFold(b *testing.B) {
	const n = 64
	g := rand.New(rand.NewPCG(1, 3))
	f := NewFolding((*[Blocks]uint64)(random(g, Blocks)))
	bits, dst := random(g, Blocks*n), make([]Elem, Side*n)
	for _, kernel := range []struct {
		name string
		run  func(dst []Elem, bits []uint64, n, k int)
	}{{"best", f.fold}, {"generic", f.foldGeneric}} {
		b.Run(kernel.name, func(b *testing.B) {
			b.SetBytes(16 * Side * n)
			for b.Loop() {
				kernel.run(dst, bits, n, 0)
			}
		})
	}
}
