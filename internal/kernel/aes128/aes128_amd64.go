//go:build amd64 && !purego

package aes128

import (
	"crypto/cipher"
	"unsafe"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// A schedule holds the round keys, of which the first is the key. It is filled
// whenever the processor could use it, so that a cipher outlives a test's switching of
// features.
type schedule [11]Block

// expand reports whether it has filled the schedule.
func (rk *schedule) expand(key *[Size]byte) bool {
	if !cpu.AVX2.Supported() {
		return false
	}
	expandAVX2((*[11]Block)(rk), key)
	return true
}

// block returns the cipher of the standard library, which is made anew where a test has
// switched the features off.
func (c *Cipher) block() cipher.Block {
	if c.generic != nil {
		return c.generic
	}
	key := c.rk[0].Bytes()
	return generic(&key)
}

func (rk *schedule) keys() *[11]Block { return (*[11]Block)(rk) }

func (c *Cipher) encrypt(dst, src []Block) {
	switch {
	case cpu.AVX512.Enabled():
		encryptAVX512(c.rk.keys(), &dst[0], &src[0], len(src))
	case cpu.VAES.Enabled():
		encryptVAES(c.rk.keys(), &dst[0], &src[0], len(src))
	case cpu.AVX2.Enabled():
		encryptAVX2(c.rk.keys(), &dst[0], &src[0], len(src))
	default:
		c.encryptGeneric(dst, src)
	}
}

func (c *Cipher) hashCR(dst, src []Block) {
	switch {
	case cpu.AVX512.Enabled():
		hashCRAVX512(c.rk.keys(), &dst[0], &src[0], len(src))
	case cpu.VAES.Enabled():
		hashCRVAES(c.rk.keys(), &dst[0], &src[0], len(src))
	case cpu.AVX2.Enabled():
		hashCRAVX2(c.rk.keys(), &dst[0], &src[0], len(src))
	default:
		c.hashCRGeneric(dst, src)
	}
}

func (c *Cipher) feedTweak(dst, src []Block, tweak uint64) {
	switch {
	case cpu.AVX512.Enabled():
		feedTweakAVX512(c.rk.keys(), &dst[0], &src[0], len(src), tweak)
	case cpu.VAES.Enabled():
		feedTweakVAES(c.rk.keys(), &dst[0], &src[0], len(src), tweak)
	case cpu.AVX2.Enabled():
		feedTweakAVX2(c.rk.keys(), &dst[0], &src[0], len(src), tweak)
	default:
		c.feedTweakGeneric(dst, src, tweak)
	}
}

func (c *Cipher) counter(dst []byte, counter uint64) {
	switch {
	case cpu.AVX512.Enabled():
		counterAVX512(c.rk.keys(), &dst[0], len(dst)/Size, counter)
	case cpu.VAES.Enabled():
		counterVAES(c.rk.keys(), &dst[0], len(dst)/Size, counter)
	case cpu.AVX2.Enabled():
		counterAVX2(c.rk.keys(), &dst[0], len(dst)/Size, counter)
	default:
		c.counterGeneric(dst, counter)
	}
}

func (c *Cipher) counterBlocks(dst []Block, counter uint64) {
	if !cpu.AVX2.Enabled() {
		c.counterBlocksGeneric(dst, counter)
		return
	}
	// In memory a block of this architecture is its bytes; the safe twin is
	// the generic function above.
	c.counter(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), Size*len(dst)), counter)
}

func double(left, right *Cipher, dst, src []Block, sums *[2]Block) {
	switch {
	case cpu.AVX512.Enabled():
		doubleAVX512(left.rk.keys(), right.rk.keys(), &dst[0], &src[0], len(src), sums)
	case cpu.VAES.Enabled():
		doubleVAES(left.rk.keys(), right.rk.keys(), &dst[0], &src[0], len(src), sums)
	case cpu.AVX2.Enabled():
		doubleAVX2(left.rk.keys(), right.rk.keys(), &dst[0], &src[0], len(src), sums)
	default:
		doubleGeneric(left, right, dst, src, sums)
	}
}

func encryptKeys(dst, keys, src []Block) {
	switch {
	case cpu.AVX512.Enabled():
		encryptKeysAVX512(&dst[0], &keys[0], &src[0], len(src))
	case cpu.VAES.Enabled():
		encryptKeysVAES(&dst[0], &keys[0], &src[0], len(src))
	case cpu.AVX2.Enabled():
		encryptKeysAVX2(&dst[0], &keys[0], &src[0], len(src))
	default:
		encryptKeysGeneric(dst, keys, src)
	}
}
