// Package bitmatrix computes with words of bits as matrices over GF(2): it transposes
// them, adds up vectors of bits times public elements, and those of the leaves of small trees.
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

// SquareSide is the number of bits of an element, and of rows that [Squares] transposes.
const SquareSide = 128

// Squares transposes squares of 128 rows of 16 bytes, which follow each other in rows that are
// stride bytes apart: bit j of element i of a square is bit i of row j. dst has 128
// elements for each square.
func Squares(dst []Elem, src []byte, stride int) {
	n := len(dst) / SquareSide
	if len(dst)%SquareSide != 0 || stride < 16*n || n > 0 && len(src) < (SquareSide-1)*stride+16*n {
		panic("bitmatrix: internal error: lengths do not fit")
	}
	if n == 0 {
		return
	}
	race.Read(src)
	race.Write(dst)
	for lo := 0; lo < n; lo += callSquares {
		hi := min(lo+callSquares, n)
		squares(dst[SquareSide*lo:SquareSide*hi], src[16*lo:], stride)
	}
}

// callSquares bounds what one call of a kernel does, which the scheduler cannot interrupt.
const callSquares = 256

// Leaves and LeafBits are how many [Sums] adds up, and the bits of their numbers.
const (
	LeafBits = 4
	Leaves   = 1 << LeafBits
)

// Sums sets sum to the sum of x and of all leaves, and rows[b] to the sum of the leaves whose
// number has bit b and of what masks[b], of 64 bits, leaves of x. The leaves follow each
// other, and all are of the same length, which is a multiple of eight bytes. sum may be x.
func Sums(sum []byte, rows *[LeafBits][]byte, leaves, x []byte, masks *[LeafBits]uint64) {
	n := len(x)
	if n%8 != 0 || len(sum) != n || len(leaves) != Leaves*n {
		panic("bitmatrix: internal error: lengths do not fit")
	}
	race.Read(leaves)
	race.Read(x)
	race.Write(sum)
	for _, row := range rows {
		if len(row) != n {
			panic("bitmatrix: internal error: lengths do not fit")
		}
		race.Write(row)
	}
	sums(sum, rows, leaves, x, masks)
}
