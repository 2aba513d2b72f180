package mpc

import (
	"context"
	"fmt"
	"math/big"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// RandomBits returns n random bits that nobody knows.
func (e *Engine) RandomBits(ctx context.Context, n int) (*Bits, error) {
	if n < 0 {
		return nil, fmt.Errorf("mpc: %d random bits", n)
	}
	b := &Bits{engine: e, n: n}
	err := e.call(ctx, of("RandomBits", n), func() (err error) {
		b.share, err = e.party.RandomBits(engine.Words(n))
		return err
	})
	if err != nil {
		return nil, err
	}
	b.past = e.history.result(0)
	return b, nil
}

// Decompose returns the bits of the elements of v in two's complement, the lowest first, as
// many as their range needs: the last one is that of the sign.
func (e *Engine) Decompose(ctx context.Context, v *Vec) ([]*Bits, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	bits := make([]*Bits, v.r.bits())
	err := e.call(ctx, of("Decompose", v), func() error {
		planes, err := e.party.Decompose(v.share, len(bits))
		if err != nil {
			return err
		}
		w := engine.Words(v.Len())
		for k := range bits {
			bits[k] = &Bits{engine: e, n: v.Len(), past: e.history.result(k), share: planes.Slice(k*w, (k+1)*w)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return bits, nil
}

// Compose returns the numbers that have these bits, the lowest first: the sum of bit k
// times 2^k. There may be up to 62 of them.
func (e *Engine) Compose(ctx context.Context, bits []*Bits) (*Vec, error) {
	if len(bits) == 0 || len(bits) > 62 {
		return nil, fmt.Errorf("mpc: a number of %d bits, and not of 1 to 62", len(bits))
	}
	for _, b := range bits {
		if err := pairBits(b, bits[0]); err != nil {
			return nil, err
		}
	}
	if bits[0].engine != e {
		return nil, errMixedBits
	}
	r, err := e.rangeOf("a number of bits", big.NewInt(0), big.NewInt(1<<len(bits)-1))
	if err != nil {
		return nil, err
	}
	z := e.vec(r, 0, bits[0].n)
	err = e.call(ctx, of("Compose", bits), func() error {
		ones, err := e.ones(bits)
		for k, plane := range ones {
			e.party.Combine(z.share, 1, z.share, 1<<k, plane)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

// ones returns bits as the numbers 0 and 1, all of them in the rounds of one.
func (e *Engine) ones(bits []*Bits) ([]engine.Vec, error) {
	planes := make([]engine.Vec, len(bits))
	for k, b := range bits {
		planes[k] = b.share
	}
	return e.party.Numbers(bits[0].n, planes...)
}
