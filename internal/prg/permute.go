package prg

import "math/bits"

// permuteWords is how many words are drawn at once, which is part of what a seed makes.
const permuteWords = 1 << 8

// Permute sets order to a uniformly random permutation [Knuth, The Art of Computer Programming 2,
// 3.4.2, Algorithm P] of the stream. Whether a word is rejected says nothing of the ones that are
// used. Memory is written in the order of the permutation.
func (p *PRG) Permute(order []uint32) {
	var words [permuteWords]uint64
	left := words[:0]
	for i := range order {
		k := uint64(i + 1)
		for {
			if len(left) == 0 {
				left = words[:min(len(order)-i, permuteWords)]
				p.Uint64s(left)
			}
			// The upper word is uniform below k, without the 2^64 mod k lowest of the lower
			// words [Lemire, Fast Random Integer Generation in an Interval, TOMACS 2019].
			hi, lo := bits.Mul64(left[0], k)
			left = left[1:]
			if lo >= k || lo >= -k%k {
				order[i] = order[hi]
				order[hi] = uint32(i)
				break
			}
		}
	}
}
