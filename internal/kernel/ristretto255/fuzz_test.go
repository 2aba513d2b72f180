package ristretto255

import (
	"bytes"
	"testing"
)

// FuzzDecodeMul checks that the kernel accepts what the generic code accepts,
// with equal products, and that multiplying by 1 gives back the encoding.
func FuzzDecodeMul(f *testing.F) {
	v := readVectors(f)
	for _, s := range append(v.Multiples, v.Invalid...) {
		f.Add(unhex(f, s), uint16(7))
	}
	f.Add(elements(17, 9), uint16(0xffff))
	f.Add([]byte{}, uint16(1))
	f.Fuzz(func(t *testing.T, in []byte, k uint16) {
		in = in[:min(len(in), 20*ElementSize)/ElementSize*ElementSize]
		scalar := testScalar(byte(k))
		scalar[0], scalar[1] = scalar[0]^byte(k>>8), byte(k)
		got, want := make([]byte, len(in)), make([]byte, len(in))
		a, b := DecodeMul(got, scalar, in), decodeMulGeneric(want, scalar, in)
		if a != b {
			t.Fatalf("kernel %d, generic %d", a, b)
		}
		if a != -1 {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("kernel %x, generic %x", got, want)
		}
		if DecodeMul(got, small(1), in) != -1 || !bytes.Equal(got, in) {
			t.Fatalf("%x encodes to %x", in, got)
		}
	})
}

// FuzzFromUniformMul checks that the kernels equal the generic code, and that the
// output decodes.
func FuzzFromUniformMul(f *testing.F) {
	for _, m := range readVectors(f).Maps {
		f.Add(unhex(f, m.Uniform), byte(1))
	}
	f.Add(uniforms(17, 10), byte(2))
	f.Add(make([]byte, UniformSize), byte(3))
	f.Fuzz(func(t *testing.T, uniform []byte, k byte) {
		n := min(len(uniform)/UniformSize, 20)
		uniform = uniform[:n*UniformSize]
		got, want := make([]byte, n*ElementSize), make([]byte, n*ElementSize)
		FromUniformMul(got, testScalar(k), uniform)
		fromUniformMulGeneric(want, testScalar(k), uniform)
		if !bytes.Equal(got, want) {
			t.Fatalf("kernel %x, generic %x", got, want)
		}
		if bad := DecodeMul(got, testScalar(k), got); bad != -1 &&
			[ElementSize]byte(want[bad*ElementSize:]) != [ElementSize]byte{} {
			t.Fatalf("element %d of %x does not decode", bad, want)
		}
		FromUniform(got, uniform)
		fromUniformGeneric(want, uniform)
		if !bytes.Equal(got, want) {
			t.Fatalf("mapped: kernel %x, generic %x", got, want)
		}
		scalars := bytes.Repeat(testScalar(k)[:], n)
		MulBaseSub(got, scalars, uniform)
		mulBaseSubGeneric(want, scalars, uniform)
		if !bytes.Equal(got, want) {
			t.Fatalf("differences: kernel %x, generic %x", got, want)
		}
	})
}
