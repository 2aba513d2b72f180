package psi

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// A run whose items take more than Config.Memory is split into parts, and without such
// a bound one with the protocol VOLE that is long. Part i of p has the items whose
// digests, read as numbers, are in the i-th of p equal intervals, so both sides have an
// item in the same part. Each part is a run of its own, under its own keys, inside the
// same session. Both sides fill each part up with random digests to a size that follows
// from their declared number of items, so how many fall into it does not show.

// maxParts bounds what a peer that declares many items can make of a small
// Config.Memory.
const maxParts = 1 << 12

// mostInPart is about the most items of a receiver in a part, where no bound on memory
// says otherwise. What a part touches is used again by the next. For one long run the
// system would have to give out memory in proportion, which takes a third of the time
// of a run of 2^24 items. It is constant but in tests.
var mostInPart = 1 << 20

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
	switch {
	case n == 0 || m == 0:
		return 1, n, m, nil
	case p.memory == 0 && protocol == VOLE && n > p.partItems:
		parts = (n-1)/p.partItems + 1
		return parts, partSize(n, parts), partSize(m, parts), nil
	case p.memory == 0 || memory(protocol, int64(n), int64(m)) <= p.memory:
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
