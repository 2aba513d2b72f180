// Package engine is the seam between package mpc and the protocols that it drives:
// the shares that all of them have in common, what each must do, and the circuits
// that are the same for all.
//
// A protocol for a number of parties and an adversary is a package of its own, whose
// party type implements [Party]. Package mpc knows numbers, ranges and vectors of its
// callers, checks them, and calls a Party; it does not look into shares. Circuits
// (comparison, equality, decomposition into bits) are functions over [Gates], for
// protocols whose numbers are sums modulo 2^64 of what parties know; see [Negative].
package engine

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// A Vec is what one party holds of a shared vector of n elements: columns of n words
// each, as many as its protocol needs, with a meaning that only the protocol knows.
// An element is a number, or a word of 64 bits, each of which is a secret of its own.
//
// What is common to all protocols: all columns have the same length; element i is
// what is at place i of the columns; columns of zeros are a valid share of zeros, be it
// of numbers or of bits; and shares of words of bits are linear in every column: the
// exclusive or of columns is that of the secrets. So [Vec.Slice], [Concat], [Xor]
// and [Mask] know no protocol.
type Vec struct{ Parts [][]uint64 }

// New returns columns of n zeros.
func New(columns, n int) Vec { return of(columns, n, make([]uint64, columns*n)) }

// Unset returns columns of n words of any values, for a result that is written whole.
func Unset(columns, n int) Vec { return of(columns, n, ring64.Unset[uint64](columns*n)) }

// of returns columns of n words.
func of(columns, n int, words []uint64) Vec {
	v := Vec{make([][]uint64, columns)}
	for i := range v.Parts {
		v.Parts[i] = words[i*n : (i+1)*n : (i+1)*n]
	}
	return v
}

// Len returns the number of elements.
func (v Vec) Len() int {
	if len(v.Parts) == 0 {
		return 0
	}
	return len(v.Parts[0])
}

// Is reports whether v has that many columns, of n elements each.
func (v Vec) Is(columns, n int) bool {
	for _, part := range v.Parts {
		if len(part) != n {
			return false
		}
	}
	return len(v.Parts) == columns
}

// Slice returns elements lo to hi - 1 of v, in the same memory.
func (v Vec) Slice(lo, hi int) Vec {
	s := Vec{make([][]uint64, len(v.Parts))}
	for i, part := range v.Parts {
		s.Parts[i] = part[lo:hi:hi]
	}
	return s
}

// Clone returns a copy of v.
func (v Vec) Clone() Vec {
	c := Unset(len(v.Parts), v.Len())
	for i, part := range v.Parts {
		copy(c.Parts[i], part)
	}
	return c
}

// Concat returns the elements of all vs in one vector. There must be at least one.
func Concat(vs ...Vec) Vec {
	n := 0
	for _, v := range vs {
		n += v.Len()
	}
	all := Unset(len(vs[0].Parts), n)
	for c, part := range all.Parts {
		at := 0
		for _, v := range vs {
			at += copy(part[at:], v.Parts[c])
		}
	}
	return all
}

// Xor sets dst to the exclusive or of x and y, which are of words of bits. They may
// be the same.
func Xor(dst, x, y Vec) {
	for c, z := range dst.Parts {
		a, b := x.Parts[c][:len(z)], y.Parts[c][:len(z)]
		for i := range z {
			z[i] = a[i] ^ b[i]
		}
	}
}

// Gather sets dst, a column, to the elements of another one that are at places.
func Gather[W any](dst, x []W, places []uint32) {
	dst = dst[:len(places)]
	for i, place := range places {
		dst[i] = x[place]
	}
}

// Mask sets dst to the conjunction of x, which is of words of bits, and public words.
// dst may be x.
func Mask(dst, x Vec, public []uint64) {
	for c, z := range dst.Parts {
		a, b := x.Parts[c][:len(z)], public[:len(z)]
		for i := range z {
			z[i] = a[i] & b[i]
		}
	}
}

// String returns the type and length of v, and nothing of its values.
func (v Vec) String() string { return fmt.Sprintf("engine.Vec(%d)", v.Len()) }

// Format implements [fmt.Formatter], so that no verb prints the values of v.
func (v Vec) Format(f fmt.State, verb rune) { io.WriteString(f, v.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (v Vec) LogValue() slog.Value { return slog.StringValue(v.String()) }
