//go:build amd64 && !purego

package exconv

import "github.com/dujiang-dev/dujiang/internal/cpu"

func convolve(x, taps []Block) {
	switch {
	case cpu.AVX512.Enabled():
		convolveAVX512(&x[0], &taps[0], len(taps))
	case cpu.AVX2.Enabled():
		convolveAVX2(&x[0], &taps[0], len(taps))
	default:
		convolveGeneric(x, taps)
	}
}

func convolvePairs(x, taps []Block) {
	switch {
	case cpu.AVX512.Enabled():
		convolvePairsAVX512(&x[0], &taps[0], len(taps))
	case cpu.AVX2.Enabled():
		convolvePairsAVX2(&x[0], &taps[0], len(taps))
	default:
		convolvePairsGeneric(x, taps)
	}
}

func expand(s *Segments, dst, x, words []Block) {
	if cpu.AVX2.Enabled() {
		expandAVX2(&s.first, &s.size, &dst[0], &x[0], &words[0], len(dst))
	} else {
		expandGeneric(s, dst, x, words)
	}
}

func expandPairs(s *Segments, even, odd, x, words []Block) {
	if cpu.AVX2.Enabled() {
		expandPairsAVX2(&s.first, &s.size, &even[0], &odd[0], &x[0], &words[0], len(even))
	} else {
		expandPairsGeneric(s, even, odd, x, words)
	}
}
