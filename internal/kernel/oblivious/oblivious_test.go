package oblivious

import (
	"fmt"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

func canary(i int) Block { return Block{Lo: 0xa5a5a5a5a5a5a5a5 + uint64(i), Hi: 0x5a5a5a5a5a5a5a5a} }

// TestAddAt covers every place of every length and offset, places beyond the
// end, and what lies around.
func TestAddAt(t *testing.T) {
	v := Block{Lo: 0x0123456789abcdef, Hi: 0xfedcba9876543210}
	cputest.Each(t, func(t *testing.T) {
		for n := range 70 {
			for off := range 4 {
				const margin = 20
				for _, place := range append(places(n), uint32(n), uint32(n)+3, 1<<31, ^uint32(0)) {
					all := make([]Block, margin+off+n+margin)
					for i := range all {
						all[i] = canary(i)
					}
					AddAt(all[margin+off:][:n:n], place, v)
					for i := range all {
						want := canary(i)
						if int64(place) < int64(n) && i == margin+off+int(place) {
							want = want.Xor(v)
						}
						if all[i] != want {
							t.Fatalf("%d blocks at %d, place %d: block %d is wrong", n, off, place, i-margin-off)
						}
					}
				}
			}
		}
	}, features...)
}

func places(n int) (p []uint32) {
	for i := range n {
		p = append(p, uint32(i))
	}
	return p
}

func BenchmarkAddAt(b *testing.B) {
	const n = 3000
	x := make([]Block, n)
	run := func(b *testing.B) {
		for b.Loop() {
			AddAt(x, 1234, Block{Lo: 1})
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/block")
	}
	b.Run("kernel=best", run)
	for i := len(features) - 1; i >= 0; i-- {
		if features[i].Supported() {
			defer features[i].Disable()()
			b.Run(fmt.Sprintf("kernel=no-%v", features[i]), run)
		}
	}
}
