package gf128

import "testing"

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

func BenchmarkGF128(b *testing.B) {
	const n = 512 // elements, so that all vectors stay in the first-level cache
	r := newRand(b)
	x, y, d := make([]Elem, n), make([]Elem, n), make([]Elem, n)
	for i := range x {
		x[i], y[i] = element(r), element(r)
	}
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"MulConst", func() { MulConst(d, x, y[0]) }},
		{"MulConstAdd", func() { MulConstAdd(d, x, y[0]) }},
		{"MulVec", func() { MulVec(d, x, y) }},
		{"Dot", func() { d[0] = Dot(x, y) }},
		{"Horner", func() { d[0] = Horner(x, y[0]) }},
		{"powers", func() { powers(d, y[0]) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			kernels(b, func(b *testing.B) {
				for b.Loop() {
					op.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
			})
		})
	}
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"Mul", func() { d[0] = Mul(d[0], y[1]) }},
		{"Inv", func() { d[0] = Inv(y[1]) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			kernels(b, func(b *testing.B) {
				for b.Loop() {
					op.f()
				}
			})
		})
	}
}
