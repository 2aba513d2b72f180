package okvs

import (
	"fmt"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// BenchmarkOKVS works on warm buffers, as a protocol that runs again does.
func BenchmarkOKVS(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 14, 1 << 20, 1 << 22} {
		p := params(b, n)
		keys, values := instance(n, 1)
		out, got := make([]Block, p.Size()), make([]Block, n)
		for _, workers := range []int{1, 2} {
			run := func(b *testing.B, f func()) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
			}
			for _, op := range []struct {
				name string
				f    func()
			}{
				{"Encode", func() {
					if err := encodeValues(p, [16]byte{1}, [16]byte{2}, keys, values, out, workers); err != nil {
						b.Fatal(err)
					}
				}},
				{"Decode", func() { Decode(p, [16]byte{1}, keys, out, got, Work{Workers: workers}) }},
			} {
				name := fmt.Sprintf("%s/n=%d/workers=%d", op.name, n, workers)
				b.Run(name+"/kernel=best", func(b *testing.B) { run(b, op.f) })
				if workers == 1 {
					restore := cpu.AVX512.Disable()
					b.Run(name+"/kernel=no-avx512", func(b *testing.B) { run(b, op.f) })
					restore()
				}
			}
		}
	}
}
