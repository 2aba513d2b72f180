package psi

import (
	"crypto/sha256"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A voleKey is what the seed r of a run determines: the hash H into GF(2^128)
// and the rows of the store. It is public, and safe for concurrent use.
type voleKey struct {
	seed  prg.Block
	store [prg.Size]byte // the seed of the store
	h     *aes128.Cipher
}

func newVOLEKey(context []byte, seed prg.Block) *voleKey {
	bytes := seed.Bytes()
	derive := func(purpose string) [prg.Size]byte {
		sum := sha256.Sum256(append(newLabel("psi-vole", purpose, context), bytes[:]...))
		return [prg.Size]byte(sum[:prg.Size])
	}
	return &voleKey{seed: seed, store: derive("store"), h: aes128.New(derive("hash"))}
}

// hash sets values to H(x) for each item: the first width bits of AES under a key
// derived from r, plus x. The items are hashes already, and the key is drawn
// after them.
func (k *voleKey) hash(values, items []prg.Block, width int) {
	k.h.HashCR(values, items)
	if mask := lowBits(width); width < 8*prg.Size {
		for i := range values {
			values[i] = and(values[i], mask)
		}
	}
}

// addHashes adds delta·H(y) to the value of each item y, which turns what it
// decodes to in K into what it decodes to in C, if the receiver has it.
func (k *voleKey) addHashes(values, items []prg.Block, width int, delta prg.Block) {
	var hashes [512]prg.Block
	for len(items) > 0 {
		n := min(len(items), len(hashes))
		k.hash(hashes[:n], items[:n], width)
		if width == narrowMask {
			gf128.LiftVarTime(hashes[:n]) // no more than the store shows of items to a cache
		}
		mulConstAdd(values[:n], hashes[:n], delta)
		values, items = values[n:], items[n:]
	}
}

// tags replaces the value of each item x by the first width bits of AES(z, x) + x
// with z the value plus w: a hash of x and z, if AES is an ideal cipher.
func (k *voleKey) tags(values, items []prg.Block, width int, w prg.Block) {
	mask := lowBits(width)
	for i := range values {
		values[i] = values[i].Xor(w)
	}
	aes128.EncryptKeys(values, values, items)
	for i := range values {
		values[i] = and(values[i].Xor(items[i]), mask)
	}
}

// xor adds src to dst.
func xor(dst, src []prg.Block) {
	for i := range dst {
		dst[i] = dst[i].Xor(src[i])
	}
}

func mulConstAdd(dst, src []prg.Block, c prg.Block) { gf128.MulConstAdd(dst, src, c) }

func blockOf(b [prg.Size]byte) prg.Block { return aes128.FromBytes(b) }
