package rlwe

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Split shares the secret among all holders, of whom any t can act for it later
// [MBH23, section 3]: entry i is for holder i+1, whose point that is, and must
// reach it by a channel that nobody else reads. Every holder splits its secret.
func (k *Secret) Split(t int) ([][]byte, error) { return k.split(t, coins()) }

func (k *Secret) split(t int, g *prg.PRG) ([][]byte, error) {
	p := k.p
	switch {
	case p.cfg.Mode != Collective || k.additive:
		return nil, errors.New("rlwe: only a holder's own secret is split")
	case t < 1 || t > p.cfg.Holders:
		return nil, fmt.Errorf("rlwe: a threshold of %d of %d holders", t, p.cfg.Holders)
	}
	// The shares are values of a polynomial of degree t-1 over the ring whose
	// constant coefficient is the secret. The others are uniform.
	random := make([]poly, t-1)
	for i := range random {
		random[i] = p.newPoly()
		for j := range p.limbs {
			uniformSecret(g, p.limb(random[i], j), &p.limbs[j])
		}
	}
	shares := make([][]byte, p.cfg.Holders)
	x := p.newPoly()
	for h := range shares {
		clear(x)
		for _, r := range slices.Backward(random) {
			p.addPoly(x, r)
			for i := range p.limbs {
				p.scale(x, i, p.limbs[i].mul(uint64(h+1), p.limbs[i].r2))
			}
		}
		p.addPoly(x, k.s)
		shares[h] = p.appendPoly(nil, x)
	}
	clear(x)
	for _, r := range random {
		clear(r)
	}
	return shares, nil
}

// A ThresholdKey is what a holder has of the secrets of all: the value, at its
// point, of the sum of their polynomials. It is for one goroutine.
type ThresholdKey struct {
	p      *Params
	point  int
	t      int
	x      poly
	count  int
	active []int
}

// NewThresholdKey returns the key of the holder with this point, from 1 to the
// number of holders, with the shares of nobody.
func (p *Params) NewThresholdKey(point, t int) (*ThresholdKey, error) {
	switch {
	case p.cfg.Mode != Collective:
		return nil, errors.New("rlwe: only holders of a collective key have a threshold")
	case point < 1 || point > p.cfg.Holders:
		return nil, fmt.Errorf("rlwe: point %d is not between 1 and %d", point, p.cfg.Holders)
	case t < 1 || t > p.cfg.Holders:
		return nil, fmt.Errorf("rlwe: a threshold of %d of %d holders", t, p.cfg.Holders)
	}
	return &ThresholdKey{p: p, point: point, t: t, x: p.newPoly()}, nil
}

// String says what k is, and not which.
func (k *ThresholdKey) String() string { return "rlwe.ThresholdKey" }

// GoString is [ThresholdKey.String].
func (k *ThresholdKey) GoString() string { return k.String() }

// LogValue is [ThresholdKey.String].
func (k *ThresholdKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Add adds the share that a holder made for this point. Each holder, this one
// too, makes one, and the caller counts each holder once.
func (k *ThresholdKey) Add(share []byte) error {
	if k.count == k.p.cfg.Holders {
		return errors.New("rlwe: there is a share of every holder already")
	}
	x := k.p.newPoly()
	if err := k.p.parsePoly(x, share); err != nil {
		return err
	}
	k.p.addPoly(k.x, x)
	k.count++
	return nil
}

// Secret returns what this holder adds to the collective secret if exactly the
// holders with these points are active: its value times the Lagrange
// coefficient at zero [MBH23, section 3]. There must be t, all different, this
// one among them. A key serves one set: shares for another would let those who
// are in both be computed.
func (k *ThresholdKey) Secret(active []int) (*Secret, error) {
	p := k.p
	set := slices.Sorted(slices.Values(active))
	switch {
	case k.count != p.cfg.Holders:
		return nil, fmt.Errorf("rlwe: shares of %d of %d holders are there", k.count, p.cfg.Holders)
	case len(set) != k.t:
		return nil, fmt.Errorf("rlwe: %d active holders for a threshold of %d", len(set), k.t)
	case set[0] < 1 || set[len(set)-1] > p.cfg.Holders:
		return nil, fmt.Errorf("rlwe: the points of active holders are not between 1 and %d", p.cfg.Holders)
	case len(slices.Compact(slices.Clone(set))) != len(set):
		return nil, errors.New("rlwe: an active holder is named twice")
	case !slices.Contains(set, k.point):
		return nil, fmt.Errorf("rlwe: holder %d is not among the active ones", k.point)
	case k.active != nil && !slices.Equal(k.active, set):
		return nil, errors.New("rlwe: this key has served another set of active holders: make a new key")
	}
	k.active = set
	s := &Secret{p: p, s: slices.Clone(k.x), additive: true}
	for i := range p.limbs {
		l := &p.limbs[i]
		num, den := l.mul(1, l.r2), l.mul(1, l.r2) // both 1 in Montgomery form
		for _, m := range set {
			if m != k.point {
				num = l.mul(num, l.mul(uint64(m), l.r2))
				den = l.mul(den, l.mul(l.small(m-k.point), l.r2))
			}
		}
		p.scale(s.s, i, l.mul(num, l.invert(den)))
	}
	return s, nil
}

// small returns the residue of a public number whose absolute value is less
// than q.
func (l *limb) small(x int) uint64 {
	if x < 0 {
		return l.q - uint64(-x)
	}
	return uint64(x)
}

// invert returns 1/x, both in Montgomery form, of a public x that is not zero:
// x^(q-2) [Fermat].
func (l *limb) invert(x uint64) uint64 {
	r := l.mul(1, l.r2)
	for e := l.q - 2; e > 0; e >>= 1 {
		if e&1 == 1 {
			r = l.mul(r, x)
		}
		x = l.mul(x, x)
	}
	return r
}
