package mpc

import (
	"context"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOrder compares Negative, Max, Min, Abs and Prefix with Go, for ranges of few bits
// and of many.
func TestOrder(t *testing.T) {
	for _, r := range []Range{{-3, 5}, {0, 200}, {-1 << 31, 1 << 20}, {-1 << 62, 1<<62 - 1}} {
		a, b := pairs(200, r)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, len(a), r, e.mine(0, a))
			require.NoError(t, err)
			y, err := e.Input(ctx, 1, len(b), r, e.mine(1, b))
			require.NoError(t, err)
			before := e.Stats()
			larger, err := e.Max(ctx, x, y)
			require.NoError(t, err)
			require.LessOrEqual(t, e.Stats().Rounds, before.Rounds+11)
			smaller, err := e.Min(ctx, x, y)
			require.NoError(t, err)
			size, err := e.Abs(ctx, x)
			require.NoError(t, err)
			negative, err := e.Negative(ctx, x)
			require.NoError(t, err)
			for _, z := range []struct {
				v    *Vec
				want func(i int) int64
			}{
				{larger, func(i int) int64 { return max(a[i], b[i]) }},
				{smaller, func(i int) int64 { return min(a[i], b[i]) }},
				{size, func(i int) int64 { return max(a[i], -a[i]) }},
			} {
				opened, err := e.Open(ctx, z.v, everyone...)
				require.NoError(t, err)
				for i, v := range opened {
					require.Equal(t, z.want(i), v, "%d and %d", a[i], b[i])
				}
			}
			below, err := e.OpenBits(ctx, negative, everyone...)
			require.NoError(t, err)
			for i, v := range below {
				require.Equal(t, a[i] < 0, v)
			}
			sums, err := x.Prefix()
			if r.Max > 1<<60 {
				require.ErrorContains(t, err, "64 bits")
				return nil
			}
			require.NoError(t, err)
			opened, err := e.Open(ctx, sums, 2)
			sum := int64(0)
			for i, v := range opened {
				sum += a[i]
				require.Equal(t, sum, v)
			}
			return err
		}))
	}
}

// TestDecompose takes numbers apart and puts them together.
func TestDecompose(t *testing.T) {
	r := Range{-5, 1 << 33}
	for _, n := range lengths {
		a := numbers(1, n, r)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, r, e.mine(0, a))
			require.NoError(t, err)
			before := e.Stats().Rounds
			digits, err := e.Decompose(ctx, x)
			require.NoError(t, err)
			require.Len(t, digits, 35)
			require.Equal(t, before+8, e.Stats().Rounds)
			opened, err := e.OpenBits(ctx, digits[34], everyone...)
			require.NoError(t, err)
			for i, v := range opened {
				require.Equal(t, a[i] < 0, v)
			}
			before = e.Stats().Rounds
			z, err := e.Compose(ctx, digits[:34])
			require.NoError(t, err)
			require.Equal(t, before+2, e.Stats().Rounds)
			require.Equal(t, Range{0, 1<<34 - 1}, z.Range())
			numbers, err := e.Open(ctx, z, everyone...)
			require.NoError(t, err)
			for i, v := range numbers {
				require.Equal(t, a[i]&(1<<34-1), v)
			}
			for _, err := range []error{
				second(e.Compose(ctx, nil)),
				second(e.Compose(ctx, make([]*Bits, 2))),
				second(e.Compose(ctx, append(digits, digits...))),
				second(e.Decompose(ctx, nil)),
				second(e.RandomBits(ctx, -1)),
				second(e.Negative(ctx, nil)),
				second(e.Abs(ctx, nil)),
				second(new(Vec).Prefix()),
				second(Concat()),
				second(Concat(x, nil)),
			} {
				require.Error(t, err)
			}
			return nil
		}))
	}
}

// TestRandomBits opens as many ones as zeros: that eight standard deviations of 128 are
// missing has a probability below 10^-14.
func TestRandomBits(t *testing.T) {
	const n = 1 << 16
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		a, err := e.RandomBits(ctx, n)
		require.NoError(t, err)
		b, err := e.RandomBits(ctx, n)
		require.NoError(t, err)
		for _, v := range []*Bits{a, b} {
			opened, err := e.party.RevealBits(v.share, []bool{true, true, true})
			require.NoError(t, err)
			ones := 0
			for _, w := range opened {
				ones += bits.OnesCount64(w)
			}
			require.InDelta(t, n/2, ones, 8*128)
		}
		same, err := a.Xor(b)
		require.NoError(t, err)
		opened, err := e.OpenBits(ctx, same, 0)
		require.Equal(t, e.Self() == 0, opened != nil)
		return err
	}))
}
