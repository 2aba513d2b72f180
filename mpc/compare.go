package mpc

import (
	"context"
	"math"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Less returns where x is less than y. The difference of their ranges must fit in the
// engine's bits, 64 with three parties, which it does if both are of one bit less. The
// fewer bits it has, the fewer are compared: 8, 16, 32 or 64.
func (e *Engine) Less(ctx context.Context, x, y *Vec) (*Bits, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	r, err := e.difference(x.r, y.r)
	if err != nil {
		return nil, err
	}
	return e.compare(ctx, x, y, r.bits(), e.party.Negative)
}

// Equal returns where x and y are equal. With three parties, whatever their ranges are.
func (e *Engine) Equal(ctx context.Context, x, y *Vec) (*Bits, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	size := 64
	if r, err := e.difference(x.r, y.r); err == nil {
		size = r.bits()
	} else if lowest, _ := e.party.Bounds(); lowest != math.MinInt64 {
		return nil, err
	}
	return e.compare(ctx, x, y, size, e.party.Zero)
}

// compare applies a test to x - y, which has that many bits.
func (e *Engine) compare(ctx context.Context, x, y *Vec, bits int, test func(x engine.Vec, bits int) (engine.Vec, error)) (*Bits, error) {
	if err := pair(x, y); err != nil {
		return nil, err
	}
	b := &Bits{engine: e, n: x.Len()}
	err := e.during(ctx, func() (err error) {
		b.share, err = test(x.combine(Range{}, 1, -1, y).share, bits)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}
