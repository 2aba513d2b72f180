package mpc

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/internal/two"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// previewed has operations of all kinds, of n elements, and openings to some.
func previewed(ctx context.Context, e *Engine, n int) error {
	r := Range{5, 1000}
	if err := e.Prepare(ctx, Demand{Products: n, Words: 3}); err != nil {
		return err
	}
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
	if e.Parties() <= 3 {
		root, err := e.Sqrt(ctx, x, 10)
		if err != nil {
			return err
		}
		if _, err = e.OpenFixed(ctx, root, 1); err != nil {
			return err
		}
	}
	halved, err := x.Halve(3)
	if err != nil {
		return err
	}
	if _, err = e.Truncate(ctx, halved, 1); err != nil {
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
	if _, err = e.RandomBits(ctx, n); err != nil {
		return err
	}
	few, err := larger.Slice(0, min(n, 3))
	if err != nil {
		return err
	}
	if _, err = e.Sort(ctx, few, few); err != nil {
		return err
	}
	if _, err = e.OpenBits(ctx, digits[0], 0, 1); err != nil {
		return err
	}
	opened, err := e.Open(ctx, larger, 0)
	if err == nil && e.Self() == 0 && len(opened) != n {
		return errors.New("of another length")
	}
	return err
}

// TestPreview compares what a preview says with what a run costs, at every party, over
// operations of all kinds and messages of all lengths, with every protocol that has one.
func TestPreview(t *testing.T) {
	for name, p := range protocols {
		if p.parties == 2 && !strings.Contains(name, "dealer") {
			continue
		}
		long := 1<<14 + 1
		if name != "three" {
			if long = 1<<12 + 1; testing.Short() {
				long = 130
			}
		}
		for _, n := range []int{0, 3, long} {
			expected := make([]Stats, p.parties)
			for i := range expected {
				cfg := p.config(i, nil)
				if cfg.Triples != nil {
					cfg.Triples = Dealer{}
				}
				var err error
				expected[i], err = Preview(i, p.parties, cfg, func(e *Engine) error { return previewed(t.Context(), e, n) })
				require.NoError(t, err, name)
			}
			errs := runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
				before := e.Stats()
				if err := previewed(ctx, e, n); err != nil {
					return err
				}
				after := e.Stats()
				require.Equal(t, expected[e.Self()], Stats{
					Sent:     after.Sent - before.Sent,
					Received: after.Received - before.Received,
					Rounds:   after.Rounds - before.Rounds,
				}, "%s, %d elements, party %d", name, n, e.Self())
				return nil
			})
			for i, err := range errs {
				require.NoError(t, err, "%s, party %d", name, i)
			}
		}
	}
}

// TestNoPreview are mistakes.
func TestNoPreview(t *testing.T) {
	cfg := &Config{Adversary: SemiHonest}
	for want, err := range map[string]error{
		"set Config.Adversary":    second(Preview(0, parties, nil, nil)),
		"party 3 of 3":            second(Preview(3, parties, cfg, nil)),
		"no protocol for 17":      second(Preview(0, 17, cfg, nil)),
		"the adversary Malicious": second(Preview(0, 4, &Config{Adversary: Malicious}, nil)),
		"set Config.Triples":      second(Preview(0, 2, cfg, nil)),
		"a Dealer":                second(Preview(0, 2, &Config{Adversary: SemiHonest, Triples: Encryption{}}, nil)),
		"for two parties":         second(Preview(0, parties, &Config{Adversary: SemiHonest, Triples: Dealer{}}, nil)),
		"never prepared":          second(Preview(0, 4, &Config{Adversary: SemiHonest, Stock: new(Stock)}, nil)),
		"and is not for 4":        second(Preview(0, 4, &Config{Adversary: SemiHonest, Stock: &Stock{new(two.Stock)}}, nil)),
		"and is not for 3":        second(Preview(0, 3, &Config{Adversary: SemiHonest, Stock: &Stock{new(many.Stock)}}, nil)),
		"and is not for 2":        second(Preview(0, 2, &Config{Adversary: SemiHonest, Triples: Dealer{}, Stock: &Stock{new(many.Stock)}}, nil)),
		"two: the stock is in":    second(Preview(0, 2, &Config{Adversary: SemiHonest, Triples: Dealer{}, Stock: &Stock{new(two.Stock)}}, nil)),
		"many: the stock is in":   second(Preview(0, 4, &Config{Adversary: SemiHonest, Stock: &Stock{new(many.Stock)}}, nil)),
	} {
		require.ErrorContains(t, err, want)
	}
	_, err := Preview(0, parties, cfg, func(*Engine) error { return io.ErrNoProgress })
	require.Equal(t, io.ErrNoProgress, err)

	// A context that ends, and an f that closes its engine, are no harm.
	for name, p := range protocols {
		cfg := p.config(0, nil)
		if cfg.Triples != nil {
			cfg.Triples = Dealer{}
		}
		reason := errors.New("the user pressed a key")
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := Preview(0, p.parties, cfg, func(e *Engine) error {
			_, err := e.RandomBits(ctx, 3)
			require.NoError(t, err, name)
			cancel(reason)
			_, err = e.RandomBits(ctx, 3)
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorIs(t, err, reason, name)
			return nil
		})
		require.NoError(t, err, name)
		_, err = Preview(0, p.parties, cfg, func(e *Engine) error { return e.Close(nil) })
		require.NoError(t, err, name)
	}
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

// TestPreviewTellsNothing opens and shares what nobody computed: it is what the comment of
// Preview says, and not what memory had before.
func TestPreviewTellsNothing(t *testing.T) {
	const n = 1<<12 + 1 // so long that memory is not cleared
	for name, p := range protocols {
		cfg := p.config(0, nil)
		if cfg.Triples != nil {
			cfg.Triples = Dealer{}
		}
		_, err := Preview(0, p.parties, cfg, func(e *Engine) error {
			ctx := t.Context()
			x, err := e.Input(ctx, 1, n, Range{3, 9}, nil)
			require.NoError(t, err)
			y, err := e.Mul(ctx, x, x)
			require.NoError(t, err)
			values, err := e.Open(ctx, y, 0)
			require.NoError(t, err)
			for _, v := range values {
				require.Equal(t, int64(9), v, name)
			}
			b, err := e.RandomBits(ctx, 64*n)
			require.NoError(t, err)
			c, err := b.Not()
			require.NoError(t, err)
			for _, b := range []*Bits{b, c} {
				bits, err := e.OpenBits(ctx, b, 0)
				require.NoError(t, err)
				require.Len(t, bits, 64*n)
				require.False(t, slices.Contains(bits, true), name)
			}
			bits, err := e.OpenBits(ctx, b, 1)
			require.NoError(t, err)
			require.Nil(t, bits, name)
			s, err := e.Shares(y, [share.IDSize]byte{1})
			require.NoError(t, err)
			for _, part := range s.Parts() {
				require.Equal(t, make([]uint64, n), part, name)
			}
			if p.parties != 3 {
				require.NoError(t, e.Prepare(ctx, Demand{Products: n, Comparisons: n}))
				left, err := e.Leftover()
				require.NoError(t, err)
				require.Empty(t, left.Left())
				require.Error(t, left.Save(filepath.Join(t.TempDir(), "stock")))
			}
			return nil
		})
		require.NoError(t, err, name)
	}
}
