package gf128

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

// GF(2^128) contains a subfield K of 2^64 elements, those with x^(2^64) = x.
// Protocols that need random elements of a smaller field, but secrets of 128
// bits, take vectors over K [subfield VOLE]. K itself has no convenient set of
// 64 coordinates, but its multiple
//
//	V = kappa * K
//
// is a space over K in which the low word of an element determines the high one.
// So an element of V is stored and sent as its low word, and products of
// elements of V with elements of K are in V.

// kappa is x, the least power of x for which the low words of V are all
// different.
var kappa = Elem{Lo: 2}

// subspace is what computing in V needs.
type subspace struct {
	bits   [64]uint64     // the high words that belong to single bits of the low one
	bytes  [8][256]uint64 // the same for each value of each byte of it
	halves [128][16]byte  // the same for half a byte, in the order of liftAVX2
	inv    Elem           // of kappa
}

var theSubspace = sync.OnceValue(func() *subspace {
	s := &subspace{inv: Inv(kappa)}
	// K is the kernel of the linear map x -> x^(2^64) + x. Eliminate on its
	// matrix, carrying along which element each row is the image of.
	type row struct{ image, of Elem }
	var rows [128]row
	for i := range rows {
		e := unit(i)
		x := e
		for range 64 {
			x = Mul(x, x)
		}
		rows[i] = row{x.Xor(e), e}
	}
	rank := 0
	for c := range 128 {
		for i := rank; i < 128; i++ {
			if bit(rows[i].image, c) == 0 {
				continue
			}
			rows[rank], rows[i] = rows[i], rows[rank]
			for j := i + 1; j < 128; j++ {
				if bit(rows[j].image, c) == 1 {
					rows[j] = row{rows[j].image.Xor(rows[rank].image), rows[j].of.Xor(rows[rank].of)}
				}
			}
			rank++
			break
		}
	}
	if rank != 64 {
		panic("gf128: internal error: the subfield has not 2^64 elements")
	}
	// Bring a basis of V into the form in which the low words are units.
	var basis [64]Elem
	for i := range basis {
		basis[i] = Mul(kappa, rows[64+i].of)
	}
	for c := range 64 {
		p := c
		for bit(basis[p], c) == 0 {
			p++
		}
		basis[c], basis[p] = basis[p], basis[c]
		for i := range basis {
			if i != c && bit(basis[i], c) == 1 {
				basis[i] = basis[i].Xor(basis[c])
			}
		}
	}
	for i, b := range basis {
		s.bits[i] = b.Hi
		for v := range 256 {
			if v>>(i&7)&1 == 1 {
				s.bytes[i>>3][v] ^= b.Hi
			}
		}
		for v := range 16 {
			for j := range 8 {
				if v>>(i&3)&1 == 1 {
					s.halves[i>>2*8+j][v] ^= byte(b.Hi >> (8 * j))
				}
			}
		}
	}
	return s
})

func unit(i int) Elem {
	if i < 64 {
		return Elem{Lo: 1 << i}
	}
	return Elem{Hi: 1 << (i - 64)}
}

func bit(e Elem, i int) uint64 {
	if i < 64 {
		return e.Lo >> i & 1
	}
	return e.Hi >> (i - 64) & 1
}

// Lift sets the high word of each element so that it is in V.
func Lift(x []Elem) {
	s := theSubspace()
	for i := s.lift(x); i < len(x); i++ {
		w, hi := x[i].Lo, uint64(0)
		for k, h := range &s.bits {
			hi ^= h & -(w >> k & 1)
		}
		x[i].Hi = hi
	}
}

// LiftVarTime is Lift for elements that may show in the cache: where no kernel does
// it looks bytes of them up in tables.
func LiftVarTime(x []Elem) {
	s := theSubspace()
	t := &s.bytes
	for i := s.lift(x); i < len(x); i++ {
		w := x[i].Lo
		x[i].Hi = t[0][byte(w)] ^ t[1][byte(w>>8)] ^ t[2][byte(w>>16)] ^ t[3][byte(w>>24)] ^
			t[4][byte(w>>32)] ^ t[5][byte(w>>40)] ^ t[6][byte(w>>48)] ^ t[7][byte(w>>56)]
	}
}

// lift lifts the first elements of x, as far as a kernel can, and returns how many
// it was.
func (s *subspace) lift(x []Elem) int {
	race.Write(x)
	n := len(x) / liftElems * liftElems
	if !hasLift() {
		return 0
	}
	calls(n, func(lo, hi int) { liftKernel(x[lo:hi], &s.halves) })
	return n
}

// liftElems is how many elements the kernel does at a time.
const liftElems = 32

// SubfieldVarTime replaces each element by one of K that its low word
// determines, all different for different ones.
func SubfieldVarTime(x []Elem) {
	LiftVarTime(x)
	MulConst(x, x, theSubspace().inv)
}
