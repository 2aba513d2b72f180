// Package aes128 is AES-128 in bulk: a fixed-key permutation, the hash
// functions built from it, the doubling step of GGM trees, and one block under
// each of many keys.
//
// In the names below pi is AES under the key of a [Cipher], as in [GKWY20],
// whose theorems hold when pi is a random permutation that everybody knows:
//
//   - [Cipher.HashCR], pi(x) ^ x, is correlation robust (section 7.2): for
//     hashing keys that differ by one secret, each used once.
//   - [Cipher.HashTCCR], pi(pi(x) ^ i) ^ pi(x), is tweakable circular
//     correlation robust (section 7.4): for malicious oblivious transfer, where
//     the other party may have chosen inputs, and it takes two calls of pi.
//
// None of them is a random oracle: pi(x) ^ x is easily inverted on pairs
// chosen by whoever knows the key. Where a protocol needs a random oracle on
// attacker-chosen inputs, use a hash function.
//
// Every operation is constant time in data and keys if the processor has
// AES-NI. Without it, and under the tag purego, crypto/aes decides.
//
// Slices that a function writes must be identical with, or not overlap, the
// slices it reads, unless it says otherwise.
//
// # References
//
//   - [GKWY20] C. Guo, J. Katz, X. Wang, Y. Yu. Efficient and Secure Multiparty
//     Computation from Fixed-Key Block Ciphers. IEEE S&P 2020, eprint 2019/074.
//   - [FIPS 197] Advanced Encryption Standard.
package aes128

import (
	"crypto/aes"
	"crypto/cipher"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

//go:generate go -C _asm run . -out ../aes128_amd64.s -stubs ../stubs_amd64.go -pkg aes128

// A Cipher is AES-128 under one key. It is immutable and may be used by many
// goroutines. Use it by pointer.
type Cipher struct {
	rk      schedule
	generic cipher.Block // unless the schedule is there
}

// New returns the cipher with the given key.
func New(key [Size]byte) *Cipher {
	c := new(Cipher)
	c.init(key)
	return c
}

// init is apart so that New is inlined, and a cipher that stays in a function takes no
// memory of the heap.
func (c *Cipher) init(key [Size]byte) {
	if !c.rk.expand(&key) {
		c.generic = generic(&key)
	}
}

func generic(key *[Size]byte) cipher.Block {
	g, err := aes.NewCipher(key[:])
	if err != nil {
		panic("aes128: internal error: " + err.Error())
	}
	return g
}

// String says what c is, and not its key.
func (c *Cipher) String() string { return "aes128.Cipher(16 bytes)" }

// LogValue is [Cipher.String].
func (c *Cipher) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Encrypt sets dst[i] = pi(src[i]).
func (c *Cipher) Encrypt(dst, src []Block) {
	check(dst, src)
	calls(len(src), func(lo, hi int) { c.encrypt(dst[lo:hi], src[lo:hi]) })
}

// HashCR sets dst[i] = pi(src[i]) ^ src[i], the function MMO of
// [GKWY20, section 7.2].
func (c *Cipher) HashCR(dst, src []Block) {
	check(dst, src)
	calls(len(src), func(lo, hi int) { c.hashCR(dst[lo:hi], src[lo:hi]) })
}

// tccrChunk is how many blocks HashTCCR takes through both of its passes while
// they stay in the first-level cache.
const tccrChunk = 512

// HashTCCR sets dst[i] = pi(pi(src[i]) ^ t) ^ pi(src[i]) for the tweak
// t = tweak + i, the function TMMO of [GKWY20, section 7.4]. Tweaks are taken
// modulo 2^64; the caller keeps those under one secret distinct.
func (c *Cipher) HashTCCR(dst, src []Block, tweak uint64) {
	check(dst, src)
	for len(src) > 0 {
		n := min(len(src), tccrChunk)
		c.encrypt(dst[:n], src[:n])
		c.feedTweak(dst[:n], dst[:n], tweak)
		dst, src, tweak = dst[n:], src[n:], tweak+uint64(n)
	}
}

// Counter sets block i of dst to pi(counter + i), where the counter is the low
// word, modulo 2^64, and the high word is zero. The length of dst must be a
// multiple of [Size].
func (c *Cipher) Counter(dst []byte, counter uint64) {
	if len(dst)%Size != 0 {
		panic("aes128: internal error: part of a block")
	}
	race.Write(dst)
	calls(len(dst)/Size, func(lo, hi int) { c.counter(dst[Size*lo:Size*hi], counter+uint64(lo)) })
}

// CounterBlocks is [Cipher.Counter] for blocks.
func (c *Cipher) CounterBlocks(dst []Block, counter uint64) {
	race.Write(dst)
	calls(len(dst), func(lo, hi int) { c.counterBlocks(dst[lo:hi], counter+uint64(lo)) })
}

// Double makes one level of a GGM tree: dst[2i] = pi0(src[i]) ^ src[i] and
// dst[2i+1] = pi1(src[i]) ^ src[i], with pi0 and pi1 the permutations of left
// and right. It returns the sums of all left and of all right children, which
// are what a puncturable PRF sends. Each child is [Cipher.HashCR] of its parent
// under a permutation of its own, which makes the pair a length-doubling PRG if
// the two are independent random permutations: to tell it from random, one must
// ask for the permutation of a parent that is unknown. dst must have twice the
// length of src and not overlap it.
func Double(left, right *Cipher, dst, src []Block) (sums [2]Block) {
	if len(dst) != 2*len(src) {
		panic("aes128: internal error: children and parents differ in number")
	}
	race.Read(src)
	race.Write(dst)
	calls(len(src), func(lo, hi int) { double(left, right, dst[2*lo:2*hi], src[lo:hi], &sums) })
	return sums
}

// EncryptKeys sets dst[i] = AES(keys[i], src[i]), running the key schedule for
// every block. dst may be identical with either of the others.
func EncryptKeys(dst, keys, src []Block) {
	if len(keys) != len(src) {
		panic("aes128: internal error: slices differ in length")
	}
	race.Read(keys)
	check(dst, src)
	calls(len(src), func(lo, hi int) { encryptKeys(dst[lo:hi], keys[lo:hi], src[lo:hi]) })
}

// check panics unless dst and src have the same length, and announces them to
// the race detector.
func check(dst, src []Block) {
	if len(dst) != len(src) {
		panic("aes128: internal error: slices differ in length")
	}
	race.Read(src)
	race.Write(dst)
}

// callBlocks bounds what one call of a kernel does. The scheduler cannot
// interrupt assembly; a garbage collection waits for it, and every other
// goroutine with it.
const callBlocks = 1 << 14

// calls divides n blocks among calls of f.
func calls(n int, f func(lo, hi int)) {
	for lo := 0; lo < n; lo += callBlocks {
		f(lo, min(lo+callBlocks, n))
	}
}
