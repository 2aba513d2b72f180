package bitmatrix

import (
	"bytes"
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

// around returns n random bytes between others, and whether those are still there.
func around(g *rand.Rand, n int) (b []byte, intact func() bool) {
	all := make([]byte, n+64)
	for i := range all {
		all[i] = byte(g.Uint32())
	}
	before := bytes.Clone(all)
	return all[32 : 32+n : 32+n], func() bool {
		return bytes.Equal(all[:32], before[:32]) && bytes.Equal(all[32+n:], before[32+n:])
	}
}

// TestSquares compares with the definition, for several numbers of squares and strides, and
// looks at what lies around.
func TestSquares(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		g := rand.New(rand.NewPCG(5, 6))
		for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, callSquares, callSquares + 1, callSquares + 3} {
			for _, more := range []int{0, 1, 24} {
				stride := 16*n + more
				src, _ := around(g, max(0, SquareSide*stride-more))
				canary := Elem{Lo: g.Uint64(), Hi: g.Uint64()}
				all := make([]Elem, SquareSide*n+2)
				for i := range all {
					all[i] = canary
				}
				got := all[1 : 1+SquareSide*n]
				Squares(got, src, stride)
				if all[0] != canary || all[len(all)-1] != canary {
					t.Fatalf("%d squares: written beyond", n)
				}
				for i, e := range got {
					for j := range SquareSide {
						want := uint64(src[j*stride+i/8] >> (i % 8) & 1)
						have := e.Lo
						if j >= 64 {
							have = e.Hi
						}
						if have>>(j%64)&1 != want {
							t.Fatalf("%d squares, stride %d: bit %d of element %d is wrong", n, stride, j, i)
						}
					}
				}
			}
		}
	}, cpu.AVX2, cpu.AVX512)
}

// TestSums compares with the definition, byte by byte, for every length up to some of those
// that a kernel takes at once, also with the sum in the place of what is added.
func TestSums(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		g := rand.New(rand.NewPCG(7, 8))
		for n := 0; n <= 136; n += 8 {
			leaves, _ := around(g, Leaves*n)
			x, intact := around(g, n)
			masks := [LeafBits]uint64{g.Uint64(), 0, ^uint64(0), 1 << g.IntN(64)}
			var rows, want [LeafBits][]byte
			checks := []func() bool{intact}
			for b := range rows {
				rows[b], intact = around(g, n)
				checks = append(checks, intact)
				want[b] = make([]byte, n)
			}
			sum, intact := around(g, n)
			checks = append(checks, intact)
			total := bytes.Clone(x)
			for i := range n {
				for b := range want {
					want[b][i] = x[i] & byte(masks[b]>>(8*(i%8)))
				}
				for k := range Leaves {
					leaf := leaves[k*n+i]
					total[i] ^= leaf
					for b := range want {
						want[b][i] ^= leaf & -byte(k>>b&1)
					}
				}
			}
			for _, sum := range [][]byte{sum, x} {
				Sums(sum, &rows, leaves, x, &masks)
				if !bytes.Equal(sum, total) {
					t.Fatalf("%d bytes: the sum is wrong", n)
				}
				for b := range rows {
					if !bytes.Equal(rows[b], want[b]) {
						t.Fatalf("%d bytes: row %d is wrong", n, b)
					}
				}
			}
			for _, intact := range checks {
				if !intact() {
					t.Fatalf("%d bytes: written beyond", n)
				}
			}
		}
	}, cpu.AVX2)
}

func TestMisuse(t *testing.T) {
	f := NewFolding(new([Blocks]uint64))
	masks := new([LeafBits]uint64)
	rowsOf := func(n int) *[LeafBits][]byte {
		return &[LeafBits][]byte{make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)}
	}
	for _, run := range []func(){
		func() { f.Fold(make([]Elem, Side-1), make([]uint64, Blocks), 1, 0) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks), 1, 1) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks), 1, -1) },
		func() { f.Fold(make([]Elem, Side), make([]uint64, Blocks+1), 1, 0) },
		func() { Squares(make([]Elem, SquareSide-1), make([]byte, 16*SquareSide), 16) },
		func() { Squares(make([]Elem, SquareSide), make([]byte, 16*SquareSide-1), 16) },
		func() { Squares(make([]Elem, SquareSide), make([]byte, 16*SquareSide), 15) },
		func() { Sums(make([]byte, 4), rowsOf(4), make([]byte, 4*Leaves), make([]byte, 4), masks) },
		func() { Sums(make([]byte, 16), rowsOf(8), make([]byte, 8*Leaves), make([]byte, 8), masks) },
		func() { Sums(make([]byte, 8), rowsOf(16), make([]byte, 8*Leaves), make([]byte, 8), masks) },
		func() { Sums(make([]byte, 8), rowsOf(8), make([]byte, 8*Leaves-1), make([]byte, 8), masks) },
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

func BenchmarkSquares(b *testing.B) {
	const n, stride = 512, 16 * 514
	src, dst := make([]byte, SquareSide*stride), make([]Elem, SquareSide*n)
	for _, kernel := range []struct {
		name string
		run  func(dst []Elem, src []byte, stride int)
	}{{"best", squares}, {"generic", squaresGeneric}} {
		b.Run(kernel.name, func(b *testing.B) {
			b.SetBytes(16 * SquareSide * n)
			for b.Loop() {
				kernel.run(dst, src, stride)
			}
		})
	}
}

func BenchmarkSums(b *testing.B) {
	const n = 1024
	var rows [LeafBits][]byte
	for i := range rows {
		rows[i] = make([]byte, n)
	}
	sum, leaves, x, masks := make([]byte, n), make([]byte, Leaves*n), make([]byte, n), new([LeafBits]uint64)
	for _, kernel := range []struct {
		name string
		run  func()
	}{
		{"best", func() { sums(sum, &rows, leaves, x, masks) }},
		{"generic", func() { sumsGeneric(sum, &rows, leaves, x, masks, 0) }},
	} {
		b.Run(kernel.name, func(b *testing.B) {
			b.SetBytes(Leaves * n)
			for b.Loop() {
				kernel.run()
			}
		})
	}
}
