package group

import (
	"sync"

	kernel "github.com/dujiang-dev/dujiang/internal/kernel/ristretto255"
	"github.com/dujiang-dev/dujiang/internal/kernel/ristretto255/xmd"
)

// A Tag separates the hash functions of different purposes: the domain
// separation tag of RFC 9380, section 3.1. It is immutable and safe for
// concurrent use.
type Tag struct{ x *xmd.Expander }

// NewTag returns the tag dst, of any length but zero, and panics if it is empty.
// Tags of more than 255 bytes are hashed first [RFC 9380, section 5.3.3].
func NewTag(dst []byte) *Tag {
	if len(dst) == 0 {
		panic("group: internal error: empty domain separation tag")
	}
	return &Tag{xmd.New(dst)}
}

// hashChunk is the number of items that are hashed before they are multiplied;
// a multiple of what the kernel takes at once.
const hashChunk = 64

type uniformChunk [hashChunk * kernel.UniformSize]byte

var uniformChunks = sync.Pool{New: func() any { return new(uniformChunk) }}

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
	chunk := uniformChunks.Get().(*uniformChunk)
	defer uniformChunks.Put(chunk)
	for len(out) > 0 {
		n := min(hashChunk, len(out)/ElementSize)
		uniform := chunk[:n*kernel.UniformSize]
		tag.x.Expand(uniform, items[:n*itemSize], itemSize)
		kernel.FromUniformMul(out[:n*ElementSize], &s.b, uniform)
		out, items = out[n*ElementSize:], items[n*itemSize:]
	}
}
