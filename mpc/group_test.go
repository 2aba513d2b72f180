package mpc

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGroup compares groups with those that Go makes, with keys that are mostly equal, all
// equal and all different.
func TestGroup(t *testing.T) {
	for _, r := range []Range{{-2, 3}, {5, 5}, {-1 << 40, 1 << 40}} {
		for _, n := range []int{0, 1, 64, 65, 300} {
			keys := make([]int64, n)
			if r.Min < r.Max {
				keys = numbers(1, n, r)
			} else {
				for i := range keys {
					keys[i] = r.Min
				}
			}
			wages := numbers(2, n, Range{-100, 1000})
			counts, sums := make(map[int64]int64), make(map[int64]int64)
			for i, k := range keys {
				counts[k]++
				sums[k] += wages[i]
			}
			none(t, run(t, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, n, r, e.mine(0, keys))
				require.NoError(t, err)
				y, err := e.Input(ctx, 1, n, Range{-100, 1000}, e.mine(1, wages))
				require.NoError(t, err)
				groups, err := e.Group(ctx, x, y)
				require.NoError(t, err)
				opened := make([][]int64, 4)
				for i, v := range []*Vec{groups.Keys, groups.Used, groups.Counts, groups.Sums[0]} {
					opened[i], err = e.Open(ctx, v, everyone...)
					require.NoError(t, err)
					require.Len(t, opened[i], n)
				}
				want := make([][]int64, 4)
				for _, k := range slices.Sorted(maps.Keys(counts)) {
					for i, v := range []int64{k, 1, counts[k], sums[k]} {
						want[i] = append(want[i], v)
					}
				}
				for i := range want {
					for len(want[i]) < n {
						want[i] = append(want[i], 0)
					}
					require.Equal(t, want[i], append([]int64(nil), opened[i]...))
				}
				return nil
			}))
		}
	}
}

// TestCompact moves the negative numbers to the front.
func TestCompact(t *testing.T) {
	r := Range{-5, 5}
	const n = 131
	a := numbers(1, n, r)
	var want []int64
	for _, negative := range []bool{true, false} {
		for _, x := range a {
			if x < 0 == negative {
				want = append(want, x)
			}
		}
	}
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, n, r, e.mine(0, a))
		require.NoError(t, err)
		keep, err := e.Negative(ctx, x)
		require.NoError(t, err)
		before := e.Stats()
		z, err := e.Compact(ctx, keep, x)
		require.NoError(t, err)
		require.Equal(t, 11, e.Stats().Rounds-before.Rounds)
		opened, err := e.Open(ctx, z[0], everyone...)
		require.Equal(t, want, opened)
		for _, err := range []error{
			second(e.Compact(ctx, nil, x)),
			second(e.Compact(ctx, e.bits(n+1), x)),
			second(e.Group(ctx, nil)),
			second(e.Group(ctx, x, e.vec(r, 0, n+1))),
		} {
			require.Error(t, err)
		}
		return err
	}))
}
