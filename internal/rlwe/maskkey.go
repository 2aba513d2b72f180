package rlwe

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// maxMembers is the most members of a committee.
const maxMembers = 1 << 10

// A MaskKey is the key of one contributor in mode [Masked], or the sum of the
// keys of several: small numbers, as many as the degree of the ring. It is
// immutable.
type MaskKey struct {
	p     *Params
	x     []uint64 // two's complement, of absolute value up to count*maxMask
	count int
}

// NewMaskKey draws the key of one contributor, for one vector.
func (p *Params) NewMaskKey() (*MaskKey, error) {
	if p.cfg.Mode != Masked {
		return nil, errNotMasked
	}
	return p.newMaskKey(coins()), nil
}

var errNotMasked = errors.New("rlwe: mask keys are for masked sums")

func (p *Params) newMaskKey(g *prg.PRG) *MaskKey {
	k := &MaskKey{p: p, x: make([]uint64, p.n), count: 1}
	gauss(g, k.x)
	return k
}

// String says what k is, and not which.
func (k *MaskKey) String() string { return "rlwe.MaskKey" }

// GoString is [MaskKey.String].
func (k *MaskKey) GoString() string { return k.String() }

// LogValue is [MaskKey.String].
func (k *MaskKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Count is the number of contributors whose keys are in k.
func (k *MaskKey) Count() int { return k.count }

// Shares of keys are over the integers modulo a prime that is longer than a sum
// of all contributors' coefficients.
const (
	shortPrime = 65521
	longPrime  = 1<<31 - 1
)

// A field is the integers modulo a prime below 2^32.
type field struct{ p, inv uint64 } // inv is 2^64/p, rounded down

func (p *Params) keyField() field {
	q := uint64(shortPrime)
	if 2*uint64(p.cfg.Contributors)*uint64(maxMask) >= shortPrime {
		q = longPrime
	}
	return field{q, ^uint64(0) / q}
}

// reduce returns x mod p in constant time [Barrett's reduction].
func (f field) reduce(x uint64) uint64 {
	hi, _ := bits.Mul64(x, f.inv)
	r := x - hi*f.p // < 2p
	s := r - f.p
	return s + f.p&-(s>>63)
}

func (f field) inverse(x uint64) uint64 {
	r := uint64(1)
	for e := f.p - 2; e > 0; e >>= 1 {
		if e&1 == 1 {
			r = f.reduce(r * x)
		}
		x = f.reduce(x * x)
	}
	return r
}

func (f field) bits() int {
	if f.p == shortPrime {
		return 16
	}
	return 31
}

// KeyShareSize is the size of a member's share of a key, or of a sum of keys.
func (p *Params) KeyShareSize() int { return bitpack.Size(p.n, p.keyField().bits()) }

// Split shares a contributor's key among the members of a committee, of whom any
// t can open a sum of keys and fewer learn nothing [KP24]: entry i is
// for member i+1, whose point that is, and must reach it by a channel that
// nobody else reads.
func (k *MaskKey) Split(t, members int) ([][]byte, error) { return k.split(t, members, coins()) }

func (k *MaskKey) split(t, members int, g *prg.PRG) ([][]byte, error) {
	switch {
	case k.count != 1:
		return nil, errors.New("rlwe: a sum of keys is not shared")
	case members < 1 || members > maxMembers || t < 1 || t > members:
		return nil, fmt.Errorf("rlwe: a threshold of %d of %d members, who are at most %d", t, members, maxMembers)
	}
	p, f := k.p, k.p.keyField()
	random := make([]uint64, (t-1)*p.n)
	g.Uint64s(random)
	for i, w := range random {
		random[i], _ = bits.Mul64(w, f.p) // the bias is below p/2^64
	}
	shares := make([][]byte, members)
	x := make([]uint64, p.n)
	for m := range shares {
		clear(x)
		for c := t - 2; c >= 0; c-- {
			for i, r := range random[c*p.n:][:p.n] {
				x[i] = f.reduce((x[i] + r) * uint64(m+1)) // < 2^32 * 2^10
			}
		}
		for i, v := range k.x {
			x[i] = f.reduce(x[i] + v + f.p&-(v>>63))
		}
		shares[m] = bitpack.Append(nil, x, f.bits())
	}
	clear(random)
	clear(x)
	return shares, nil
}

// A KeySum is a member's sum of its shares of keys, of those contributors whose
// vectors are added up. It is for one goroutine.
type KeySum struct {
	p     *Params
	x     []uint64
	next  []uint64
	count int
}

// NewKeySum returns the sum of no shares.
func (p *Params) NewKeySum() (*KeySum, error) {
	if p.cfg.Mode != Masked {
		return nil, errNotMasked
	}
	return &KeySum{p: p, x: make([]uint64, p.n), next: make([]uint64, p.n)}, nil
}

// String says what s is, and not which.
func (s *KeySum) String() string { return "rlwe.KeySum" }

// GoString is [KeySum.String].
func (s *KeySum) GoString() string { return s.String() }

// LogValue is [KeySum.String].
func (s *KeySum) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Add adds a contributor's share. If it is malformed the sum stays as it was.
func (s *KeySum) Add(share []byte) error {
	f := s.p.keyField()
	if s.count == s.p.cfg.Contributors {
		return fmt.Errorf("rlwe: a sum of %d keys is full", s.count)
	}
	if !bitpack.Unpack(s.next, share, f.bits(), f.p-1) {
		return ErrMalformed
	}
	for i, v := range s.next {
		s.x[i] = f.reduce(s.x[i] + v)
	}
	s.count++
	return nil
}

// Append appends the member's share of the sum of keys, which is all that it
// ever sends. Shares of two sums are shares of their difference too: a member
// sends one in its life.
func (s *KeySum) Append(dst []byte) []byte { return bitpack.Append(dst, s.x, s.p.keyField().bits()) }

// CombineKeys returns the sum of the keys of count contributors from the shares
// of members with these points, which must be at least the threshold of them,
// all different. Sums that are too large to be sums of count keys are refused.
func (p *Params) CombineKeys(count int, points []int, shares [][]byte) (*MaskKey, error) {
	f := p.keyField()
	switch {
	case p.cfg.Mode != Masked:
		return nil, errNotMasked
	case count < 1 || count > p.cfg.Contributors:
		return nil, fmt.Errorf("rlwe: keys of %d contributors are not of 1 to %d", count, p.cfg.Contributors)
	case len(points) != len(shares) || len(points) == 0 || len(points) > maxMembers:
		return nil, fmt.Errorf("rlwe: %d points and %d shares", len(points), len(shares))
	}
	seen := make(map[int]bool)
	for _, m := range points {
		if m < 1 || m > maxMembers || seen[m] {
			return nil, fmt.Errorf("rlwe: point %d is not between 1 and %d, or comes twice", m, maxMembers)
		}
		seen[m] = true
	}
	k := &MaskKey{p: p, x: make([]uint64, p.n), count: count}
	x := make([]uint64, p.n)
	for i, m := range points {
		if !bitpack.Unpack(x, shares[i], f.bits(), f.p-1) {
			return nil, ErrMalformed
		}
		num, den := uint64(1), uint64(1) // of the Lagrange coefficient at zero
		for _, o := range points {
			if o != m {
				num = f.reduce(num * uint64(o))
				den = f.reduce(den * (f.p + uint64(o) - uint64(m)))
			}
		}
		c := f.reduce(num * f.inverse(den))
		for i, v := range x {
			k.x[i] = f.reduce(k.x[i] + c*v)
		}
	}
	// From the residue of least absolute value, and within bounds.
	bound := uint64(count) * uint64(maxMask)
	var bad uint64
	for i, v := range k.x {
		negative := -((f.p/2 - v) >> 63)
		v -= f.p & negative
		k.x[i] = v
		_, over := bits.Sub64(2*bound, v+bound, 0)
		bad |= over
	}
	if bad != 0 {
		return nil, ErrNoise
	}
	return k, nil
}
