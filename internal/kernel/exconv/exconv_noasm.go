//go:build !amd64 || purego

package exconv

func convolve(x, taps []Block)      { convolveGeneric(x, taps) }
func convolvePairs(x, taps []Block) { convolvePairsGeneric(x, taps) }

func expand(s *Segments, dst, x, words []Block) { expandGeneric(s, dst, x, words) }

func expandPairs(s *Segments, even, odd, x, words []Block) {
	expandPairsGeneric(s, even, odd, x, words)
}
