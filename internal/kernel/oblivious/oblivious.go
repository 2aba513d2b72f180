// Package oblivious accesses memory at secret places without showing them: it
// touches everything, always in the same order.
package oblivious

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

//go:generate go -C _asm run . -out ../oblivious_amd64.s -stubs ../stubs_amd64.go -pkg oblivious

// A Block is 128 bits.
type Block = aes128.Block

// AddAt adds v to b[place]. If there is no such place it changes nothing. Time
// and accesses depend on the length of b only.
func AddAt(b []Block, place uint32, v Block) {
	if len(b) > 0 {
		addAt(b, place, v)
	}
}

// Pairs sets the blocks of dst at odd places to those of src, and those at even
// places to zero, except for the one of number place, if there is one, which it
// sets to v. dst is twice as long as src.
func Pairs(dst, src []Block, place uint32, v Block) {
	if len(dst) != 2*len(src) {
		panic("oblivious: internal error: blocks and pairs differ in number")
	}
	if len(src) > 0 {
		pairs(dst, src, place, v)
	}
}
