package ristretto255

import "github.com/gtank/ristretto255"

func fromUniformMulGeneric(out []byte, scalar *[ScalarSize]byte, uniform []byte) {
	var s ristretto255.Scalar
	setScalar(&s, scalar)
	var e ristretto255.Element
	for i := range len(uniform) / UniformSize {
		derive(&e, uniform[i*UniformSize:])
		e.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
}

func fromUniformGeneric(out, uniform []byte) {
	var e ristretto255.Element
	for i := range len(uniform) / UniformSize {
		derive(&e, uniform[i*UniformSize:])
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
}

func mulBaseSubGeneric(out, scalars, uniform []byte) {
	var s ristretto255.Scalar
	var e, f ristretto255.Element
	for i := range len(uniform) / UniformSize {
		setScalar(&s, (*[ScalarSize]byte)(scalars[i*ScalarSize:]))
		derive(&f, uniform[i*UniformSize:])
		e.Subtract(e.ScalarBaseMult(&s), &f)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
}

func decodeMulGeneric(out []byte, scalar *[ScalarSize]byte, in []byte) (bad int) {
	var s ristretto255.Scalar
	setScalar(&s, scalar)
	var e ristretto255.Element
	for i := range len(in) / ElementSize {
		if !decode(&e, in[i*ElementSize:(i+1)*ElementSize]) {
			return i
		}
		e.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
	return -1
}

func sumMulGeneric(out []byte, scalar *[ScalarSize]byte, in, uniform []byte) (bad int) {
	var s ristretto255.Scalar
	setScalar(&s, scalar)
	var e, f ristretto255.Element
	for i := range len(in) / ElementSize {
		if !decode(&e, in[i*ElementSize:(i+1)*ElementSize]) {
			return i
		}
		derive(&f, uniform[i*UniformSize:])
		e.Add(&e, &f)
		e.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], e.Bytes())
	}
	return -1
}

func mulEachGeneric(out, scalars []byte, in *[ElementSize]byte) bool {
	var e, product ristretto255.Element
	if !decode(&e, in[:]) {
		return false
	}
	for i := range len(out) / ElementSize {
		var s ristretto255.Scalar
		setScalar(&s, (*[ScalarSize]byte)(scalars[i*ScalarSize:]))
		product.ScalarMult(&s, &e)
		copy(out[i*ElementSize:(i+1)*ElementSize], product.Bytes())
	}
	return true
}

// derive sets e to what the first 64 bytes of uniform are mapped to.
func derive(e *ristretto255.Element, uniform []byte) {
	if _, err := e.SetUniformBytes(uniform[:UniformSize]); err != nil {
		panic("ristretto255: internal error: " + err.Error())
	}
}

// decode reports whether b is the canonical encoding of an element other than the
// identity.
func decode(e *ristretto255.Element, b []byte) bool {
	// The identity has one canonical encoding, 32 zero bytes.
	if [ElementSize]byte(b) == [ElementSize]byte{} {
		return false
	}
	_, err := e.SetCanonicalBytes(b)
	return err == nil
}

func setScalar(s *ristretto255.Scalar, b *[ScalarSize]byte) {
	if _, err := s.SetCanonicalBytes(b[:]); err != nil {
		panic("ristretto255: internal error: scalar is not canonical")
	}
}
