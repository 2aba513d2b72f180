// Package xmd is expand_message_xmd with SHA-512 and 64 bytes of output
// [RFC 9380, section 5.3.1], for many messages of one size.
//
// Messages of one size have their padding in the same places, so that the
// AVX-512 kernel hashes eight at a time, one in each 64-bit lane. Running time
// does not depend on the messages' bytes.
package xmd

import (
	"bytes"
	"crypto/sha512"
	"encoding"
	"hash"
	"slices"
	"sync"
)

// Size is the size of the output in bytes: one block of the hash function
// (ell = 1), so that b_1 is the whole output.
const Size = sha512.Size

// oversizePrefix is what long tags are hashed with [RFC 9380, section 5.3.3].
const oversizePrefix = "H2C-OVERSIZE-DST-"

// An Expander expands messages under one domain separation tag. It is immutable
// and safe for concurrent use.
type Expander struct {
	suffix []byte // of a message in b_0: l_i_b_str || I2OSP(0, 1) || DST_prime
	second []byte // what follows b_0 in b_1: I2OSP(1, 1) || DST_prime
	zpad   []byte // crypto/sha512's state after Z_pad
	kernel kernel
}

// New returns an expander for the tag dst, of any length but zero, and panics if
// it is empty.
func New(dst []byte) *Expander {
	if len(dst) == 0 {
		panic("xmd: internal error: empty domain separation tag")
	}
	if len(dst) > 255 {
		long := sha512.Sum512(slices.Concat([]byte(oversizePrefix), dst))
		dst = long[:]
	}
	prime := append(bytes.Clone(dst), byte(len(dst)))
	x := &Expander{
		suffix: append([]byte{0, Size, 0}, prime...),
		second: append([]byte{1}, prime...),
	}
	h := sha512.New()
	h.Write(make([]byte, sha512.BlockSize))
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("xmd: internal error: " + err.Error())
	}
	x.zpad = state
	x.kernel.init(x)
	return x
}

// Expand sets each [Size] bytes of out to the expansion of size bytes of msgs.
// It panics if size is not positive or the lengths do not match. The slices
// must not overlap.
func (x *Expander) Expand(out, msgs []byte, size int) {
	if size <= 0 || len(msgs)%size != 0 || len(out)%Size != 0 || len(msgs)/size != len(out)/Size {
		panic("xmd: internal error: lengths of messages and output do not match")
	}
	x.expand(out, msgs, size)
}

type hasher struct {
	h   hash.Hash
	buf []byte
}

var hashers = sync.Pool{New: func() any { return &hasher{h: sha512.New()} }}

func (x *Expander) expandGeneric(out, msgs []byte, size int) {
	y := hashers.Get().(*hasher)
	defer hashers.Put(y)
	for len(out) > 0 {
		// b_0 = H(Z_pad || msg || l_i_b_str || I2OSP(0, 1) || DST_prime)
		if err := y.h.(encoding.BinaryUnmarshaler).UnmarshalBinary(x.zpad); err != nil {
			panic("xmd: internal error: " + err.Error())
		}
		y.buf = append(append(y.buf[:0], msgs[:size]...), x.suffix...)
		y.h.Write(y.buf)
		y.buf = y.h.Sum(y.buf[:0])
		// b_1 = H(b_0 || I2OSP(1, 1) || DST_prime)
		y.buf = append(y.buf, x.second...)
		*(*[Size]byte)(out) = sha512.Sum512(y.buf)
		out, msgs = out[Size:], msgs[size:]
	}
}
