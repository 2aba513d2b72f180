//go:build !amd64 || purego

package ristretto255

func fromUniformMul(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	fromUniformMulGeneric(out, scalar, uniform)
}

func fromUniform(out, uniform []byte) { fromUniformGeneric(out, uniform) }

func mulBaseSub(out, scalars, uniform []byte) { mulBaseSubGeneric(out, scalars, uniform) }

func decodeMul(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	return decodeMulGeneric(out, scalar, in)
}

func sumMul(out []byte, scalar *[ScalarSize]byte, in, uniform []byte) (bad int) {
	return sumMulGeneric(out, scalar, in, uniform)
}

func mulEach(out, scalars []byte, in *[ElementSize]byte) bool {
	return mulEachGeneric(out, scalars, in)
}
