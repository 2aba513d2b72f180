package rlwe

import "math/bits"

// Cost says what the parameters of [New] would come to, much faster than they
// are made: the degree of the ring, and the lengths in bits of the masks and the
// bodies of a ciphertext, for each of its coefficients. If New would fail ok is
// false.
func Cost(c Config) (n, mask, body int, ok bool) {
	p, ok := choose(c)
	if !ok {
		return 0, 0, 0, false
	}
	if c.Mode != Masked {
		for _, q := range p.row.primes {
			mask += bits.Len64(q)
		}
	}
	return p.n, mask, p.bodyBits, true
}
