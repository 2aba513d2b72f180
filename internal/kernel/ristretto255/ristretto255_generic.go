package ristretto255

import "github.com/gtank/ristretto255"

func fromUniformMulGeneric(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	var s ristretto255.Scalar
	setScalar(&s, scalar)
	var e ristretto255.Element
	for i := range len(uniform) / UniformSize {
		if _, err := e.SetUniformBytes(uniform[i*UniformSize : (i+1)*UniformSize]); err != nil {
			panic("ristretto255: internal error: " + err.Error())
		}
		e.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
}

func decodeMulGeneric(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	var s ristretto255.Scalar
	setScalar(&s, scalar)
	var e ristretto255.Element
	for i := range len(in) / ElementSize {
		b := in[i*ElementSize : (i+1)*ElementSize]
		// The identity has one canonical encoding, 32 zero bytes.
		if [ElementSize]byte(b) == [ElementSize]byte{} {
			return i
		}
		if _, err := e.SetCanonicalBytes(b); err != nil {
			return i
		}
		e.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
	return -1
}

func setScalar(s *ristretto255.Scalar, b *[ScalarSize]byte) {
	if _, err := s.SetCanonicalBytes(b[:]); err != nil {
		panic("ristretto255: internal error: scalar is not canonical")
	}
}
