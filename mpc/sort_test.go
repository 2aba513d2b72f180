package mpc

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSort compares sorting with that of Go, by keys of all ranges, and looks whether equal
// keys stay in their order.
func TestSort(t *testing.T) {
	for _, r := range []Range{
		{0, 9}, {-3, 5}, {7, 7}, {-1 << 31, 1<<31 - 1}, {math.MinInt64, math.MaxInt64},
		{0, 1}, {-1, 0}, {-2, -1}, {math.MinInt64, math.MinInt64 + 1}, {math.MaxInt64 - 1, math.MaxInt64}, {1, math.MaxInt64},
	} {
		for _, n := range []int{0, 1, 65, 500} {
			if r.Min == r.Max && n > 1 || r.Max-r.Min == 1 && n > 65 {
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
		// Of 10^6 elements, three more passes move records of 64 bits, and these are 655,
		// 703 and 523.
		require.InDelta(t, []float64{643, 679, 511}[self], float64(sorted[1].Sent)/n, 1)
		require.Equal(t, 124, sorted[1].Rounds)
	}
}

// TestMaliciousSortCosts holds what they say that they cost three malicious parties.
func TestMaliciousSortCosts(t *testing.T) {
	ctx := t.Context()
	for self := range parties {
		for _, n := range []int{1 << 10, 1 << 14} {
			cost := func(f func(e *Engine) error) (sent float64, rounds int) {
				s, err := Preview(self, parties, &Config{Adversary: Malicious}, f)
				require.NoError(t, err)
				return float64(s.Sent) / float64(n), s.Rounds
			}
			sent, rounds := cost(func(e *Engine) error { return second(e.Shuffle(ctx, e.vec(Range{0, 1}, 0, n))) })
			require.InDelta(t, 32, sent, 0.2)
			require.Equal(t, 3, rounds)
			// What opens a bit pays for the check.
			three := func(e *Engine) []*Vec { return slices.Repeat([]*Vec{e.vec(Range{0, 1}, 0, n)}, 3) }
			moved, _ := cost(func(e *Engine) error { return second(e.Shuffle(ctx, three(e)...)) })
			checked, _ := cost(func(e *Engine) error {
				v, err := e.Shuffle(ctx, three(e)...)
				if err != nil {
					return err
				}
				first, err := v[0].Slice(0, 1)
				if err != nil {
					return err
				}
				return second(e.Open(ctx, first, 0, 1, 2))
			})
			require.InDelta(t, 16, checked-moved, 1)
			sent, rounds = cost(func(e *Engine) error {
				x := e.vec(Range{0, 1<<32 - 1}, 0, n)
				return second(e.Sort(ctx, x, x))
			})
			require.InDelta(t, 5100, sent, 50)
			require.Equal(t, 314, rounds)
		}
	}
}

// TestDealtSortCosts holds what Sort, Shuffle and Compact say that they cost two parties with a dealer.
func TestDealtSortCosts(t *testing.T) {
	ctx := t.Context()
	cfg := &Config{Adversary: SemiHonest, Triples: Dealer{}}
	for self := range 2 {
		cost := func(n int, f func(e *Engine) error) (sent, received float64, rounds int) {
			s, err := Preview(self, 2, cfg, f)
			require.NoError(t, err)
			return float64(s.Sent) / float64(n), float64(s.Received) / float64(n), s.Rounds
		}
		var all []int
		for _, n := range []int{1 << 10, 1 << 13, 1 << 15} {
			sent, received, rounds := cost(n, func(e *Engine) error { return second(e.Shuffle(ctx, e.vec(Range{0, 1}, 0, n))) })
			require.InDelta(t, 8, sent, 0.1)
			require.InDelta(t, []float64{8, 24}[self], received, 0.1)
			require.Equal(t, 2, rounds)
			_, _, rounds = cost(n, func(e *Engine) error { return second(e.Compact(ctx, e.bits(n), e.vec(Range{0, 1}, 0, n))) })
			require.Equal(t, 5, rounds)
			var sends, receives [3]float64
			for i, high := range []int64{1<<30 - 1, 1<<31 - 1, 1<<32 - 1} {
				sends[i], receives[i], rounds = cost(n, func(e *Engine) error {
					x := e.vec(Range{0, high}, 0, n)
					return second(e.Sort(ctx, x, x))
				})
				all = append(all, rounds)
			}
			// Two more bits of Decompose are among the difference.
			require.InDelta(t, 89, sends[2]-sends[0], 4)
			if n == 1<<15 { // few triples are made with others
				require.InDelta(t, []float64{89, 89 + 80}[self], receives[2]-receives[0], 10)
				require.InDelta(t, 1474, sends[2], 2)
			}
		}
		require.Equal(t, []int{99, 104, 105, 99, 104, 105, 99, 104, 105}, all)
	}
}

// TestPreparedSort prepares what [Demand] says that a sort takes of shuffles, and one more, which
// is left: a sort needs no other ones then.
func TestPreparedSort(t *testing.T) {
	const n = 70
	p := protocols["two and a dealer"]
	for _, c := range []struct {
		bits int
		wide int // passes before keys and row numbers fit in a word
	}{{1, 0}, {2, 0}, {3, 0}, {32, 0}, {59, 0}, {60, 1}, {61, 1}, {63, 2}} {
		r := Range{-5, -5 + 1<<c.bits - 1}
		keys := numbers(uint64(c.bits), n, r)
		want := slices.Sorted(slices.Values(keys))
		for _, err := range runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, r, e.mine(0, keys))
			require.NoError(t, err)
			type shuffle = struct{ Rows, Numbers, Words int }
			d := Demand{Shuffles: []shuffle{{n, 2, 0}, {n, 1, 0}, {n, 9, 9}}}
			if c.bits > 2 {
				for pass := range (c.bits + 1) / 2 {
					words := 1
					if pass < c.wide {
						words = 2
					}
					d.Shuffles = append(d.Shuffles, shuffle{n, 1, words})
				}
			}
			require.NoError(t, e.Prepare(ctx, d))
			sorted, err := e.Sort(ctx, x, x)
			require.NoError(t, err)
			_, err = e.Shuffle(ctx, x)
			require.NoError(t, err)
			left, err := e.Leftover()
			require.NoError(t, err)
			require.Equal(t, []shuffle{{n, 9, 9}}, left.Left().Shuffles, "%d bits", c.bits)
			opened, err := e.Open(ctx, sorted[0], 0, 1)
			require.Equal(t, want, opened)
			return err
		}) {
			require.NoError(t, err)
		}
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
		return nil
	}))
}

// TestSortLengths sorts, shuffles, compacts and groups with all protocols, by few keys of all
// ranges.
func TestSortLengths(t *testing.T) {
	ctx := context.Background()
	for name, p := range protocols {
		if name == "five" {
			continue // as with four, at three times the cost
		}
		t.Run(name, func(t *testing.T) {
			errs := runAll(t, p.parties, p.config, func(_ context.Context, e *Engine) error {
				all := make([]int, e.Parties())
				for i := range all {
					all[i] = i
				}
				wide := Range{-1 << 58, 1<<58 - 1}
				for _, c := range []struct {
					n int
					r Range
				}{{0, wide}, {1, wide}, {2, wide}, {3, Range{-1 << 60, 1<<60 - 2}}, {7, Range{-2, 2}}, {13, wide}, {5, Range{7, 8}}} {
					if p.parties > 3 && c.n > 7 {
						continue // comparisons are dear there
					}
					keys, rows := numbers(uint64(c.n), c.n, c.r), make([]int64, c.n)
					for i := range rows {
						rows[i] = int64(i)
					}
					want := slices.Clone(rows)
					slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[a], keys[b]) })
					x, err := e.Input(ctx, 0, c.n, c.r, e.mine(0, keys))
					require.NoError(t, err)
					y, err := e.Input(ctx, 1, c.n, Range{0, 100}, e.mine(1, rows))
					require.NoError(t, err)
					sorted, err := e.Sort(ctx, x, x, y)
					require.NoError(t, err)
					for i, v := range sorted {
						opened, err := e.Open(ctx, v, all...)
						require.NoError(t, err)
						for j, row := range want {
							require.Equal(t, []int64{keys[row], row}[i], opened[j])
						}
					}
				}
				r := Range{-3, 3}
				x, err := e.Input(ctx, 0, 6, r, e.mine(0, []int64{2, -1, 2, 0, -3, 2}))
				require.NoError(t, err)
				shuffled, err := e.Shuffle(ctx, x)
				require.NoError(t, err)
				opened, err := e.Open(ctx, shuffled[0], all...)
				require.NoError(t, err)
				require.ElementsMatch(t, []int64{2, -1, 2, 0, -3, 2}, opened)
				keep, err := e.Negative(ctx, x)
				require.NoError(t, err)
				compact, err := e.Compact(ctx, keep, x)
				require.NoError(t, err)
				opened, err = e.Open(ctx, compact[0], all...)
				require.NoError(t, err)
				require.Equal(t, []int64{-1, -3, 2, 2, 0, 2}, opened)
				groups, err := e.Group(ctx, x, x)
				require.NoError(t, err)
				for _, c := range []struct {
					want []int64
					v    *Vec
				}{
					{[]int64{-3, -1, 0, 2, 0, 0}, groups.Keys},
					{[]int64{1, 1, 1, 1, 0, 0}, groups.Used},
					{[]int64{1, 1, 1, 3, 0, 0}, groups.Counts},
					{[]int64{-3, -1, 0, 6, 0, 0}, groups.Sums[0]},
				} {
					opened, err := e.Open(ctx, c.v, all...)
					require.NoError(t, err)
					require.Equal(t, c.want, opened)
				}
				return nil
			})
			for _, err := range errs {
				require.NoError(t, err)
			}
		})
	}
}

func BenchmarkSort(b *testing.B) {
	benchmark(b, 1_000_000, Range{0, 1<<32 - 1}, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Sort(ctx, x, x))
	})
}

// BenchmarkSortMalicious reports the bytes that party 0 sends for each element, too.
func BenchmarkSortMalicious(b *testing.B) {
	const n = 1 << 18
	benchmarkAgainst(b, Malicious, n, Range{0, 1<<32 - 1}, func(ctx context.Context, e *Engine, x, y *Vec) error {
		before := e.Stats()
		err := second(e.Sort(ctx, x, x))
		if e.Self() == 0 {
			b.ReportMetric(float64(e.Stats().Sent-before.Sent)/n, "B/element")
			b.ReportMetric(float64(e.Stats().Rounds-before.Rounds), "rounds")
		}
		return err
	})
}
