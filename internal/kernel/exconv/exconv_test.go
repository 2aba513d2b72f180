package exconv

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

func canary(i int) Block { return Block{Lo: 0xa5a5a5a5a5a5a5a5 + uint64(i), Hi: 0x5a5a5a5a5a5a5a5a} }

// arena returns n blocks at an offset of off blocks in a larger slice, and a
// function that reports whether anything around them was written.
func arena(n, off int) (inside []Block, intact func() bool) {
	const margin = 40
	all := make([]Block, margin+off+n+margin)
	for i := range all {
		all[i] = canary(i)
	}
	lo, hi := margin+off, margin+off+n
	return all[lo:hi:hi], func() bool {
		for i := range all {
			if (i < lo || i >= hi) && all[i] != canary(i) {
				return false
			}
		}
		return true
	}
}

func random(r *rand.Rand, b []Block) []Block {
	for i := range b {
		b[i] = Block{Lo: r.Uint64(), Hi: r.Uint64()}
	}
	return b
}

func TestConvolve(t *testing.T) {
	for _, op := range []struct {
		name      string
		lanes     int
		fast, ref func(x, taps []Block)
	}{
		{"Convolve", 1, Convolve, convolveGeneric},
		{"ConvolvePairs", 2, ConvolvePairs, convolvePairsGeneric},
	} {
		t.Run(op.name, func(t *testing.T) {
			r := newRand(t)
			cputest.Each(t, func(t *testing.T) {
				for n := range 40 {
					for off := range 4 {
						x, intact := arena(op.lanes*(Step*n+Room), off)
						taps, tapsIntact := arena(n, (3*off+n)%4)
						random(r, x)
						random(r, taps)
						want, before := slices.Clone(x), slices.Clone(taps)
						op.ref(want, taps)
						op.fast(x, taps)
						if !slices.Equal(x, want) || !slices.Equal(taps, before) {
							t.Fatalf("%d steps at %d: wrong", n, off)
						}
						if !intact() || !tapsIntact() {
							t.Fatalf("%d steps at %d: wrote outside", n, off)
						}
					}
				}
			}, features...)
		})
	}
}

// TestConvolveMatrix checks the generic code against the definition: a banded
// matrix, bit by bit, and that the taps' high bytes do not count.
func TestConvolveMatrix(t *testing.T) {
	const n = 10
	r := newRand(t)
	x, taps := random(r, make([]Block, Step*n+Room)), random(r, make([]Block, n))
	want := slices.Clone(x)
	for i := range Step * n {
		for j := range State {
			half := []uint64{taps[i/4].Lo, taps[i/4].Hi}[i%4/2]
			if half>>(32*(i%2)+j)&1 == 1 {
				want[i+1+j] = want[i+1+j].Xor(want[i])
			}
		}
	}
	convolveGeneric(x, taps)
	if !slices.Equal(x, want) {
		t.Error("wrong")
	}
	pairs := make([]Block, 2*(Step*n+Room))
	random(r, pairs)
	even, odd := make([]Block, len(pairs)/2), make([]Block, len(pairs)/2)
	for i := range even {
		even[i], odd[i] = pairs[2*i], pairs[2*i+1]
	}
	convolvePairsGeneric(pairs, taps)
	convolveGeneric(even, taps)
	convolveGeneric(odd, taps)
	for i := range even {
		if pairs[2*i] != even[i] || pairs[2*i+1] != odd[i] {
			t.Fatalf("pair %d", i)
		}
	}
}

func TestExpand(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, total := range []int{7, 8, 13, 14, 100, 5000} {
			s := NewSegments(total)
			for n := range 20 {
				off := n % 4
				x := random(r, make([]Block, 2*total))
				words := random(r, make([]Block, Words*n))
				if n > 2 { // the first and the last place of each part
					words[0], words[1] = Block{}, Block{}
					words[2], words[3] = Block{Lo: ^uint64(0), Hi: ^uint64(0)}, Block{Lo: ^uint64(0), Hi: ^uint64(0)}
				}
				even, intact := arena(n, off)
				odd, oddIntact := arena(n, (off+1)%4)
				random(r, even)
				random(r, odd)
				wantEven, wantOdd := slices.Clone(even), slices.Clone(odd)
				single := slices.Clone(even)
				wantSingle := slices.Clone(even)
				expandPairsGeneric(s, wantEven, wantOdd, x, words)
				s.ExpandPairs(even, odd, x, words)
				if !slices.Equal(even, wantEven) || !slices.Equal(odd, wantOdd) {
					t.Fatalf("pairs: %d of %d: wrong", n, total)
				}
				expandGeneric(s, wantSingle, x[:total], words)
				s.Expand(single, x[:total], words)
				if !slices.Equal(single, wantSingle) {
					t.Fatalf("%d of %d: wrong", n, total)
				}
				if !intact() || !oddIntact() {
					t.Fatalf("%d of %d: wrote outside", n, total)
				}
			}
		}
	}, features...)
}

// TestSegments checks that the parts are disjoint, cover everything, and that
// every place is within its part.
func TestSegments(t *testing.T) {
	for _, n := range []int{7, 8, 1000, 1<<30 - 1} {
		s, next := NewSegments(n), 0
		for j := range Weight {
			if int(s.first[j]) != next {
				t.Errorf("%d: part %d begins at %d, not %d", n, j, s.first[j], next)
			}
			next += int(s.size[j])
			if i := s.index(j, 0); i != int(s.first[j]) {
				t.Errorf("%d: lowest place %d", n, i)
			}
			if i := s.index(j, ^uint32(0)); i != next-1 {
				t.Errorf("%d: highest place %d of part %d", n, i, j)
			}
		}
		if next != n {
			t.Errorf("parts of %d cover %d", n, next)
		}
	}
}

func TestMisuse(t *testing.T) {
	s := NewSegments(7)
	b := func(n int) []Block { return make([]Block, n) }
	for name, f := range map[string]func(){
		"Convolve":      func() { Convolve(b(Step+Room-1), b(1)) },
		"ConvolvePairs": func() { ConvolvePairs(b(2*(Step+Room)-1), b(1)) },
		"NewSegments":   func() { NewSegments(6) },
		"too many":      func() { NewSegments(1 << 30) },
		"Expand":        func() { s.Expand(b(1), b(6), b(2)) },
		"words":         func() { s.Expand(b(1), b(7), b(1)) },
		"ExpandPairs":   func() { s.ExpandPairs(b(1), b(1), b(13), b(2)) },
		"odd":           func() { s.ExpandPairs(b(1), b(2), b(14), b(2)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestAllocs(t *testing.T) {
	s, x := NewSegments(64), make([]Block, 200)
	if n := testing.AllocsPerRun(10, func() {
		Convolve(x, x[:2:2])
		s.ExpandPairs(x[:8], x[8:16], x[16:160], x[160:176])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkConvolve(b *testing.B) {
	const n = 1024
	r := newRand(b)
	x, taps := random(r, make([]Block, 2*(n+Room))), random(r, make([]Block, n/Step))
	for _, op := range []struct {
		name string
		f    func(x, taps []Block)
	}{{"single", Convolve}, {"pairs", ConvolvePairs}} {
		kernels(b, op.name, func(b *testing.B) {
			for b.Loop() {
				op.f(x, taps)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
		})
	}
}

func BenchmarkExpand(b *testing.B) {
	const n = 1 << 20
	r := newRand(b)
	s := NewSegments(n)
	x, words := random(r, make([]Block, 2*n)), random(r, make([]Block, Words*n))
	even, odd := make([]Block, n), make([]Block, n)
	kernels(b, "single", func(b *testing.B) {
		for b.Loop() {
			s.Expand(even, x, words)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
	})
	kernels(b, "pairs", func(b *testing.B) {
		for b.Loop() {
			s.ExpandPairs(even, odd, x, words)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
	})
}

// kernels runs f with each choice of kernel.
func kernels(b *testing.B, name string, f func(b *testing.B)) {
	b.Run(fmt.Sprintf("%s/kernel=best", name), f)
	for i := len(features) - 1; i >= 0; i-- {
		if features[i].Supported() {
			defer features[i].Disable()()
			b.Run(fmt.Sprintf("%s/kernel=no-%v", name, features[i]), f)
		}
	}
}
