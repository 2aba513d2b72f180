//go:build amd64 && !purego

package gf128

import "github.com/dujiang-dev/dujiang/internal/cpu"

func mul(a, b Elem) (c Elem) {
	if !cpu.AVX2.Enabled() {
		return mulGeneric(a, b)
	}
	c.Lo, c.Hi = mulOneAVX2(a.Lo, a.Hi, b.Lo, b.Hi)
	return c
}

func mulConst(dst, src []Elem, c Elem) {
	k := [2]Elem{c, timesX64(c)}
	switch {
	case cpu.AVX512.Enabled():
		mulConstAVX512(&dst[0], &src[0], len(src), &k)
	case cpu.VAES.Enabled():
		mulConstVAES(&dst[0], &src[0], len(src), &k)
	case cpu.AVX2.Enabled():
		mulConstAVX2(&dst[0], &src[0], len(src), &k)
	default:
		mulConstGeneric(dst, src, c)
	}
}

func mulConstAdd(dst, src []Elem, c Elem) {
	k := [2]Elem{c, timesX64(c)}
	switch {
	case cpu.AVX512.Enabled():
		mulConstAddAVX512(&dst[0], &src[0], len(src), &k)
	case cpu.VAES.Enabled():
		mulConstAddVAES(&dst[0], &src[0], len(src), &k)
	case cpu.AVX2.Enabled():
		mulConstAddAVX2(&dst[0], &src[0], len(src), &k)
	default:
		mulConstAddGeneric(dst, src, c)
	}
}

func mulVec(dst, a, b []Elem) {
	switch {
	case cpu.AVX512.Enabled():
		mulAVX512(&dst[0], &a[0], &b[0], len(a))
	case cpu.VAES.Enabled():
		mulVAES(&dst[0], &a[0], &b[0], len(a))
	case cpu.AVX2.Enabled():
		mulAVX2(&dst[0], &a[0], &b[0], len(a))
	default:
		mulVecGeneric(dst, a, b)
	}
}

func dot(acc *[3]Elem, a, b []Elem) {
	switch {
	case cpu.AVX512.Enabled():
		dotAVX512(acc, &a[0], &b[0], len(a))
	case cpu.VAES.Enabled():
		dotVAES(acc, &a[0], &b[0], len(a))
	case cpu.AVX2.Enabled():
		dotAVX2(acc, &a[0], &b[0], len(a))
	default:
		dotGeneric(acc, a, b)
	}
}

// timesX64 returns a * x^64, which the kernels take along with a constant.
func timesX64(a Elem) Elem { return fold(a.Hi).Xor(Elem{Hi: a.Lo}) }

func hasLift() bool { return cpu.AVX2.Enabled() }

// liftKernel lifts a multiple of liftElems elements, and at least one.
func liftKernel(x []Elem, halves *[128][16]byte) { liftAVX2(&x[0], len(x)/liftElems, halves) }
