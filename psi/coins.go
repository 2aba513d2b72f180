package psi

import "crypto/rand"

// coins are all the randomness of a party in a run.
type coins struct {
	scalar  [64]byte // the secret scalar
	shuffle [32]byte // the order of the sender's tags
	pad     [32]byte // the digests that pad the set
	nonce   [16]byte // of the session; public
}

func newCoins() *coins {
	c := new(coins)
	rand.Read(c.scalar[:])
	rand.Read(c.shuffle[:])
	rand.Read(c.pad[:])
	rand.Read(c.nonce[:])
	return c
}
