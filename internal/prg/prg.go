// Package prg expands seeds and hashes blocks with AES-128, the way protocols
// use it: a pseudorandom stream from a 16-byte seed, correlation-robust hashes
// under fixed public keys, and the doubling step of GGM trees. The kernels are
// in internal/kernel/aes128, which also says what each hash is good for.
//
// # Security
//
// A [PRG] is AES-128 in counter mode: distinguishing b blocks from random costs
// about b^2/2^128 by the PRP/PRF switch, plus the security of AES. The fixed-key
// functions are analysed with AES as a random permutation [GKWY20]. With one
// key for everybody the bounds weaken with the number of protocol instances an
// attacker works on at once [GKWWY20]; a protocol that needs more
// agrees on a key per session and uses aes128.New itself.
//
// # Compatibility
//
// What a seed expands to, and the fixed keys, are part of the wire formats of
// all protocols above. Golden tests guard them; they never change.
//
// # References
//
//   - [GKWY20] C. Guo, J. Katz, X. Wang, Y. Yu. Efficient and Secure Multiparty
//     Computation from Fixed-Key Block Ciphers. IEEE S&P 2020, eprint 2019/074.
//   - [GKWWY20] C. Guo, J. Katz, X. Wang, C. Weng, Y. Yu. Better Concrete
//     Security for Half-Gates Garbling. CRYPTO 2020, eprint 2019/1168.
package prg

import (
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// A Block is 128 bits.
type Block = aes128.Block

// Size is the size of a block and of a seed in bytes.
const Size = aes128.Size

// A PRG is the pseudorandom stream of a seed: the blocks AES(seed, i) for
// i = 0, 1, ..., where i is a 128-bit little-endian number. All methods read
// the same stream of bytes, so that it does not matter by which of them, or in
// how many pieces, it is read. A PRG is not safe for concurrent use.
type PRG struct {
	c    *aes128.Cipher
	next uint64 // the counter of the next block
	// The last left bytes of rest are those of block next-1 that are unread.
	rest [Size]byte
	left int
}

// New returns the stream of seed.
func New(seed [Size]byte) *PRG { return &PRG{c: aes128.New(seed)} }

// String says what p is, and not its seed.
func (p *PRG) String() string { return "prg.PRG(16 bytes)" }

// LogValue is [PRG.String].
func (p *PRG) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Read fills b. It returns len(b) and never fails, so that p is an io.Reader.
func (p *PRG) Read(b []byte) (int, error) {
	p.Bytes(b)
	return len(b), nil
}

// Bytes fills b.
func (p *PRG) Bytes(b []byte) {
	n := copy(b, p.rest[Size-p.left:])
	p.left -= n
	b = b[n:]
	whole := len(b) / Size
	p.c.Counter(b[:Size*whole], p.next)
	p.next += uint64(whole)
	if b = b[Size*whole:]; len(b) > 0 {
		p.c.Counter(p.rest[:], p.next)
		p.next++
		p.left = Size - copy(b, p.rest[:])
	}
}

// Blocks fills b.
func (p *PRG) Blocks(b []Block) {
	if p.left == 0 {
		p.c.CounterBlocks(b, p.next)
		p.next += uint64(len(b))
		return
	}
	var chunk [64 * Size]byte
	for len(b) > 0 {
		n := min(len(b), len(chunk)/Size)
		p.Bytes(chunk[:Size*n])
		aes128.SetBytes(b[:n], chunk[:Size*n])
		b = b[n:]
	}
}

// Block returns the next block.
func (p *PRG) Block() Block {
	var b [1]Block
	p.Blocks(b[:])
	return b[0]
}

// Uint64s fills w with little-endian words.
func (p *PRG) Uint64s(w []uint64) {
	var chunk [64]Block
	for len(w) >= 2 {
		n := min(len(w)/2, len(chunk))
		p.Blocks(chunk[:n])
		for i, b := range chunk[:n] {
			w[2*i], w[2*i+1] = b.Lo, b.Hi
		}
		w = w[2*n:]
	}
	if len(w) == 1 {
		w[0] = p.Uint64()
	}
}

// Uint64 returns the next eight bytes as a little-endian word.
func (p *PRG) Uint64() (w uint64) {
	var b [8]byte
	p.Bytes(b[:])
	for i, x := range b {
		w |= uint64(x) << (8 * i)
	}
	return w
}

// Expand returns n blocks of the stream of seed.
func Expand(seed [Size]byte, n int) []Block {
	b := make([]Block, n)
	aes128.New(seed).CounterBlocks(b, 0)
	return b
}
