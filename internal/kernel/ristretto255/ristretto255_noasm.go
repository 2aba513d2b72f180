//go:build !amd64 || purego

package ristretto255

func fromUniformMul(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	fromUniformMulGeneric(out, scalar, uniform)
}

func decodeMul(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	return decodeMulGeneric(out, scalar, in)
}
