package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Bits is a party's part of a vector of secret bits, 64 to a word. It does not
// change, and prints as its type and length.
type Bits struct {
	_      [0]func() // no ==, which would not be constant time
	engine *Engine
	n      int
	past   past
	share  engine.Vec // what is beyond n in the last word means nothing
}

// Len returns the number of bits.
func (b *Bits) Len() int { return b.n }

// String returns the type and length of b, and nothing of its values.
func (b Bits) String() string { return fmt.Sprintf("mpc.Bits(%d)", b.n) }

// Format implements [fmt.Formatter], so that no verb prints the value of b.
func (b Bits) Format(f fmt.State, verb rune) { io.WriteString(f, b.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (b Bits) LogValue() slog.Value { return slog.StringValue(b.String()) }

// bits returns n zeros.
func (e *Engine) bits(n int) *Bits {
	return &Bits{engine: e, n: n, share: e.party.NewBits(engine.Words(n))}
}

var errMixedBits = errors.New("mpc: a vector of bits is nil, empty or of another engine")

// pairBits returns an error unless a and b are vectors of one engine and length.
func pairBits(a, b *Bits) error {
	if a == nil || b == nil || a.engine == nil || a.engine != b.engine {
		return errMixedBits
	}
	if a.n != b.n {
		return fmt.Errorf("mpc: vectors of %d and %d bits", a.n, b.n)
	}
	return nil
}

// Xor returns the exclusive or of b and c, bit by bit.
func (b *Bits) Xor(c *Bits) (*Bits, error) {
	if err := pairBits(b, c); err != nil {
		return nil, err
	}
	z := b.engine.bits(b.n)
	z.past = of("Xor", b, c).digest
	engine.Xor(z.share, b.share, c.share)
	return z, nil
}

// Not returns the complement of b.
func (b *Bits) Not() (*Bits, error) {
	if b == nil || b.engine == nil {
		return nil, errMixedBits
	}
	z := &Bits{engine: b.engine, n: b.n, past: of("Not", b).digest, share: b.share.Clone()}
	b.engine.party.Not(z.share)
	return z, nil
}

// Slice returns bits lo to hi - 1 of b.
func (b *Bits) Slice(lo, hi int) (*Bits, error) {
	if b == nil || b.engine == nil {
		return nil, errMixedBits
	}
	if lo < 0 || hi < lo || hi > b.n {
		return nil, fmt.Errorf("mpc: bits %d to %d of %d", lo, hi, b.n)
	}
	return &Bits{engine: b.engine, n: hi - lo, past: of("SliceBits", b, lo, hi).digest, share: engine.Part(b.share, lo, hi)}, nil
}

// And returns the conjunction of a and b, bit by bit.
func (e *Engine) And(ctx context.Context, a, b *Bits) (*Bits, error) {
	if err := pairBits(a, b); err != nil {
		return nil, err
	}
	if a.engine != e {
		return nil, errMixedBits
	}
	z := e.bits(a.n)
	if err := e.call(ctx, of("And", a, b), func() error { return e.and(z.share, a.share, b.share) }); err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

func (e *Engine) and(z, x, y engine.Vec) error {
	return e.party.And([]engine.Vec{z}, []engine.Vec{x}, []engine.Vec{y})
}

// OpenBits opens b to the parties in to, and returns nil to others, as
// [Engine.Open] does.
func (e *Engine) OpenBits(ctx context.Context, b *Bits, to ...int) ([]bool, error) {
	if b == nil || b.engine != e {
		return nil, errMixedBits
	}
	learns, set, err := e.recipients(to)
	if err != nil {
		return nil, err
	}
	var opened []uint64
	err = e.opening(ctx, of("OpenBits", b, set), func() (err error) {
		opened, err = e.party.RevealBits(b.share, learns)
		return err
	})
	if err != nil || opened == nil {
		return nil, err
	}
	values := make([]bool, b.n)
	if e.alone {
		return values, nil
	}
	for i := range values {
		values[i] = opened[i/64]>>(i%64)&1 == 1
	}
	return values, nil
}

// Numbers returns the bits of b as the numbers 0 and 1.
func (e *Engine) Numbers(ctx context.Context, b *Bits) (*Vec, error) {
	if b == nil || b.engine != e {
		return nil, errMixedBits
	}
	z := &Vec{engine: e, r: Range{0, 1}}
	err := e.call(ctx, of("Numbers", b), func() (err error) {
		z.share, err = e.numbers(b)
		return err
	})
	if err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

func (e *Engine) numbers(b *Bits) (engine.Vec, error) {
	z, err := e.party.Numbers(b.n, b.share)
	if err != nil {
		return engine.Vec{}, err
	}
	return z[0], nil
}

// Select returns x where the bit of b is one, and y where it is zero.
func (e *Engine) Select(ctx context.Context, b *Bits, x, y *Vec) (*Vec, error) {
	if b == nil || b.engine != e {
		return nil, errMixedBits
	}
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if err := alike(x, y); err != nil {
		return nil, err
	}
	if b.n != x.Len() {
		return nil, fmt.Errorf("mpc: %d bits to select from %d elements", b.n, x.Len())
	}
	r := x.r.with(y.r)
	z := e.unset(r, x.fraction, b.n)
	err := e.call(ctx, of("Select", b, x, y), func() error {
		choice, err := e.numbers(b)
		if err != nil {
			return err
		}
		// y + b(x - y) is right modulo the ring's order, whatever x - y is.
		return e.party.Mul(z.share, choice, x.combine(r, 1, -1, y).share)
	})
	if err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z.combine(r, 1, 1, y), nil
}
