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

func TestPairs(t *testing.T) {
	v := Block{Lo: 0x0123456789abcdef, Hi: 0xfedcba9876543210}
	cputest.Each(t, func(t *testing.T) {
		for n := range 70 {
			for off := range 4 {
				const margin = 20
				src := make([]Block, off+n)[off:]
				for i := range src {
					src[i] = canary(1000 + i)
				}
				for _, place := range append(places(n), uint32(n), uint32(n)+3, 1<<31, ^uint32(0)) {
					all := make([]Block, margin+off+2*n+margin)
					for i := range all {
						all[i] = canary(i)
					}
					dst := all[margin+off:][: 2*n : 2*n]
					Pairs(dst, src, place, v)
					for i := range all {
						want := canary(i)
						if j := i - margin - off; j >= 0 && j < 2*n {
							switch {
							case j%2 == 1:
								want = src[j/2]
							case int64(place) == int64(j/2):
								want = v
							default:
								want = Block{}
							}
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

func TestMisuse(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Pairs(make([]Block, 3), make([]Block, 1), 0, Block{})
}

func places(n int) (p []uint32) {
	for i := range n {
		p = append(p, uint32(i))
	}
	return p
}

func BenchmarkOblivious(b *testing.B) {
	const n = 3000
	x, y := make([]Block, n), make([]Block, 2*n)
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"AddAt", func() { AddAt(x, 1234, Block{Lo: 1}) }},
		{"Pairs", func() { Pairs(y, x, 1234, Block{Lo: 1}) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			run := func(b *testing.B) {
				for b.Loop() {
					op.f()
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
		})
	}
}
