package psi

import "crypto/rand"

// coins are all the randomness of a party in a run.
type coins struct {
	scalar  [64]byte // the secret scalar
	shuffle [32]byte // the order of the sender's tags
	pad     [32]byte // the digests that pad the set
	vole    [32]byte // of internal/vole
	oprf    [16]byte // the rest of the protocol VOLE
	nonce   [16]byte // of the session; public
}

func newCoins() *coins {
	c := new(coins)
	rand.Read(c.scalar[:])
	rand.Read(c.shuffle[:])
	rand.Read(c.pad[:])
	rand.Read(c.vole[:])
	rand.Read(c.oprf[:])
	rand.Read(c.nonce[:])
	return c
}
