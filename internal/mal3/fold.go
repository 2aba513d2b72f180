package mal3

import "github.com/dujiang-dev/dujiang/internal/engine"

// blocks is into how many blocks the words of a check are divided, to be folded into
// one. Each of the messages of a check has 128·64/blocks bits for each word, and each
// party computes blocks conjunctions for each word.
const blocks = 32

// lanes is the number of bits of a word.
const lanes = 64

// A folding adds up the blocks of vectors of bits, times a challenge for each block, to
// vectors over GF(2^128). Challenges are polynomials of a degree below 64, and so are
// sums, which halves the work. It takes the same time whatever the bits are.
type folding struct {
	// at[b] are the places in the tables of what bit b of the sum has: for each four
	// blocks, bit b of their challenges.
	at [lanes][blocks / 4]uint8
}

func newFolding(challenges *[blocks]uint64) *folding {
	f := new(folding)
	for l, r := range challenges {
		for b := range lanes {
			f.at[b][l/4] |= uint8(r>>b&1) << (l % 4)
		}
	}
	return f
}

// fold sets dst to the sums of bits, word by word from word k of each block of n
// words: 64 elements for each word.
func (f *folding) fold(dst []wide, bits []uint64, n, k int) {
	for ; len(dst) > 0; dst, k = dst[lanes:], k+1 {
		var tables [blocks / 4][16]uint64
		for g := range tables {
			combine(&tables[g], bits[4*g*n+k], bits[(4*g+1)*n+k], bits[(4*g+2)*n+k], bits[(4*g+3)*n+k])
		}
		var planes [lanes]uint64
		for b := range planes {
			at := &f.at[b]
			planes[b] = tables[0][at[0]&15] ^ tables[1][at[1]&15] ^ tables[2][at[2]&15] ^ tables[3][at[3]&15] ^
				tables[4][at[4]&15] ^ tables[5][at[5]&15] ^ tables[6][at[6]&15] ^ tables[7][at[7]&15]
		}
		engine.Transpose(&planes)
		d := (*[lanes]wide)(dst)
		for i, sum := range planes {
			d[i] = wide{Lo: sum}
		}
	}
}

// combine sets t[i] to the exclusive or of the words whose bits are ones in i.
func combine(t *[16]uint64, a, b, c, d uint64) {
	t[1], t[2], t[3] = a, b, a^b
	for i := range 4 {
		t[4+i] = t[i] ^ c
	}
	for i := range 8 {
		t[8+i] = t[i] ^ d
	}
}
