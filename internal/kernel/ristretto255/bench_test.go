package ristretto255

import (
	"bytes"
	"testing"
	"time"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// measure reports, besides the mean, the least time that one call took, per
// item: other work on the machine changes it little.
func measure(b *testing.B, items int, f func()) {
	least := time.Duration(1<<63 - 1)
	for b.Loop() {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/item")
	b.ReportMetric(float64(least.Nanoseconds())/float64(items), "least-ns/item")
	b.ReportMetric(0, "ns/op")
}

func benchmarkKernels(b *testing.B, items int, f func()) {
	b.Run("kernel=best", func(b *testing.B) { measure(b, items, f) })
	defer cpu.IFMA.Disable()()
	b.Run("kernel=no-ifma", func(b *testing.B) { measure(b, items, f) })
	defer cpu.AVX2.Disable()()
	b.Run("kernel=generic", func(b *testing.B) { measure(b, items, f) })
}

func BenchmarkFromUniformMul(b *testing.B) {
	const n = 128
	uniform, out := make([]byte, n*UniformSize), make([]byte, n*ElementSize)
	for i := range uniform {
		uniform[i] = byte(i * i >> 3)
	}
	scalar := testScalar(1)
	benchmarkKernels(b, n, func() { FromUniformMul(out, scalar, uniform) })
}

func BenchmarkFromUniform(b *testing.B) {
	const n = 128
	uniform, out := uniforms(n, 3), make([]byte, n*ElementSize)
	benchmarkKernels(b, n, func() { FromUniform(out, uniform) })
}

func BenchmarkMulBaseSub(b *testing.B) {
	const n = 128
	scalars, uniform, out := bytes.Repeat(testScalar(3)[:], n), uniforms(n, 4), make([]byte, n*ElementSize)
	benchmarkKernels(b, n, func() { MulBaseSub(out, scalars, uniform) })
}

func BenchmarkDecodeMul(b *testing.B) {
	for _, bm := range []struct {
		name string
		n    int
	}{{"n=1", 1}, {"n=8", 8}, {"n=128", 128}} {
		b.Run(bm.name, func(b *testing.B) {
			buf := make([]byte, bm.n*ElementSize)
			scalar := testScalar(2)
			FromUniformMul(buf, scalar, make([]byte, bm.n*UniformSize))
			for i := range bm.n {
				uniform := make([]byte, UniformSize)
				uniform[0], uniform[40] = byte(i), 1
				FromUniformMul(buf[i*ElementSize:(i+1)*ElementSize], scalar, uniform)
			}
			benchmarkKernels(b, bm.n, func() {
				if DecodeMul(buf, scalar, buf) != -1 {
					b.Fatal("refused")
				}
			})
		})
	}
}

// testScalar returns a canonical scalar.
func testScalar(seed byte) *[ScalarSize]byte {
	s := new([ScalarSize]byte)
	for i := range s {
		seed = seed*93 + 41
		s[i] = seed ^ seed>>4
	}
	s[31] &= 0x0f
	return s
}
