//go:build amd64 && !purego

package ristretto255

import "github.com/dujiang-dev/dujiang/internal/cpu"

// The generator's output is reproducible: go generate leaves the tree clean.
//
//go:generate go -C _asm run . -out ../ristretto255_amd64.s

// useLanes reports whether kernels should do n elements.
func useLanes(n int) bool { return cpu.IFMA.Enabled() || cpu.AVX2.Enabled() && n >= fewest }

func fromUniformMul(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	if !useLanes(len(uniform) / UniformSize) {
		fromUniformMulGeneric(out, scalar, uniform)
		return
	}
	fromUniformMulLanes(out, scalar, uniform)
}

func fromUniform(out, uniform []byte) {
	if !useLanes(len(out) / ElementSize) {
		fromUniformGeneric(out, uniform)
		return
	}
	fromUniformLanes(out, uniform)
}

func mulBaseSub(out, scalars, uniform []byte) {
	if !useLanes(len(out) / ElementSize) {
		mulBaseSubGeneric(out, scalars, uniform)
		return
	}
	mulBaseSubLanes(out, scalars, uniform)
}

func decodeMul(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	if !useLanes(len(in) / ElementSize) {
		return decodeMulGeneric(out, scalar, in)
	}
	return decodeMulLanes(out, scalar, in)
}

func sumMul(out []byte, scalar *[ScalarSize]byte, in, uniform []byte) (bad int) {
	if !useLanes(len(in) / ElementSize) {
		return sumMulGeneric(out, scalar, in, uniform)
	}
	return sumMulLanes(out, scalar, in, uniform)
}

func mulEach(out, scalars []byte, in *[ElementSize]byte) bool {
	if !useLanes(len(out) / ElementSize) {
		return mulEachGeneric(out, scalars, in)
	}
	return mulEachLanes(out, scalars, in)
}

// The assembly touches nothing but the fixed-size types below: input is read
// and output written in Go, where bounds are checked and the race detector sees
// it.

// An element is eight field elements modulo p = 2²⁵⁵-19: limb i, of weight
// 2^(51i), of the one in lane j is at [i][j]. Limbs are *tight* between calls,
// below 2⁵¹ + 2¹⁵; see _asm/field.go.
type element [5][lanes]uint64

// A point is eight points in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
type point struct{ X, Y, Z, T element }

// A multiplier is what a multiplication of eight points works on. Its layout is
// known to _asm/point.go.
type multiplier struct {
	p     point
	sel   cached  // what mulDigits looked up in table
	d2    element // 2d
	table [8]cached
}

// A cached point is the second operand of an addition.
type cached struct{ YplusX, YminusX, Z2, T2d element }

const lanes = 8
