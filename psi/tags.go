package psi

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// tagBits returns the length in bits of a tag for sets of n and m items, so
// that any two of the n·m pairs of different items have equal tags with
// probability at most 2^-41.
func tagBits(n, m int) int { return statistical + 1 + ceilLog2(n) + ceilLog2(m) }

// tagBits returns the length of a tag with which all parts of the run together stay
// below that probability.
func (x *exchange) tagBits() int { return tagBits(x.own, x.peers) + ceilLog2(x.parts) }

// statistical is the security parameter of what fails by chance.
const statistical = 40

func ceilLog2(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// lowBits returns a block of n ones.
func lowBits(n int) prg.Block {
	if n <= 64 {
		return prg.Block{Lo: 1<<n - 1}
	}
	return prg.Block{Lo: 1<<64 - 1, Hi: 1<<(n-64) - 1}
}

func and(b, mask prg.Block) prg.Block { return prg.Block{Lo: b.Lo & mask.Lo, Hi: b.Hi & mask.Hi} }

// packedSize returns the number of bytes of n blocks, of which width bits count.
func packedSize(n, width int) int { return (n*width + 7) / 8 }

// pack writes the lowest width bits of each block, one behind the other, the
// least significant of a byte first, and zero bits up to the end of dst.
func pack(dst []byte, blocks []prg.Block, width int) {
	switch width {
	case 8 * prg.Size:
		aes128.AppendBlocks(dst[:0], blocks)
		return
	case 64: // of masked stores; the general way takes four times as long
		for i := range blocks {
			binary.LittleEndian.PutUint64(dst[8*i:], blocks[i].Lo)
		}
		return
	}
	var word uint64 // bits that have not been written
	used := 0       // of word
	put := func(v uint64, n int) {
		word |= v << used
		if used += n; used < 64 {
			return
		}
		binary.LittleEndian.PutUint64(dst, word)
		dst = dst[8:]
		used -= 64
		word = v >> (n - used) // zero if that is 64
	}
	mask := lowBits(width)
	for _, b := range blocks {
		b = and(b, mask)
		put(b.Lo, min(width, 64))
		if width > 64 {
			put(b.Hi, width-64)
		}
	}
	for i := range dst {
		dst[i] = byte(word)
		word >>= 8
	}
}

// unpack is the inverse of pack.
func unpack(blocks []prg.Block, src []byte, width int) {
	if width == 8*prg.Size {
		aes128.SetBytes(blocks, src)
		return
	}
	if width == 64 {
		for i := range blocks {
			blocks[i] = prg.Block{Lo: binary.LittleEndian.Uint64(src[8*i:])}
		}
		return
	}
	mask := lowBits(width)
	i, at := 0, 0 // at is in bits
	for ; i < len(blocks) && at>>3+17 <= len(src); i++ {
		blocks[i] = and(bitsAt((*[17]byte)(src[at>>3:]), at), mask)
		at += width
	}
	for ; i < len(blocks); i++ {
		var end [17]byte
		copy(end[:], src[at>>3:])
		blocks[i] = and(bitsAt(&end, at), mask)
		at += width
	}
}

// bitsAt returns 128 of the bits of src, from bit at%8 on.
func bitsAt(src *[17]byte, at int) prg.Block {
	lo, hi := binary.LittleEndian.Uint64(src[:8]), binary.LittleEndian.Uint64(src[8:16])
	shift := at & 7
	return prg.Block{
		Lo: lo>>shift | hi<<1<<(63-shift),
		Hi: hi>>shift | uint64(src[16])<<1<<(63-shift),
	}
}

// recvPacked receives n blocks as pack wrote them into buf.
func recvPacked(s *session.Session, typ byte, buf []byte, n, width int) error {
	if err := s.Recv(typ, buf); err != nil {
		return err
	}
	if end := n * width; end&7 != 0 && buf[end>>3]>>(end&7) != 0 {
		return fmt.Errorf("%w: there are bits behind the last block", ErrPeer)
	}
	return nil
}
