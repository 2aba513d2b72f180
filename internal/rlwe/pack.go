package rlwe

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Numbers travel as strings of bits, the lowest bit of each first, with no gaps
// between them. Every message starts and ends at a byte, and what the last byte
// has over must be zero.

// packedSize returns the bytes of n numbers of width bits.
func packedSize(n, width int) int { return (n*width + 7) / 8 }

// appendPacked appends numbers, which must be less than 2^width, width <= 64.
func appendPacked(dst []byte, numbers []uint64, width int) []byte {
	var acc uint64
	used := 0 // bits in acc, at most 63
	dst = slices.Grow(dst, packedSize(len(numbers), width))
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

// unpack reads numbers of width bits from b, whose length must be that of all of
// them. It reports whether they are at most limit and the bits left over zero.
// What the numbers are does not change its time.
func unpack(numbers []uint64, b []byte, width int, limit uint64) bool {
	if len(b) != packedSize(len(numbers), width) {
		return false
	}
	mask := ^uint64(0) >> (64 - width)
	var over uint64
	i, n := 0, len(numbers)
	if width <= 57 {
		// One load of eight bytes has the whole number. What is over the limit
		// leaves the highest bit set, which neither has.
		limit := min(limit, mask)
		for at := uint(0); i < n && at>>3+8 <= uint(len(b)); i, at = i+1, at+uint(width) {
			v := binary.LittleEndian.Uint64(b[at>>3:]) >> (at & 7) & mask
			numbers[i] = v
			over |= limit - v
		}
	} else if width < 64 {
		// Eight bytes and the one behind them have it.
		limit := min(limit, mask)
		for at := uint(0); i < n && at>>3+9 <= uint(len(b)); i, at = i+1, at+uint(width) {
			c := b[at>>3:][:9:9]
			v := binary.LittleEndian.Uint64(c)>>(at&7) | uint64(c[8])<<1<<(63-at&7)
			v &= mask
			numbers[i] = v
			over |= limit - v
		}
	}
	borrow := over >> 63
	for ; i < n; i++ {
		at := i * width
		v := load(b, at/8)>>(at%8) | load(b, at/8+8)<<(64-at%8)
		v &= mask
		numbers[i] = v
		_, over = bits.Sub64(limit, v, 0)
		borrow |= over
	}
	if r := n * width % 8; r != 0 {
		borrow |= uint64(b[len(b)-1] >> r)
	}
	return borrow == 0
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
