package psi

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A run whose items take more than Config.Memory is split into parts. Part i of p
// has the items whose digests, read as numbers, are in the i-th of p equal
// intervals, so both sides have an item in the same part. Each part is a run of
// its own, under its own keys, inside the same session. Both sides fill each part
// up with random digests to a size that follows from their declared number of
// items, so how many fall into it does not show.

// maxParts bounds what a peer that declares many items can make of a small
// Config.Memory.
const maxParts = 1 << 12

// memory returns about how many bytes an exchange takes at the side that takes
// more, with the records and the digests that pad them. See Cost in the package
// comment.
func memory(protocol Protocol, n, m int64) int64 {
	const record = 20
	receiver, sender := (33+record)*n+17*m, (4+record)*m
	if protocol == VOLE {
		more := 16 * max(m-n, 0)
		receiver, sender = (104+record)*n+more, 44*n+record*m+more
	}
	return max(receiver, sender)
}

// split returns into how many parts a receiver's n items and a sender's m go, and
// how many of each side's a part has. Both sides come to the same result.
func (p *params) split(protocol Protocol, n, m int) (parts, receivers, senders int, err error) {
	if p.memory == 0 || n == 0 || m == 0 || memory(protocol, int64(n), int64(m)) <= p.memory {
		return 1, n, m, nil
	}
	fits := func(parts int) bool {
		receivers, senders = partSize(n, parts), partSize(m, parts)
		return memory(protocol, int64(receivers), int64(senders)) <= p.memory
	}
	// Sizes fall with the number of parts.
	lo, hi := 2, maxParts
	if !fits(hi) {
		return 0, 0, 0, fmt.Errorf("%w: with %d and %d items, Config.Memory must be %d bytes or more", ErrIncompatible,
			n, m, memory(protocol, int64(receivers), int64(senders)))
	}
	for lo < hi {
		if mid := (lo + hi) / 2; fits(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	fits(lo)
	return lo, receivers, senders, nil
}

// partSize returns the size of a part of n items. The digests of different items
// are uniform and independent, so how many fall into a part is binomial with mean
// mu. By Chernoff's bound it exceeds mu + t with probability exp(-t^2/(2*mu + t)) at
// most [MU05, exercise 4.7]. That is below 2^-42 over all parts if t is as here, and
// 2^-41 for both sides. Parts of 2^20 items are padded by 0.8 %, of 2^14 by 7 %.
//
// [MU05] Michael Mitzenmacher, Eli Upfal: Probability and Computing. 2005.
func partSize(n, parts int) int {
	mu := (int64(n) + int64(parts) - 1) / int64(parts)
	l := (int64(statistical+2+ceilLog2(parts))*6932 + 9999) / 10000 // times ln 2
	// The root is exact or too large by rounding up; IEEE 754 lets no two machines
	// differ in it.
	t := (l+int64(math.Sqrt(float64(l*l+8*l*mu)))+1)/2 + 1
	return int(min(mu+t, int64(n)))
}

// part returns p for part i. Nothing in a part fits into another.
func (p *params) part(i, parts int) *params {
	q := *p
	sum := sha256.Sum256(appendPart(newLabel("psi", "part", p.context), i, parts))
	q.context = sum[:]
	return &q
}

// part returns coins for part i.
func (c *coins) part(i int) *coins {
	secret := newLabel("psi", "coins of a part", nil)
	for _, b := range [][]byte{c.scalar[:], c.shuffle[:], c.pad[:], c.vole[:], c.oprf[:]} {
		secret = append(secret, b...)
	}
	random := rand.NewChaCha8(sha256.Sum256(appendPart(secret, i, 0))) // as in padded
	d := &coins{nonce: c.nonce}
	for _, b := range [][]byte{d.scalar[:], d.shuffle[:], d.pad[:], d.vole[:], d.oprf[:]} {
		random.Read(b)
	}
	return d
}

func appendPart(b []byte, i, parts int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(i)), uint32(parts))
}

// write appends the tags of the next part.
func (s *tagStore) write(dir string, own []prg.Block, peers [][]prg.Block) (err error) {
	if s.file == nil {
		if s.file, err = newTempFile(dir); err != nil {
			return err
		}
	}
	s.buf = make([]byte, 0, tagChunk*prg.Size)
	write := func(tags []prg.Block) error {
		return chunks(len(tags), tagChunk, func(lo, hi int) error {
			return s.file.append(aes128.AppendBlocks(s.buf, tags[lo:hi]))
		})
	}
	if err := write(own); err != nil {
		return err
	}
	for _, tags := range peers {
		if err := write(tags); err != nil {
			return err
		}
	}
	return nil
}

// read returns the tags of part i, when all parts have so many.
func (s *tagStore) read(i, own, peers int) ([]prg.Block, [][]prg.Block, error) {
	if s.own == nil {
		s.own = make([]prg.Block, own)
		for lo := 0; lo < peers; lo += tagChunk {
			s.peers = append(s.peers, make([]prg.Block, min(tagChunk, peers-lo)))
		}
	}
	at := int64(i) * int64(own+peers) * prg.Size
	read := func(tags []prg.Block) error {
		return chunks(len(tags), tagChunk, func(lo, hi int) error {
			buf := s.buf[:(hi-lo)*prg.Size]
			if _, err := s.file.ReadAt(buf, at); err != nil {
				return fmt.Errorf("reading tags from a temporary file: %w", noEOF(err))
			}
			aes128.SetBytes(tags[lo:hi], buf)
			at += int64(len(buf))
			return nil
		})
	}
	if err := read(s.own); err != nil {
		return nil, nil, err
	}
	for _, tags := range s.peers {
		if err := read(tags); err != nil {
			return nil, nil, err
		}
	}
	return s.own, s.peers, nil
}

// close removes the file.
func (s *tagStore) close() {
	if s.file != nil {
		s.file.remove()
	}
}

// noEOF says that a file must not end where it does.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
