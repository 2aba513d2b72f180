package aes128

import (
	"testing"
)

// kernels runs f with each choice of kernel.
func kernels(b *testing.B, f func(b *testing.B)) {
	b.Run("kernel=best", f)
	for i := len(features) - 1; i >= 0; i-- {
		if features[i].Supported() {
			defer features[i].Disable()()
			b.Run("kernel=no-"+features[i].String(), f)
		}
	}
}

func BenchmarkAES128(b *testing.B) {
	const n = 512 // blocks, so that input and output stay in the first-level cache
	c, d := New([16]byte{1}), New([16]byte{2})
	src, dst := make([]Block, n), make([]Block, 2*n)
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"Encrypt", func() { c.Encrypt(dst[:n], src) }},
		{"HashCR", func() { c.HashCR(dst[:n], src) }},
		{"HashTCCR", func() { c.HashTCCR(dst[:n], src, 7) }},
		{"Counter", func() { c.CounterBlocks(dst[:n], 7) }},
		{"Double", func() { Double(c, d, dst, src) }}, // per parent
		{"EncryptKeys", func() { EncryptKeys(dst[:n], src, src) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			kernels(b, func(b *testing.B) {
				b.SetBytes(Size * n)
				for b.Loop() {
					op.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/block")
			})
		})
	}
}
