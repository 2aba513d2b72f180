// Package bitmatrix computes with words of bits as matrices over GF(2): it transposes
// them, and adds up vectors of bits times public elements.
//
// Every operation takes constant time in the bits.
package bitmatrix

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

//go:generate go -C _asm run . -out ../bitmatrix_amd64.s -stubs ../stubs_amd64.go -pkg bitmatrix

// An Elem is a polynomial over GF(2) of a degree below 128: bit i of Lo is the coefficient
// of x^i, bit i of Hi that of x^(64+i).
type Elem = aes128.Block

// Side is the number of bits of a word.
const Side = 64

// Blocks is how many blocks of bits a [Folding] adds up.
const Blocks = 32

// Tables are of four blocks each, and have the sums of all subsets.
const (
	groups  = Blocks / 4
	subsets = 16
)

// A Folding adds up blocks of words of bits, times a polynomial of a degree below 64 for
// each block. The time depends on nothing; memory is read at places that depend on the
// polynomials, which are public.
type Folding struct {
	// at[b] are the places in the tables of what bit b of the sum has: for each four
	// blocks, bit b of their polynomials. They are in bytes of tables of four words that
	// are folded at once.
	at [Side][groups]uint16
}

// words is how many words are folded at once.
const words = 4

// NewFolding returns the folding by these polynomials.
func NewFolding(weights *[Blocks]uint64) *Folding {
	f := new(Folding)
	for l, r := range weights {
		for b := range Side {
			f.at[b][l/4] |= uint16(r>>b&1) << (l % 4)
		}
	}
	for b := range f.at {
		for g := range f.at[b] {
			f.at[b][g] = (f.at[b][g] + uint16(g*subsets)) * (8 * words)
		}
	}
	return f
}

// Fold sets dst to the sums of bits, word by word from word k of each block of n words:
// 64 elements for each word, bit by bit. bits has all blocks, one behind the other.
func (f *Folding) Fold(dst []Elem, bits []uint64, n, k int) {
	count := len(dst) / Side
	if len(dst)%Side != 0 || len(bits) != Blocks*n || k < 0 || count > n-k {
		panic("bitmatrix: internal error: lengths do not fit")
	}
	race.Read(bits)
	race.Write(dst)
	f.fold(dst, bits, n, k)
}
