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
