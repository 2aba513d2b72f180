// Package exconv has the inner loops of expand-convolute codes [RRT23]: the
// convolution, in which every block is added to a random choice of the 24
// blocks behind it, and the expander, in which every output is the sum of seven
// blocks at random places, one in each seventh of the input.
//
// Both work on one vector, or on two that stand interleaved in memory and share
// all random choices. Two vectors together cost little more than one, because
// the time of an expander is that of its cache misses.
//
// Everything random here is public. Running time depends on it, and does not
// depend on the blocks.
//
// # References
//
//   - [RRT23] S. Raghuraman, P. Rindal, T. Tanguy. Expand-Convolute Codes for
//     Pseudorandom Correlation Generators from LPN. CRYPTO 2023, eprint 2023/882.
package exconv

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

//go:generate go -C _asm run . -out ../exconv_amd64.s -stubs ../stubs_amd64.go -pkg exconv

// A Block is 128 bits.
type Block = aes128.Block

const (
	// State is the number of blocks behind each that a convolution adds to.
	State = 24
	// Room is the number of blocks that must stand behind those of a
	// convolution: its state, rounded up to what kernels load at once.
	Room = 28
	// Step is the number of blocks of a convolution that one block of taps
	// serves.
	Step = 4
	// Weight is the number of blocks that the expander adds up.
	Weight = 7
	// Words is the number of random blocks per output of the expander, each
	// of four 32-bit words, of which the last is not used.
	Words = 2
)

// Convolve adds x[i] to x[i+1+j] for each bit j < 24 that is set in the 32-bit
// word i%4, counted from the lowest, of taps[i/4]; for i = 0, 1, ... in order,
// up to the end of taps. x is at least [Room] blocks longer than that.
func Convolve(x, taps []Block) {
	if len(x) < Step*len(taps)+Room {
		panic("exconv: internal error: lengths of blocks and taps do not match")
	}
	if len(taps) > 0 {
		convolve(x, taps)
	}
}

// ConvolvePairs is [Convolve] on the blocks at even places and on those at odd
// places of x.
func ConvolvePairs(x, taps []Block) {
	if len(x) < 2*(Step*len(taps)+Room) {
		panic("exconv: internal error: lengths of blocks and taps do not match")
	}
	if len(taps) > 0 {
		convolvePairs(x, taps)
	}
}

// Segments divide the input of an expander into seven parts.
type Segments struct {
	// first and size are those of each part, in blocks; the eighth is empty.
	first, size [8]uint32
	total       int
}

// NewSegments divides n blocks. It panics if n is less than seven or not less
// than 2^30.
func NewSegments(n int) *Segments {
	if n < Weight || n >= 1<<30 {
		panic("exconv: internal error: size of the input")
	}
	s := &Segments{total: n}
	for j := range uint64(Weight) {
		s.first[j] = uint32(j * uint64(n) / Weight)
		s.size[j] = uint32((j+1)*uint64(n)/Weight) - s.first[j]
	}
	return s
}

// index maps a random word to a place in part j. The bias towards any place is
// less than size/2^32 of its probability.
func (s *Segments) index(j int, word uint32) int {
	hi, _ := bits.Mul32(word, s.size[j])
	return int(s.first[j] + hi)
}

// Expand adds to each dst[i] one block of every part of x, at the places that
// the words of words[2*i] and words[2*i+1] choose.
func (s *Segments) Expand(dst, x, words []Block) {
	if len(words) != Words*len(dst) || len(x) < s.total {
		panic("exconv: internal error: lengths of words and blocks do not match")
	}
	if len(dst) > 0 {
		expand(s, dst, x, words)
	}
}

// ExpandPairs is [Segments.Expand] from the blocks at even places of x to
// even and from those at odd places to odd.
func (s *Segments) ExpandPairs(even, odd, x, words []Block) {
	if len(words) != Words*len(even) || len(odd) != len(even) || len(x) < 2*s.total {
		panic("exconv: internal error: lengths of words and blocks do not match")
	}
	if len(even) > 0 {
		expandPairs(s, even, odd, x, words)
	}
}
