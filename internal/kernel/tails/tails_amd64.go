//go:build amd64 && !purego

package tails

import "github.com/dujiang-dev/dujiang/internal/cpu"

// block is the number of words that the kernel takes at a time.
const block = 16

func sample(words, tails []uint64) (done int) {
	n := len(words) / block
	if n == 0 || !cpu.AVX2.Enabled() {
		return 0
	}
	sampleAVX2(&words[0], n, &tails[0], len(tails))
	return n * block
}
