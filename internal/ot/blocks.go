package ot

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

func setBytes(dst []prg.Block, src []byte) { aes128.SetBytes(dst, src) }

func appendBlocks(dst []byte, src ...prg.Block) []byte { return aes128.AppendBlocks(dst, src) }

// choose returns b if mask is all ones, and a if it is zero.
func choose(a, b prg.Block, mask uint64) prg.Block {
	return prg.Block{Lo: a.Lo ^ (a.Lo^b.Lo)&mask, Hi: a.Hi ^ (a.Hi^b.Hi)&mask}
}

// and returns a if mask is all ones, and zero if it is zero.
func and(a prg.Block, mask uint64) prg.Block { return prg.Block{Lo: a.Lo & mask, Hi: a.Hi & mask} }

// timesX returns a * x in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1.
func timesX(a prg.Block) prg.Block {
	return prg.Block{Lo: a.Lo<<1 ^ 0x87&-(a.Hi>>63), Hi: a.Hi<<1 | a.Lo>>63}
}

// bit returns bit i of a, the coefficient of x^i, as a mask of all zeros or ones.
func bit(a prg.Block, i int) uint64 {
	w := a.Lo
	if i >= 64 { // i is public
		w = a.Hi
	}
	return -(w >> (i % 64) & 1)
}
