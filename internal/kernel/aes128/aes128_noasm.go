//go:build !amd64 || purego

package aes128

import "crypto/cipher"

// A schedule is empty where no kernel reads it.
type schedule struct{}

func (*schedule) expand(*[Size]byte) bool { return false }

func (c *Cipher) block() cipher.Block { return c.generic }

func (c *Cipher) encrypt(dst, src []Block) { c.encryptGeneric(dst, src) }
func (c *Cipher) hashCR(dst, src []Block)  { c.hashCRGeneric(dst, src) }

func (c *Cipher) feedTweak(dst, src []Block, tweak uint64) { c.feedTweakGeneric(dst, src, tweak) }

func (c *Cipher) counter(dst []byte, counter uint64) { c.counterGeneric(dst, counter) }

func (c *Cipher) counterBlocks(dst []Block, counter uint64) { c.counterBlocksGeneric(dst, counter) }

func double(left, right *Cipher, dst, src []Block, sums *[2]Block) {
	doubleGeneric(left, right, dst, src, sums)
}

func encryptKeys(dst, keys, src []Block) { encryptKeysGeneric(dst, keys, src) }
