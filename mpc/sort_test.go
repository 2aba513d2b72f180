package mpc

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// TestSort compares sorting with that of Go, by keys of all ranges, and looks whether equal
// keys stay in their order.
func TestSort(t *testing.T) {
	for _, r := range []Range{{0, 9}, {-3, 5}, {7, 7}, {-1 << 31, 1<<31 - 1}, {math.MinInt64, math.MaxInt64}} {
		for _, n := range []int{0, 1, 65, 500} {
			if r.Min == r.Max && n > 1 {
				continue
			}
			var keys []int64
			if keys = make([]int64, n); r.Min < r.Max {
				keys = numbers(1, n, r)
			} else {
				for i := range keys {
					keys[i] = r.Min
				}
			}
			rows := make([]int64, n)
			for i := range rows {
				rows[i] = int64(i)
			}
			want := slices.Clone(rows)
			slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[a], keys[b]) })
			none(t, run(t, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, n, r, e.mine(0, keys))
				require.NoError(t, err)
				y, err := e.Input(ctx, 1, n, Range{0, 1000}, e.mine(1, rows))
				require.NoError(t, err)
				sorted, err := e.Sort(ctx, x, x, y)
				require.NoError(t, err)
				require.Len(t, sorted, 2)
				require.Equal(t, r, sorted[0].Range())
				opened, err := e.Open(ctx, sorted[1], everyone...)
				require.NoError(t, err)
				require.Equal(t, want, opened)
				opened, err = e.Open(ctx, sorted[0], everyone...)
				for i, k := range opened {
					require.Equal(t, keys[want[i]], k)
				}
				return err
			}))
		}
	}
}

// TestShuffle shuffles two columns together.
func TestShuffle(t *testing.T) {
	r := Range{-5, 100}
	for _, n := range []int{0, 1, 200} {
		a := numbers(1, n, r)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, r, e.mine(0, a))
			require.NoError(t, err)
			y, err := x.Scale(3)
			require.NoError(t, err)
			before := e.Stats().Rounds
			z, err := e.Shuffle(ctx, x, y)
			require.NoError(t, err)
			require.Equal(t, before+2, e.Stats().Rounds)
			first, err := e.Open(ctx, z[0], everyone...)
			require.NoError(t, err)
			second, err := e.Open(ctx, z[1], everyone...)
			require.NoError(t, err)
			for i := range first {
				require.Equal(t, 3*first[i], second[i])
			}
			if n > 1 {
				require.NotEqual(t, a, first) // but with a probability below 10^-100
			}
			require.ElementsMatch(t, a, first)
			return nil
		}))
	}
}

// TestSortCosts holds what Sort and Shuffle say that they cost.
func TestSortCosts(t *testing.T) {
	const n = 1 << 13
	ctx := context.Background()
	for self := range parties {
		shuffled, err := Preview(self, parties, &Config{Adversary: SemiHonest}, func(e *Engine) error {
			return second(e.Shuffle(ctx, e.vec(Range{0, 1}, 0, n)))
		})
		require.NoError(t, err)
		require.InDelta(t, []float64{8, 16, 8}[self], float64(shuffled.Sent)/n, 0.1)
		require.Equal(t, 2, shuffled.Rounds)
		var sorted [2]Stats
		for i, high := range []int64{1<<30 - 1, 1<<32 - 1} {
			sorted[i], err = Preview(self, parties, &Config{Adversary: SemiHonest}, func(e *Engine) error {
				x := e.vec(Range{0, high}, 0, n)
				return second(e.Sort(ctx, x, x))
			})
			require.NoError(t, err)
		}
		// Two more bits of Decompose are among the difference.
		require.Less(t, float64(sorted[1].Sent-sorted[0].Sent)/n, 46.5)
		require.Equal(t, 7, sorted[1].Rounds-sorted[0].Rounds)
		require.InDelta(t, []float64{679, 751, 547}[self], float64(sorted[1].Sent)/n, 1)
		require.Equal(t, 124, sorted[1].Rounds)
	}
}

// TestSortPreview compares a preview with a run, and tries what cannot be sorted.
func TestSortPreview(t *testing.T) {
	r := Range{-4, 1 << 33}
	work := func(ctx context.Context, e *Engine) error {
		x := e.vec(r, 0, 77)
		return second(e.Sort(ctx, x, x))
	}
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		want, err := Preview(e.Self(), parties, &Config{Adversary: SemiHonest}, func(e *Engine) error { return work(ctx, e) })
		require.NoError(t, err)
		before := e.Stats()
		require.NoError(t, work(ctx, e))
		after := e.Stats()
		require.Equal(t, want, Stats{Sent: after.Sent - before.Sent, Received: after.Received - before.Received, Rounds: after.Rounds - before.Rounds})
		x, y := e.vec(r, 0, 2), e.vec(r, 0, 3)
		for _, err := range []error{
			second(e.Sort(ctx, x, y)),
			second(e.Sort(ctx, nil)),
			second(e.Shuffle(ctx, x, y)),
			second(e.Shuffle(ctx, nil)),
		} {
			require.Error(t, err)
		}
		// A protocol without orders refuses.
		party := e.party
		e.party = struct{ engine.Party }{party}
		for _, err := range []error{
			second(e.Sort(ctx, x)),
			second(e.Shuffle(ctx, x)),
			second(e.Group(ctx, x)),
			second(e.Compact(ctx, e.bits(2), x)),
		} {
			require.ErrorContains(t, err, "three semi-honest parties")
		}
		e.party = party
		return nil
	}))
}

func BenchmarkSort(b *testing.B) {
	benchmark(b, 1_000_000, Range{0, 1<<32 - 1}, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Sort(ctx, x, x))
	})
}
