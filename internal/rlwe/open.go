package rlwe

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
)

// decode sets dst to the messages of x, the opened sum in coefficients. The
// noise of all must be within its bound.
func (p *Params) decode(dst []uint64, x poly) error {
	half := uint128{0, 1}.shl(p.delta - 1)
	low := uint128{0, 1}.shl(p.delta).sub(uint128{0, 1})
	limit := (uint128{0, 3}).shl(p.delta - 3)
	least, most := half.sub(limit), half.add(limit)
	var bad uint64
	var y wide
	for i := range dst {
		if i%run == 0 {
			y.clear()
			p.addTo(&y, x, i, min(run, len(dst)-i))
		}
		v := uint128{y.hi[i%run], y.lo[i%run]}.add(half).reduce(p.q)
		noise := uint128{v.hi & low.hi, v.lo & low.lo}
		bad |= noise.less(least) | most.less(noise)
		v = v.shr(p.delta)
		bad |= v.hi | uint128{0, p.cfg.Capacity - 1}.less(uint128{0, v.lo})
		dst[i] = v.lo
	}
	if bad != 0 {
		clear(dst)
		return ErrNoise
	}
	return nil
}

// A Decrypter opens sums under one secret, in mode [ReceiverKey]. It is for one
// goroutine.
type Decrypter struct {
	k *Secret
	x poly
}

// NewDecrypter returns a decrypter with k.
func (p *Params) NewDecrypter(k *Secret) (*Decrypter, error) {
	switch {
	case k.p.digest != p.digest:
		return nil, errors.New("rlwe: the secret has other parameters")
	case p.cfg.Mode != ReceiverKey:
		return nil, errors.New("rlwe: no receiver opens these sums with a key of its own")
	}
	return &Decrypter{k: k, x: p.newPoly()}, nil
}

// String says what d is, and not its secret.
func (d *Decrypter) String() string { return "rlwe.Decrypter" }

// GoString is [Decrypter.String].
func (d *Decrypter) GoString() string { return d.String() }

// LogValue is [Decrypter.String].
func (d *Decrypter) LogValue() slog.Value { return slog.StringValue(d.String()) }

// Open sets dst, which has the length of the sum, to the sums.
func (d *Decrypter) Open(dst []uint64, sum *Sum) error {
	p := d.k.p
	switch {
	case sum.p.digest != p.digest || len(sum.body) != len(dst):
		return fmt.Errorf("rlwe: a sum of %d coefficients, or with other parameters, opened into %d", len(sum.body), len(dst))
	case sum.maskless():
		return errMaskless
	}
	p.mulPoly(d.x, sum.mask, d.k.s)
	p.inverse(d.x)
	sum.bodyTo(d.x)
	err := p.decode(dst, d.x)
	clear(d.x)
	return err
}

// Open sets dst to the sums that the shares of all holders, or of all that
// were active if there is a threshold, give.
func (p *Params) Open(dst []uint64, sum *Sum, shares [][]byte) error {
	switch {
	case p.cfg.Mode != Collective:
		return errors.New("rlwe: only sums under a collective key open with shares")
	case sum.p.digest != p.digest || len(sum.body) != len(dst):
		return fmt.Errorf("rlwe: a sum of %d coefficients, or with other parameters, opened into %d", len(sum.body), len(dst))
	case len(shares) < 1 || len(shares) > p.cfg.Holders:
		return fmt.Errorf("rlwe: %d shares, and %d holders", len(shares), p.cfg.Holders)
	}
	if sum.shares == nil {
		var err error
		if sum.shares, err = p.newBodySum(len(dst), p.cfg.Holders); err != nil {
			return err
		}
		sum.opened = p.newPoly()
	}
	all, x := sum.shares, sum.opened
	all.Reset()
	for _, b := range shares {
		if !bitpack.Unpack(all.newBody, b, p.bodyBits, p.span-1) {
			return ErrMalformed
		}
		all.addBody(all.newBody)
	}
	clear(x)
	sum.bodyTo(x)
	all.bodyTo(x)
	return p.decode(dst, x)
}
