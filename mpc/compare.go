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
	return e.compare(ctx, "Less", x, y, r.bits(), e.party.Negative)
}

// Negative returns where v is below zero.
func (e *Engine) Negative(ctx context.Context, v *Vec) (*Bits, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	b := &Bits{engine: e, n: v.Len()}
	err := e.call(ctx, of("Negative", v), func() (err error) {
		b.share, err = e.party.Negative(v.share, v.r.bits())
		return err
	})
	if err != nil {
		return nil, err
	}
	b.past = e.history.result(0)
	return b, nil
}

// Max returns the larger ones of x and y, element by element.
func (e *Engine) Max(ctx context.Context, x, y *Vec) (*Vec, error) {
	less, err := e.Less(ctx, x, y)
	if err != nil {
		return nil, err
	}
	z, err := e.Select(ctx, less, y, x)
	if err != nil {
		return nil, err
	}
	z.r = Range{max(x.r.Min, y.r.Min), max(x.r.Max, y.r.Max)}
	return z, nil
}

// Min returns the smaller ones of x and y, element by element.
func (e *Engine) Min(ctx context.Context, x, y *Vec) (*Vec, error) {
	less, err := e.Less(ctx, x, y)
	if err != nil {
		return nil, err
	}
	z, err := e.Select(ctx, less, x, y)
	if err != nil {
		return nil, err
	}
	z.r = Range{min(x.r.Min, y.r.Min), min(x.r.Max, y.r.Max)}
	return z, nil
}

// Abs returns the absolute values of v.
func (e *Engine) Abs(ctx context.Context, v *Vec) (*Vec, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	minus, err := v.Scale(-1)
	if err != nil {
		return nil, err
	}
	negative, err := e.Negative(ctx, v)
	if err != nil {
		return nil, err
	}
	z, err := e.Select(ctx, negative, minus, v)
	if err != nil {
		return nil, err
	}
	z.r = Range{max(v.r.Min, -v.r.Max, 0), max(v.r.Max, -v.r.Min)}
	return z, nil
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
	return e.compare(ctx, "Equal", x, y, size, e.party.Zero)
}

// compare applies a test to x - y, which has that many bits.
func (e *Engine) compare(ctx context.Context, name string, x, y *Vec, bits int, test func(x engine.Vec, bits int) (engine.Vec, error)) (*Bits, error) {
	if err := alike(x, y); err != nil {
		return nil, err
	}
	b := &Bits{engine: e, n: x.Len()}
	err := e.call(ctx, of(name, x, y), func() (err error) {
		b.share, err = test(x.combine(Range{}, 1, -1, y).share, bits)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.past = e.history.result(0)
	return b, nil
}
