package mpc

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithin declares ranges: what can be multiplied then, what is refused, and what does not
// hold, which an opening finds.
func TestWithin(t *testing.T) {
	for _, err := range run(t, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, 2, Range{-1 << 40, 1 << 40}, e.mine(0, []int64{3, -4}))
		require.NoError(t, err)
		_, err = e.Mul(ctx, x, x)
		require.Error(t, err)
		_, err = x.Within(Range{2, 1})
		require.Error(t, err)
		_, err = (*Vec)(nil).Within(Range{1, 2})
		require.Error(t, err)
		_, err = x.Within(Range{math.MinInt64, math.MaxInt64})
		require.NoError(t, err)
		small, err := x.Within(Range{-4, 3})
		require.NoError(t, err)
		square, err := e.Mul(ctx, small, small)
		require.NoError(t, err)
		require.Equal(t, Range{-12, 16}, square.Range())
		values, err := e.Open(ctx, square, 0, 1, 2)
		require.NoError(t, err)
		require.Equal(t, []int64{9, 16}, values)
		require.Equal(t, Range{-1 << 40, 1 << 40}, x.Range())
		wrong, err := x.Within(Range{0, 9})
		require.NoError(t, err)
		_, err = e.Open(ctx, wrong, 0, 1, 2)
		require.ErrorContains(t, err, "is not in 0..9")
		return nil
	}) {
		require.ErrorContains(t, err, "is not in 0..9")
	}
}
