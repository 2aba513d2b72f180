package exconv

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

// word returns 32-bit word i of b.
func word(b []Block, i int) uint32 {
	w := b[i/4].Lo
	if i&2 != 0 {
		w = b[i/4].Hi
	}
	return uint32(w >> (32 * (i & 1)))
}

func convolveGeneric(x, taps []Block) {
	for i := range Step * len(taps) {
		w, v := word(taps, i), x[i]
		next := x[i+1:][:State]
		for j := range next {
			m := -uint64(w >> j & 1)
			next[j].Lo ^= v.Lo & m
			next[j].Hi ^= v.Hi & m
		}
	}
}

func convolvePairsGeneric(x, taps []Block) {
	for i := range Step * len(taps) {
		w, a, c := word(taps, i), x[2*i], x[2*i+1]
		next := x[2*i+2:][:2*State]
		for j := range State {
			m := -uint64(w >> j & 1)
			n := next[2*j:][:2]
			n[0].Lo ^= a.Lo & m
			n[0].Hi ^= a.Hi & m
			n[1].Lo ^= c.Lo & m
			n[1].Hi ^= c.Hi & m
		}
	}
}

func expandGeneric(s *Segments, dst, x, words []Block) {
	for i, sum := range dst {
		for j := range Weight {
			sum = sum.Xor(x[s.index(j, word(words, 8*i+j))])
		}
		dst[i] = sum
	}
}

func expandPairsGeneric(s *Segments, even, odd, x, words []Block) {
	for i := range even {
		a, c := even[i], odd[i]
		for j := range Weight {
			p := x[2*s.index(j, word(words, 8*i+j)):][:2]
			a, c = a.Xor(p[0]), c.Xor(p[1])
		}
		even[i], odd[i] = a, c
	}
}
