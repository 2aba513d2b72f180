package engine

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// Bits of numbers are in planes: a plane has one bit of each number, 64 to a word,
// that of number i at bit i mod 64 of word i / 64.

// Words returns the number of words of a plane of n bits.
func Words(n int) int { return n/64 + (n%64+63)/64 }

// Part returns bits lo to hi - 1 of a plane, as a plane of their own, in which what is beyond
// the last one is zero: it would be other bits, that are nobody's business.
func Part(plane Vec, lo, hi int) Vec {
	n := hi - lo
	part := New(len(plane.Parts), Words(n))
	from, shift := lo/64, lo%64
	for c, words := range plane.Parts {
		z := part.Parts[c]
		for i := range z {
			z[i] = words[from+i] >> shift
			if above := from + i + 1; shift > 0 && above < len(words) {
				z[i] |= words[above] << (64 - shift)
			}
		}
		if rest := n % 64; rest > 0 {
			z[len(z)-1] &= 1<<rest - 1
		}
	}
	return part
}

// Planes returns how many planes circuits take for numbers of that many bits: a power of
// two, from 2 to 64.
func Planes(size int) int {
	planes := 2
	for planes < size {
		planes *= 2
	}
	return planes
}

// Place returns the plane of bit k of so many. Those of all bits but the highest, that
// carries go through, are 1 and up, in the order of the reversed binary digits of k+1:
// two bits that are next to each other, at any level of the tree of carries, are then at
// the same place of the lower and of the upper half. The highest bit is in plane 0.
func Place(k, planes int) int {
	return int(bits.Reverse64(uint64((k+1)%planes)) >> (64 - bits.TrailingZeros(uint(planes))))
}

// Slice returns the planes of the lowest bits of numbers, in the order of [Place], and
// nil for nil.
func Slice(numbers []uint64, planes int) []uint64 {
	if numbers == nil {
		return nil
	}
	w := Words(len(numbers))
	sliced := ring64.Unset[uint64](planes * w)
	var places [64]int
	for k := range planes {
		places[k] = Place(k, planes) * w
	}
	for i := range w {
		var block [64]uint64
		copy(block[:], numbers[64*i:])
		bitmatrix.Transpose(&block)
		for k, word := range block[:planes] {
			sliced[places[k]+i] = word
		}
	}
	return sliced
}
