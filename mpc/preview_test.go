package mpc

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// TestPreview compares what a preview says with what a run costs, at every party, over
// operations of all kinds and messages of all lengths.
func TestPreview(t *testing.T) {
	cfg := &Config{Adversary: SemiHonest}
	for _, n := range []int{0, 3, 1000, 1<<13 + 1} {
		work := func(ctx context.Context, e *Engine) error {
			r := Range{5, 1000}
			x, err := e.Input(ctx, 1, n, r, e.mine(1, numbers(1, n, r)))
			if err != nil {
				return err
			}
			s, err := e.Shares(x, [share.IDSize]byte{1})
			if err != nil {
				return err
			}
			if x, err = e.InputShares(ctx, s, r); err != nil {
				return err
			}
			y, err := e.Mul(ctx, x, x)
			if err != nil {
				return err
			}
			if _, err = e.Dot(ctx, x, y); err != nil {
				return err
			}
			if _, err = e.MatMul(ctx, n, 1, 1, x, y.first(n)); err != nil {
				return err
			}
			root, err := e.Sqrt(ctx, x, 10)
			if err != nil {
				return err
			}
			if _, err = e.OpenFixed(ctx, root, 2); err != nil {
				return err
			}
			larger, err := e.Max(ctx, x, y)
			if err != nil {
				return err
			}
			digits, err := e.Decompose(ctx, larger)
			if err != nil {
				return err
			}
			if _, err = e.OpenBits(ctx, digits[0], 0, 1); err != nil {
				return err
			}
			opened, err := e.Open(ctx, larger, 0)
			if err == nil && e.Self() == 0 && len(opened) != n {
				t.Error("of another length")
			}
			return err
		}
		var expected [parties]Stats
		for i := range expected {
			var err error
			expected[i], err = Preview(i, parties, cfg, func(e *Engine) error { return work(t.Context(), e) })
			require.NoError(t, err)
		}
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			before := e.Stats()
			if err := work(ctx, e); err != nil {
				return err
			}
			after := e.Stats()
			require.Equal(t, expected[e.Self()], Stats{
				Sent:     after.Sent - before.Sent,
				Received: after.Received - before.Received,
				Rounds:   after.Rounds - before.Rounds,
			}, "%d elements, party %d", n, e.Self())
			return nil
		}))
	}
	for _, err := range []error{
		second(Preview(0, parties, nil, nil)),
		second(Preview(3, parties, cfg, nil)),
		second(Preview(0, 17, cfg, nil)),
	} {
		require.Error(t, err)
	}
	failed := context.Canceled
	_, err := Preview(0, parties, cfg, func(*Engine) error { return failed })
	require.Equal(t, failed, err)
}

// first returns the first element of v, or v if n is zero.
func (v *Vec) first(n int) *Vec {
	if n == 0 {
		return v.engine.vec(v.r, 0, 1)
	}
	z, err := v.Slice(0, 1)
	if err != nil {
		panic(err)
	}
	return z
}
