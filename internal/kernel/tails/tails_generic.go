package tails

// The functions of this file are the reference for the kernel. They are compiled
// everywhere, and run where it cannot.

func sampleGeneric(words, tails []uint64) {
	for ; len(words) >= 4; words = words[4:] {
		w := words[:4:4]
		w[0], w[1], w[2], w[3] = sample4(w[0], w[1], w[2], w[3], tails)
	}
	for i, w := range words {
		words[i], _, _, _ = sample4(w, 0, 0, 0, tails)
	}
}

// sample4 makes four numbers of four words. Of numbers below 2^63 the top bit of
// the difference says which is greater.
func sample4(a, b, c, d uint64, tails []uint64) (w, x, y, z uint64) {
	sa, sb, sc, sd := -(a & 1), -(b & 1), -(c & 1), -(d & 1)
	a, b, c, d = a>>1, b>>1, c>>1, d>>1
	for _, t := range tails {
		w += (a - t) >> 63
		x += (b - t) >> 63
		y += (c - t) >> 63
		z += (d - t) >> 63
	}
	return w ^ sa - sa, x ^ sb - sb, y ^ sc - sc, z ^ sd - sd
}
