package group

import (
	"bytes"
	"crypto/sha512"
	"encoding"
	"hash"
	"slices"
	"sync"

	kernel "github.com/dujiang-dev/dujiang/internal/kernel/ristretto255"
)

// A Tag separates the hash functions of different purposes: the domain
// separation tag of RFC 9380, section 3.1. It is immutable and safe for
// concurrent use.
type Tag struct {
	prime  []byte // DST_prime = DST || I2OSP(len(DST), 1)
	suffix []byte // l_i_b_str || I2OSP(0, 1) || DST_prime
	zpad   []byte // SHA-512's state after Z_pad
}

// oversizePrefix is what long tags are hashed with [RFC 9380, section 5.3.3].
const oversizePrefix = "H2C-OVERSIZE-DST-"

// NewTag returns the tag dst, of any length but zero, and panics if it is empty.
func NewTag(dst []byte) *Tag {
	if len(dst) == 0 {
		panic("group: internal error: empty domain separation tag")
	}
	if len(dst) > 255 {
		long := sha512.Sum512(slices.Concat([]byte(oversizePrefix), dst))
		dst = long[:]
	}
	t := new(Tag)
	t.prime = append(bytes.Clone(dst), byte(len(dst)))
	t.suffix = append([]byte{0, kernel.UniformSize, 0}, t.prime...)
	h := sha512.New()
	h.Write(make([]byte, sha512.BlockSize))
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("group: internal error: " + err.Error())
	}
	t.zpad = state
	return t
}

// hashChunk is the number of items that are hashed before they are multiplied;
// a multiple of what the kernel takes at once.
const hashChunk = 64

type hasher struct {
	h       hash.Hash
	buf     []byte
	uniform [hashChunk * kernel.UniformSize]byte
}

var hashers = sync.Pool{New: func() any { return &hasher{h: sha512.New()} }}

// HashMul hashes each itemSize bytes of items to the group under tag,
// multiplies by s and writes the encoding of the product to 32 bytes of out.
//
// It panics unless itemSize is positive, items is a multiple of it and out has
// room for exactly one element per item. The slices must not overlap.
func (s *Scalar) HashMul(out, items []byte, itemSize int, tag *Tag) {
	if itemSize <= 0 || len(items)%itemSize != 0 || len(out)%ElementSize != 0 ||
		len(items)/itemSize != len(out)/ElementSize {
		panic("group: internal error: lengths of items and output do not match")
	}
	x := hashers.Get().(*hasher)
	defer hashers.Put(x)
	for len(out) > 0 {
		n := min(hashChunk, len(out)/ElementSize)
		uniform := x.uniform[:n*kernel.UniformSize]
		for i := range n {
			x.expand((*[kernel.UniformSize]byte)(uniform[i*kernel.UniformSize:]), items[i*itemSize:(i+1)*itemSize], tag)
		}
		kernel.FromUniformMul(out[:n*ElementSize], &s.b, uniform)
		out, items = out[n*ElementSize:], items[n*itemSize:]
	}
}

// expand is expand_message_xmd with SHA-512 and 64 bytes of output [RFC 9380,
// section 5.3.1]. These are one block of the hash function (ell = 1), so that
// b_1 is the whole output.
func (x *hasher) expand(out *[kernel.UniformSize]byte, msg []byte, tag *Tag) {
	// b_0 = H(Z_pad || msg || l_i_b_str || I2OSP(0, 1) || DST_prime)
	if err := x.h.(encoding.BinaryUnmarshaler).UnmarshalBinary(tag.zpad); err != nil {
		panic("group: internal error: " + err.Error())
	}
	x.buf = append(append(x.buf[:0], msg...), tag.suffix...)
	x.h.Write(x.buf)
	x.buf = x.h.Sum(x.buf[:0])
	// b_1 = H(b_0 || I2OSP(1, 1) || DST_prime)
	x.buf = append(append(x.buf, 1), tag.prime...)
	*out = sha512.Sum512(x.buf)
}
