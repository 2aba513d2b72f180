// Package bitpack writes numbers as strings of bits: the lowest bit of each
// first, with no gaps between them. A string starts and ends at a byte, and what
// the last byte has over is zero.
//
// # Security
//
// What the numbers are does not change the time of any function.
package bitpack

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

//go:generate go -C _asm run . -out ../bitpack_amd64.s -stubs ../stubs_amd64.go -pkg bitpack

// Size returns the bytes of n numbers of width bits.
func Size(n, width int) int { return (n*width + 7) / 8 }

// Append appends numbers, which must be less than 2^width, width <= 64.
func Append(dst []byte, numbers []uint64, width int) []byte {
	if width > 56 {
		return appendLong(dst, numbers, width)
	}
	at, size := len(dst), Size(len(numbers), width)
	const over = 16 // what is written behind the end
	dst = slices.Grow(dst, size+over)[:at+size+over]
	done := packFast(dst[at:], numbers, width)
	at += done / 8 * width
	var acc uint64
	used := 0 // bits in acc, at most 7 before a number comes
	for _, v := range numbers[done:] {
		acc |= v << (used & 63)
		binary.LittleEndian.PutUint64(dst[at:], acc)
		used += width
		at += used >> 3
		acc >>= used &^ 7 & 63
		used &= 7
	}
	if used > 0 {
		dst[at] = byte(acc)
	}
	return dst[:len(dst)-over]
}

// appendLong is Append for all widths.
func appendLong(dst []byte, numbers []uint64, width int) []byte {
	var acc uint64
	used := 0 // bits in acc, at most 63
	dst = slices.Grow(dst, Size(len(numbers), width))
	for _, v := range numbers {
		acc |= v << used
		if used += width; used >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			used -= 64
			acc = v >> (width - used) // zero if width is used
		}
	}
	for ; used > 0; used -= 8 {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// Unpack reads numbers of width bits from b, whose length must be that of all of
// them. It reports whether they are at most limit and the bits left over zero.
func Unpack(numbers []uint64, b []byte, width int, limit uint64) bool {
	if len(b) != Size(len(numbers), width) {
		return false
	}
	done, good := unpackFast(numbers, b, width, limit)
	return unpackGeneric(numbers, b, width, limit, done) && good
}

// UnpackAdd is [Unpack], but adds what it reads to numbers modulo q, of which they
// and what is read must be residues. It sets numbers to anything if that is not
// so. q is below 2^57.
func UnpackAdd(numbers []uint64, b []byte, width int, q uint64) bool {
	if len(b) != Size(len(numbers), width) {
		return false
	}
	done, good := unpackAddFast(numbers, b, width, q)
	return unpackAddGeneric(numbers, b, width, q, done) && good
}

// UnpackSum is [Unpack], but adds what it reads to numbers, as integers that must fit.
func UnpackSum(numbers []uint64, b []byte, width int, limit uint64) bool {
	if len(b) != Size(len(numbers), width) {
		return false
	}
	done, good := unpackSumFast(numbers, b, width, limit)
	return unpackSumGeneric(numbers, b, width, limit, done) && good
}

// at returns number i of width bits.
func at(b []byte, i, width int) uint64 {
	o := i * width
	v := load(b, o/8)>>(o%8) | load(b, o/8+8)<<(64-o%8)
	return v & (^uint64(0) >> (64 - width))
}

// load returns up to eight bytes from at on; those beyond the end are zero.
func load(b []byte, at int) (v uint64) {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	for i := len(b) - 1; i >= at; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// over returns the bits that the last byte has over.
func over(b []byte, n, width int) uint64 {
	if r := n * width % 8; r != 0 {
		return uint64(b[len(b)-1] >> r)
	}
	return 0
}

// borrow is 1 if v is beyond limit, else 0.
func borrow(limit, v uint64) uint64 {
	_, b := bits.Sub64(limit, v, 0)
	return b
}
