package ring64

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

// words returns random words, and many of zero and of ones.
func words(g *rand.Rand, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		switch g.IntN(6) {
		case 0:
			v[i] = ^uint64(0)
		case 1:
			v[i] = uint64(^uint32(0)) << g.IntN(64)
		case 2:
		default:
			v[i] = g.Uint64()
		}
	}
	return v
}

// TestVectors compares both operations with their definition, for every length up to
// some registers and every offset, and looks at what lies around.
func TestVectors(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		g := rand.New(rand.NewPCG(1, 1))
		for n := range 21 {
			for off := range 5 {
				var in [6][]uint64
				for i := range in {
					in[i] = words(g, n+2*off+8)
				}
				at := func(v []uint64) []uint64 { return v[off+4:][:n:n] }
				for name, f := range map[string]struct {
					run  func(z, t, a, b, c, d []uint64)
					want func(z, t, a, b, c, d uint64) uint64
				}{
					"product":     {Product, func(z, t, a, b, c, d uint64) uint64 { return z - t + a*(c+d) + b*c }},
					"conjunction": {Conjunction, func(z, t, a, b, c, d uint64) uint64 { return z ^ t ^ a&(c^d) ^ b&c }},
				} {
					z := slices.Clone(in[0])
					f.run(at(z), at(in[1]), at(in[2]), at(in[3]), at(in[4]), at(in[5]))
					for i := range z {
						want := in[0][i]
						if i >= off+4 && i < off+4+n {
							want = f.want(in[0][i], in[1][i], in[2][i], in[3][i], in[4][i], in[5][i])
						}
						if z[i] != want {
							t.Fatalf("%s of %d words at %d: word %d is wrong", name, n, off, i-off-4)
						}
					}
				}
			}
		}
	}, cpu.AVX2)
}

// TestLong has more words than one call of a kernel takes.
func TestLong(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 4))
	var v [6][]uint64
	for i := range v {
		v[i] = words(g, 2*callWords+5)
	}
	for _, op := range []struct {
		run, generic func(z, t, a, b, c, d []uint64)
	}{
		{Product, productGeneric}, {Conjunction, conjunctionGeneric},
	} {
		got, want := slices.Clone(v[0]), slices.Clone(v[0])
		op.run(got, v[1], v[2], v[3], v[4], v[5])
		op.generic(want, v[1], v[2], v[3], v[4], v[5])
		if !slices.Equal(want, got) {
			t.Error("words are wrong")
		}
	}
}

// TestMatrix compares products with their definition, for shapes around those of a tile.
func TestMatrix(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		g := rand.New(rand.NewPCG(1, 2))
		for _, rows := range []int{0, 1, 2, 3, 4, 7, blockRows + 2} {
			for _, inner := range []int{0, 1, 2, 5, tileTerms, tileTerms + 3} {
				for _, columns := range []int{0, 1, 7, 8, 9, 16, 19} {
					x, y, before := words(g, rows*inner), words(g, inner*columns), words(g, rows*columns+1)
					z := slices.Clone(before)
					NewMatrix(inner, columns, y).AddProduct(z[:rows*columns], rows, x)
					for i := range z {
						want := before[i]
						if i < rows*columns {
							for k := range inner {
								want += x[i/columns*inner+k] * y[k*columns+i%columns]
							}
						}
						if z[i] != want {
							t.Fatalf("%d×%d×%d: element %d is wrong", rows, inner, columns, i)
						}
					}
				}
			}
		}
	}, cpu.AVX2)
}

func TestBytes(t *testing.T) {
	testBytes[uint32](t)
	testBytes[uint64](t)
	testBytes[int64](t)
	failed := fmt.Errorf("failed")
	if err := Fill(make([]uint64, 1), make([]byte, 8), func([]byte) error { return failed }); err != failed {
		t.Errorf("%v instead of what read returned", err)
	}
}

func testBytes[W Word](t *testing.T) {
	size := Size[W]()
	for n := range 5 {
		// The buffer is longer than it need be.
		w, buf := make([]W, n), make([]byte, size*n+1)
		err := Fill(w, buf, func(b []byte) error {
			if len(b) != size*n {
				t.Errorf("%d bytes for %d words", len(b), n)
			}
			for i := range b {
				b[i] = byte(3 * i)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b := Bytes(w, buf)
		if len(b) != size*n {
			t.Errorf("%d words are %d bytes", n, len(b))
		}
		for i, b := range b {
			if b != byte(3*i) || b != byte(w[i/size]>>(i%size*8)) {
				t.Errorf("byte %d of %d words is %d", i, n, b)
			}
		}
	}
}

// TestUnset writes vectors whole, with garbage between them, and finds in each what it has.
func TestUnset(t *testing.T) {
	testUnset[uint32](t)
	testUnset[uint64](t)
	testUnset[int64](t)
}

func testUnset[W Word](t *testing.T) {
	lengths := []int{0, 1, 1<<12 - 1, 1 << 12, 1<<12 + 1, 100_001}
	var all [][]W
	for k, n := range lengths {
		for range 3 {
			Unset[W](n)
		}
		v := Unset[W](n)
		if len(v) != n || cap(v) != n {
			t.Fatalf("%d words, and room for %d, instead of %d", len(v), cap(v), n)
		}
		for i := range v {
			v[i] = W(k)<<20 | W(i)
		}
		all = append(all, v)
		runtime.GC()
	}
	for k, v := range all {
		for i, w := range v {
			if w != W(k)<<20|W(i) {
				t.Fatalf("word %d of %d is overwritten", i, len(v))
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	for _, f := range []func(){
		func() { v := make([]uint64, 3); Product(v, v, v, v, v, v[:2]) },
		func() { Unset[uint64](-1) },
		func() { NewMatrix(1, 1, []uint64{1}).AddProduct(make([]uint64, 2), 1, make([]uint64, 1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

func BenchmarkRing64(b *testing.B) {
	const n, side = 1 << 12, 256
	g := rand.New(rand.NewPCG(1, 3))
	var v [6][]uint64
	for i := range v {
		v[i] = words(g, n)
	}
	x, z := words(g, side*side), make([]uint64, side*side)
	m := NewMatrix(side, side, x)
	for _, op := range []struct {
		name string
		per  float64
		f    func()
	}{
		{"Product", n, func() { Product(v[0], v[1], v[2], v[3], v[4], v[5]) }},
		{"Conjunction", n, func() { Conjunction(v[0], v[1], v[2], v[3], v[4], v[5]) }},
		{"Matrix", side * side * side, func() { m.AddProduct(z, side, x) }},
	} {
		run := func(b *testing.B) {
			for b.Loop() {
				op.f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/op.per, "ns/word")
		}
		b.Run(op.name+"/kernel=best", run)
		func() {
			defer cpu.AVX2.Disable()()
			b.Run(op.name+"/kernel=generic", run)
		}()
	}
}
