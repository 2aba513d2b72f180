package mpc

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// edges are numbers of r around its ends, zero and powers of two.
func edges(r Range) (v []int64) {
	for _, x := range []int64{r.Min, r.Min + 1, -1 << 40, -2, -1, 0, 1, 2, 1<<31 - 1, 1 << 32, r.Max - 1, r.Max} {
		if x >= r.Min && x <= r.Max {
			v = append(v, x)
		}
	}
	return v
}

// pairs returns every pair of edges, and random ones, of which some are equal or
// next to each other: n pairs in all.
func pairs(n int, r Range) (a, b []int64) {
	for _, x := range edges(r) {
		for _, y := range edges(r) {
			a, b = append(a, x), append(b, y)
		}
	}
	if n < len(a) {
		return a[:n], b[:n]
	}
	a = append(a, numbers(3, n-len(a), r)...)
	more := numbers(4, n-len(b), r)
	for i := range more {
		switch x := a[len(b)+i]; i % 4 {
		case 0:
			more[i] = x
		case 1:
			more[i] = max(x-1, r.Min)
		case 2:
			more[i] = min(x+1, r.Max)
		}
	}
	return a, append(b, more...)
}

// TestComparisons compares Less, Equal and Select with Go, and their rounds and bytes
// with the package comment.
func TestComparisons(t *testing.T) {
	wide := Range{-1 << 62, 1<<62 - 1}
	for _, n := range lengths {
		a, b := pairs(n, wide)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, wide, e.mine(0, a))
			require.NoError(t, err)
			y, err := e.Input(ctx, 1, n, wide, e.mine(1, b))
			require.NoError(t, err)

			before := e.Stats()
			less, err := e.Less(ctx, x, y)
			require.NoError(t, err)
			cost := e.Stats()
			require.Equal(t, before.Rounds+8, cost.Rounds)
			if n == 1000 { // of 16 words, and messages of 5 bytes more
				require.LessOrEqual(t, cost.Sent-before.Sent, uint64(31*1024+14*5))
			}
			equal, err := e.Equal(ctx, x, y)
			require.NoError(t, err)
			require.Equal(t, cost.Rounds+7, e.Stats().Rounds)
			if n == 1000 {
				require.LessOrEqual(t, e.Stats().Sent-cost.Sent, uint64(16*1024+7*5))
			}
			before = e.Stats()
			smaller, err := e.Select(ctx, less, x, y)
			require.NoError(t, err)
			require.Equal(t, before.Rounds+3, e.Stats().Rounds)
			ones, err := e.Numbers(ctx, equal)
			require.NoError(t, err)
			require.Equal(t, before.Rounds+5, e.Stats().Rounds)
			neither, err := equal.Not()
			require.NoError(t, err)
			more, err := less.Not()
			require.NoError(t, err)
			greater, err := e.And(ctx, neither, more)
			require.NoError(t, err)
			either, err := less.Xor(greater)
			require.NoError(t, err)

			openedLess, err := e.OpenBits(ctx, less, 0, 1, 2)
			require.NoError(t, err)
			openedEqual, err := e.OpenBits(ctx, equal, 0, 1, 2)
			require.NoError(t, err)
			openedEither, err := e.OpenBits(ctx, either, 0, 1, 2)
			require.NoError(t, err)
			openedSmaller, err := e.Open(ctx, smaller, 0, 1, 2)
			require.NoError(t, err)
			openedOnes, err := e.Open(ctx, ones, 0, 1, 2)
			require.NoError(t, err)
			require.Len(t, openedLess, n)
			for i := range n {
				require.Equal(t, a[i] < b[i], openedLess[i], "%d < %d", a[i], b[i])
				require.Equal(t, a[i] == b[i], openedEqual[i], "%d = %d", a[i], b[i])
				require.Equal(t, a[i] != b[i], openedEither[i])
				require.Equal(t, min(a[i], b[i]), openedSmaller[i])
				require.Equal(t, a[i] == b[i], openedOnes[i] == 1)
			}
			return nil
		}))
	}
}

// TestComparisonRanges lets Equal and Select have all ranges, and Less refuse those
// whose difference overflows.
func TestComparisonRanges(t *testing.T) {
	all := Range{math.MinInt64, math.MaxInt64}
	a, b := pairs(200, all)
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 2, len(a), all, e.mine(2, a))
		require.NoError(t, err)
		y, err := e.Input(ctx, 1, len(b), all, e.mine(1, b))
		require.NoError(t, err)
		_, err = e.Less(ctx, x, y)
		require.ErrorContains(t, err, "64 bits")
		_, err = e.Less(ctx, x, nil)
		require.ErrorIs(t, err, errMixed)
		equal, err := e.Equal(ctx, x, y)
		require.NoError(t, err)
		chosen, err := e.Select(ctx, equal, y, x)
		require.NoError(t, err)
		opened, err := e.Open(ctx, chosen, 0, 1, 2)
		require.NoError(t, err)
		require.Equal(t, a, opened)
		bits, err := e.OpenBits(ctx, equal, 1)
		require.NoError(t, err)
		require.Equal(t, e.Self() == 1, bits != nil)
		for i, bit := range bits {
			require.Equal(t, a[i] == b[i], bit)
		}
		short, err := x.Slice(0, 1)
		require.NoError(t, err)
		for _, err := range []error{
			second(e.Equal(ctx, x, short)),
			second(e.Select(ctx, equal, short, short)),
			second(e.Select(ctx, nil, x, x)),
			second(e.And(ctx, equal, new(Bits))),
			second(e.And(ctx, equal, e.bits(3))),
			second(e.Numbers(ctx, nil)),
			second(e.OpenBits(ctx, equal)),
			second(new(Bits).Not()),
		} {
			require.Error(t, err)
		}
		return nil
	}))
}

func TestBitsAreNotPrinted(t *testing.T) {
	b := &Bits{n: 3, share: engine.Vec{Parts: [][]uint64{{77777}}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.Equal(t, "mpc.Bits(3)", fmt.Sprintf(verb, b))
		require.Equal(t, "mpc.Bits(3)", fmt.Sprintf(verb, *b))
	}
	require.Equal(t, "mpc.Bits(3)", b.LogValue().String())
}

// TestComparisonMasks holds that what a party is left with of a comparison is
// uniform, though the secrets are all zero: of 64·1024 bits half are ones; that more
// than eight standard deviations of 128 are missing has a probability below 10^-14.
func TestComparisonMasks(t *testing.T) {
	const n = 1 << 16
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, n, Range{0, 1}, e.mine(0, make([]int64, n)))
		require.NoError(t, err)
		for _, f := range []func(context.Context, *Vec, *Vec) (*Bits, error){e.Less, e.Equal} {
			b, err := f(ctx, x, x)
			require.NoError(t, err)
			for _, part := range b.share.Parts {
				ones := 0
				for _, word := range part {
					ones += bits.OnesCount64(word)
				}
				require.InDelta(t, n/2, ones, 8*128)
			}
		}
		return nil
	}))
}
