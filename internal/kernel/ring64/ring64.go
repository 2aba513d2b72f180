// Package ring64 computes on vectors of words, as numbers modulo 2^64 and as 64 bits
// each: what protocols for replicated shares do most.
//
// Every operation takes constant time in the words.
package ring64

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

//go:generate go -C _asm run . -out ../ring64_amd64.s -stubs ../stubs_amd64.go -pkg ring64

// A Word is of 64 bits, or half of one.
type Word interface{ uint32 | uint64 | int64 }

// Size returns the bytes of a word.
func Size[W Word]() int { return bits.OnesCount64(uint64(^W(0))) / 8 }

// Product sets z[i] to z[i] - t[i] + a[i](c[i]+d[i]) + b[i]c[i]. All have the length of z,
// which overlaps none of the others.
func Product(z, t, a, b, c, d []uint64) {
	check(z, t, a, b, c, d)
	calls(len(z), func(lo, hi int) { product(z[lo:hi], t[lo:hi], a[lo:hi], b[lo:hi], c[lo:hi], d[lo:hi]) })
}

// Conjunction sets z[i] to z[i] ^ t[i] ^ a[i]&(c[i]^d[i]) ^ b[i]&c[i]. All have the length of
// z, which overlaps none of the others.
func Conjunction(z, t, a, b, c, d []uint64) {
	check(z, t, a, b, c, d)
	calls(len(z), func(lo, hi int) { conjunction(z[lo:hi], t[lo:hi], a[lo:hi], b[lo:hi], c[lo:hi], d[lo:hi]) })
}

// callWords bounds what one call of a kernel does, which the scheduler cannot interrupt.
const callWords = 1 << 16

func calls(n int, f func(lo, hi int)) {
	for lo := 0; lo < n; lo += callWords {
		f(lo, min(lo+callWords, n))
	}
}

// check panics unless all have the length of z, and announces them to the race detector.
func check(z []uint64, others ...[]uint64) {
	race.Write(z)
	for _, v := range others {
		if len(v) != len(z) {
			panic("ring64: internal error: vectors differ in length")
		}
		race.Read(v)
	}
}
