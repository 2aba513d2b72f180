package tails

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// TestSample compares with the definition, also at the tails and beside them, and
// looks for what is written around the numbers.
func TestSample(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, count := range []int{1, 2, 42} {
			tails := make([]uint64, count)
			for i := range tails {
				tails[i] = r.Uint64() >> (1 + i)
			}
			tails[count-1] = 1
			tails[0] = 1<<63 - 1
			for n := range 70 {
				const margin = 8
				off := margin + n%4
				all := make([]uint64, off+n+margin)
				for i := range all {
					all[i] = r.Uint64()
					if r.IntN(2) == 0 { // at a tail, beside it, or at an end
						all[i] = tails[r.IntN(count)]<<1 + r.Uint64N(5) - 2
					}
				}
				want := slices.Clone(all)
				for i, w := range want[off : off+n] {
					v := 0
					for _, tail := range tails {
						if w>>1 < tail {
							v++
						}
					}
					if w&1 == 1 {
						v = -v
					}
					want[off+i] = uint64(v)
				}
				Sample(all[off:off+n:off+n], tails)
				if !slices.Equal(all, want) {
					t.Fatalf("%d words, %d tails: wrong, or wrote outside", n, count)
				}
			}
		}
	}, cpu.AVX2)
}

func TestNoTails(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no tails were taken")
		}
	}()
	Sample(make([]uint64, 1), nil)
}

func BenchmarkSample(b *testing.B) {
	x, tails := make([]uint64, 4096), make([]uint64, 42)
	for i := range tails {
		tails[i] = 1 << (62 - i)
	}
	for name, f := range map[string]func(words, tails []uint64){"best": Sample, "generic": sampleGeneric} {
		b.Run(fmt.Sprintf("tails=%d/%s", len(tails), name), func(b *testing.B) {
			for b.Loop() {
				f(x, tails)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/number")
		})
	}
}
