// Package group provides ristretto255, a group of prime order in which the
// Diffie-Hellman problem is hard, in batches: RFC 9496, with hashing to the
// group by RFC 9380, suite ristretto255_XMD:SHA-512_R255MAP_RO_.
//
// Callers want [NewScalar], then [Scalar.HashMul] for their own items and
// [Scalar.Mul] for the elements that a peer sent. Both work on one core and
// allocate nothing per item; callers split their input over cores.
//
// # Security
//
// All functions run in constant time in the scalars. HashMul also does in the
// bytes of the items, though not in their number and size. The others branch on
// whether an element of the peer is valid, which the peer knows.
//
// A product of a non-zero scalar and an element other than the identity is
// never the identity, because the order is prime. Hashing hits the identity with
// probability 2⁻²⁵² per item; this is not checked.
//
// # Cost
//
// With AVX-512 IFMA eight items are computed together, which takes little more
// time than one item does without, and with AVX2 about as much as three; and groups
// of 64 share an inversion: calls with many items are much cheaper per item than calls
// with few. Memory does not
// grow with the number of items; about 60 KiB per concurrent call are kept.
//
// # References
//
//   - RFC 9496, The ristretto255 and decaf448 Groups.
//   - RFC 9380, Hashing to Elliptic Curves, section 5.3.1 and appendix B.
package group

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	"github.com/gtank/ristretto255"

	kernel "github.com/dujiang-dev/dujiang/internal/kernel/ristretto255"
)

const (
	// ElementSize is the size of an encoded element in bytes.
	ElementSize = kernel.ElementSize
	// SeedSize is the size in bytes of what [ScalarFromSeed] takes.
	SeedSize = 64
)

// A Scalar is a secret factor: uniformly random modulo the group's order, and
// not zero. It prints only as its type and size. It is safe for concurrent use.
type Scalar struct {
	_ [0]func() // no ==, which would not be constant time
	b [kernel.ScalarSize]byte
}

// NewScalar returns a new random scalar.
func NewScalar() *Scalar {
	var seed [SeedSize]byte
	rand.Read(seed[:])
	return ScalarFromSeed(&seed)
}

// ScalarFromSeed returns the scalar that a seed of uniformly random bytes
// determines, by reduction. It is for round functions that take their coins as
// arguments, and for tests; [NewScalar] draws the seed itself.
func ScalarFromSeed(seed *[SeedSize]byte) *Scalar {
	s, err := new(ristretto255.Scalar).SetUniformBytes(seed[:])
	if err != nil {
		panic("group: internal error: " + err.Error())
	}
	return newScalar(s)
}

func newScalar(s *ristretto255.Scalar) *Scalar {
	// A uniform seed gives zero with probability 2⁻²⁵².
	if s.Equal(new(ristretto255.Scalar)) == 1 {
		panic("group: internal error: scalar is zero")
	}
	return &Scalar{b: [kernel.ScalarSize]byte(s.Bytes())}
}

// Inverse returns 1/s modulo the group's order: multiplying by s and then by
// its inverse changes nothing.
func (s *Scalar) Inverse() *Scalar {
	x, err := new(ristretto255.Scalar).SetCanonicalBytes(s.b[:])
	if err != nil {
		panic("group: internal error: " + err.Error())
	}
	return newScalar(x.Invert(x))
}

// Mul decodes each element of in, multiplies it by s and writes the encoding of
// the product to the same place in out. It returns the index of the first
// element that is not a canonical encoding or is the identity; out is then
// unspecified and must not be used. It returns -1 if all are valid.
//
// The slices are equally long, a multiple of [ElementSize]; it panics
// otherwise. They may be the same, but must not overlap in another way.
func (s *Scalar) Mul(out, in []byte) (bad int) {
	if len(in)%ElementSize != 0 || len(out) != len(in) {
		panic("group: internal error: lengths of input and output do not match")
	}
	return kernel.DecodeMul(out, &s.b, in)
}

// SumMul is Mul for the sums of each element of in and the one that the same 64
// bytes of uniform are mapped to, as by [kernel.SumMul]. It returns the index of a sum
// that is the identity, too. The slices must not overlap.
func (s *Scalar) SumMul(out, in, uniform []byte) (bad int) {
	if bad := kernel.SumMul(out, &s.b, in, uniform); bad >= 0 {
		return bad
	}
	for i := range len(out) / ElementSize {
		if [ElementSize]byte(out[i*ElementSize:]) == [ElementSize]byte{} {
			return i
		}
	}
	return -1
}

// MulEach multiplies the element in by each of the scalars and writes the encodings to
// out. It reports whether in is a canonical encoding and not that of the identity.
func MulEach(out []byte, scalars []ristretto255.Scalar, in []byte) bool {
	b := encoded(scalars)
	defer clear(b)
	return len(in) == ElementSize && kernel.MulEach(out, b, (*[ElementSize]byte)(in))
}

// FromUniform maps each 64 bytes of uniform to the group, as by [kernel.FromUniform], and
// writes the encodings to out. The slices must not overlap.
func FromUniform(out, uniform []byte) { kernel.FromUniform(out, uniform) }

// MulBaseSub multiplies the generator by each of the scalars, subtracts what the same 64
// bytes of uniform are mapped to, as by [kernel.MulBaseSub], and writes the encodings to out.
// The slices must not overlap.
func MulBaseSub(out []byte, scalars []ristretto255.Scalar, uniform []byte) {
	b := encoded(scalars)
	defer clear(b)
	kernel.MulBaseSub(out, b, uniform)
}

func encoded(scalars []ristretto255.Scalar) []byte {
	b := make([]byte, 0, len(scalars)*kernel.ScalarSize)
	for i := range scalars {
		b = append(b, scalars[i].Bytes()...)
	}
	return b
}

// String returns the type and size of s, and nothing of its value.
func (s Scalar) String() string { return "group.Scalar(32 bytes)" }

// Format implements [fmt.Formatter], so that no verb prints the value of s.
func (s Scalar) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s Scalar) LogValue() slog.Value { return slog.StringValue(s.String()) }
