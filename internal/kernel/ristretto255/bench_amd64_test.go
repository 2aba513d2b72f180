//go:build amd64 && !purego

package ristretto255

import (
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// BenchmarkParts splits the kernel's time: all results are per eight lanes.
func BenchmarkParts(b *testing.B) {
	if !cpu.AVX2.Enabled() {
		b.Skip("no kernel")
	}
	w := workspaces.Get().(*workspace)
	w.p = point{X: *zero, Y: *one, Z: *one, T: *zero}
	halfDigits(&w.digits, testScalar(3))
	x, y := *constD, *sqrtM1
	xs, ys := [2]element{x, y}, [2]element{}
	ps := [2]point{}
	const many = 1000
	b.Run("mul", func(b *testing.B) {
		measure(b, many, func() {
			for range many {
				mul(&x, &y, &y)
			}
		})
	})
	b.Run("sqrN", func(b *testing.B) { measure(b, many, func() { sqrN(&x, &y, many) }) })
	b.Run("sqrN2", func(b *testing.B) { measure(b, many, func() { sqrN2(&ys, &xs, many) }) })
	b.Run("sqrtRatioM1/two", func(b *testing.B) { measure(b, 1, func() { sqrtRatioM1(&ys, &xs, &xs) }) })
	b.Run("mapToPoints/two", func(b *testing.B) { measure(b, 1, func() { mapToPoints(&ps, &xs) }) })
	b.Run("buildTable", func(b *testing.B) { measure(b, 1, func() { buildTable(&w.multiplier) }) })
	b.Run("mulDigits", func(b *testing.B) { measure(b, 1, func() { mulDigits(&w.multiplier, &w.digits) }) })
	out := make([]byte, chunk*ElementSize)
	for i := range w.points {
		w.points[i] = ps[0]
	}
	b.Run("mulEncode/all", func(b *testing.B) { measure(b, groups, func() { w.mulEncode(out, chunk) }) })
}
