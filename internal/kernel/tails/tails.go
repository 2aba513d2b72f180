// Package tails makes random numbers of any distribution that is symmetric about
// zero from uniform words, by comparison with the probabilities of its tails.
//
// # Security
//
// Every word is compared with every tail: the time does not depend on words.
package tails

//go:generate go -C _asm run . -out ../tails_amd64.s -stubs ../stubs_amd64.go -pkg tails

// Sample replaces words by numbers in two's complement: the absolute value of
// each is the number of tails that the upper 63 bits of the word are below, and
// the lowest bit is the sign. Tails are at least one, and below 2^63.
func Sample(words, tails []uint64) {
	if len(tails) == 0 {
		panic("tails: internal error: no tails")
	}
	sampleGeneric(words[sample(words, tails):], tails)
}
