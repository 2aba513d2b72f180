//go:build amd64 && !purego

package ristretto255

import "github.com/dujiang-dev/dujiang/internal/cpu"

// The generator's output is reproducible: go generate leaves the tree clean.
//
//go:generate go -C _asm run . -out ../ristretto255_amd64.s

func fromUniformMul(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	if !cpu.IFMA.Enabled() {
		fromUniformMulGeneric(out, scalar, uniform)
		return
	}
	fromUniformMulIFMA(out, scalar, uniform)
}

func decodeMul(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	if !cpu.IFMA.Enabled() {
		return decodeMulGeneric(out, scalar, in)
	}
	return decodeMulIFMA(out, scalar, in)
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
	_     cached  // what mulDigits looked up in table
	d2    element // 2d
	table [8]cached
}

// A cached point is the second operand of an addition.
type cached struct{ YplusX, YminusX, Z2, T2d element }

const lanes = 8

//go:noescape
func mul(out, a, b *element)

//go:noescape
func add(out, a, b *element)

//go:noescape
func sub(out, a, b *element)

//go:noescape
func sqrN(out, a *element, n uint64)

//go:noescape
func sqrN2(out, a *[2]element, n uint64)

//go:noescape
func blend(out, a, b *element, mask uint8)

//go:noescape
func freeze(out, a *element)

//go:noescape
func isNegative(a *element) uint8

//go:noescape
func isZero(a *element) uint8

//go:noescape
func buildTable(m *multiplier)

//go:noescape
func addPoint(m *multiplier, q *point)

//go:noescape
func mulDigits(m *multiplier, digits *[64]int8)
