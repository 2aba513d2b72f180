package mpc

import (
	"cmp"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A sized keeps how long what is written to a stream is, message by message.
type sized struct {
	io.ReadWriteCloser
	lengths *[]int
}

func (s sized) Write(b []byte) (int, error) {
	*s.lengths = append(*s.lengths, len(b))
	return s.ReadWriteCloser.Write(b)
}

// sizes returns, for each party and each other one, the lengths of all messages of f.
func sizes(t *testing.T, f func(ctx context.Context, e *Engine) error) (lengths [parties][parties][]int) {
	synctest.Test(t, func(t *testing.T) {
		s := pipes()
		for i := range s {
			for j := range s[i] {
				if i != j {
					s[i][j] = sized{s[i][j].(io.ReadWriteCloser), &lengths[i][j]}
				}
			}
		}
		none(t, together(t.Context(), s, f))
	})
	return lengths
}

// A pairing is a test of Join: keys of both tables, with rows of numbers beside them.
type pairing struct {
	name        string
	r           Range
	left, right []int64
}

func pairings() []pairing {
	g := rand.New(rand.NewPCG(1, 7))
	some := func(n int, lo, hi int64) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = lo + g.Int64N(hi-lo+1)
		}
		return v
	}
	distinct := func(n int, lo int64) []int64 {
		v := make([]int64, n)
		for i, k := range g.Perm(2 * n)[:n] {
			v[i] = lo + int64(k)
		}
		return v
	}
	return []pairing{
		{"empty", Range{0, 5}, nil, nil},
		{"no left row", Range{0, 5}, nil, []int64{0, 3}},
		{"no right row", Range{0, 5}, []int64{0, 3}, nil},
		{"zero without a partner", Range{0, 5}, []int64{3}, []int64{0, 1, 5, 3}},
		{"one key", Range{7, 7}, []int64{7, 7}, []int64{7, 7, 7}},
		{"many to one", Range{-9, 9}, []int64{-9, 9, 0, 4}, some(65, -9, 9)},
		{"repeated on both sides", Range{-3, 3}, some(21, -3, 3), some(33, -3, 3)},
		{"one to one", Range{-10, 150}, distinct(67, -9), distinct(70, 0)},
		{"no pair", Range{0, 1000}, distinct(9, 0), distinct(11, 500)},
		{"wide", Range{-1 << 61, 1 << 61}, []int64{-1 << 61, 1 << 61, 5}, []int64{1 << 61, 4, -1 << 61, 5, 5}},
	}
}

// TestJoin compares joins with nested loops.
func TestJoin(t *testing.T) {
	rows := func(n int, r Range) []int64 { return numbers(uint64(n), n, r) }
	wages, ages := Range{-1 << 40, 1 << 50}, Range{3, 120}
	for _, p := range pairings() {
		n, m := len(p.left), len(p.right)
		wage, age := rows(n, wages), rows(m, ages)
		var want [4][]int64 // key, used, wage and age
		type match struct{ row, at int }
		var matches []match
		for i, k := range p.right {
			for row := n - 1; row >= 0; row-- {
				if p.left[row] == k {
					matches = append(matches, match{i, row})
					break
				}
			}
		}
		slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(p.right[a.row], p.right[b.row]) })
		for _, x := range matches {
			for i, v := range []int64{p.right[x.row], 1, wage[x.at], age[x.row]} {
				want[i] = append(want[i], v)
			}
		}
		for i := range want {
			want[i] = append(want[i], make([]int64, m-len(matches))...)
		}
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			left, err := e.Input(ctx, 0, n, p.r, e.mine(0, append([]int64{}, p.left...)))
			require.NoError(t, err)
			right, err := e.Input(ctx, 1, m, p.r, e.mine(1, append([]int64{}, p.right...)))
			require.NoError(t, err)
			x, err := e.Input(ctx, 0, n, wages, e.mine(0, wage))
			require.NoError(t, err)
			y, err := e.Input(ctx, 1, m, ages, e.mine(1, age))
			require.NoError(t, err)
			j, err := e.Join(ctx, left, []*Vec{x}, right, []*Vec{y})
			require.NoError(t, err, p.name)
			for i, v := range []*Vec{j.Keys, j.Used, j.Left[0], j.Right[0]} {
				opened, err := e.Open(ctx, v, everyone...)
				require.NoError(t, err, p.name)
				require.Equal(t, append([]int64{}, want[i]...), append([]int64{}, opened...), "%s, column %d", p.name, i)
			}
			return nil
		}))
	}
}

// TestJoinTables joins tables without columns beside the keys, of fixed-point keys and columns,
// and of different ranges, and refuses what is none.
func TestJoinTables(t *testing.T) {
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		left, err := e.InputFixed(ctx, 0, 3, 1, -2, 2, mineOf(e, 0, []float64{0.5, -2, 1}))
		require.NoError(t, err)
		right, err := e.InputFixed(ctx, 2, 4, 1, 0, 7, mineOf(e, 2, []float64{1, 7, 0.5, 1}))
		require.NoError(t, err)
		j, err := e.Join(ctx, left, nil, right, []*Vec{right})
		require.NoError(t, err)
		require.Empty(t, j.Left)
		for _, v := range []*Vec{j.Keys, j.Right[0]} {
			require.Equal(t, Range{0, 14}, v.Range())
			opened, err := e.OpenFixed(ctx, v, everyone...)
			require.NoError(t, err)
			require.Equal(t, []float64{0.5, 1, 1, 0}, opened)
		}
		whole, err := e.Input(ctx, 0, 1, Range{math.MinInt64, math.MaxInt64}, e.mine(0, []int64{1}))
		require.NoError(t, err)
		before := e.Stats()
		for name, err := range map[string]error{
			"nil":              second(e.Join(ctx, nil, nil, right, nil)),
			"other engine":     second(e.Join(ctx, left, nil, new(Vec), nil)),
			"left column":      second(e.Join(ctx, left, []*Vec{right}, right, nil)),
			"right column":     second(e.Join(ctx, left, nil, right, []*Vec{left})),
			"fractions":        second(e.Join(ctx, left, nil, whole, nil)),
			"range":            second(e.Join(ctx, whole, nil, whole, nil)),
			"no keys to top":   second(e.TopK(ctx, 1, nil, left)),
			"no columns":       second(e.TopK(ctx, 1, left)),
			"more than all":    second(e.TopK(ctx, 4, left, left)),
			"less than none":   second(e.TopK(ctx, -1, left, left)),
			"unequal columns":  second(e.TopK(ctx, 1, left, right)),
			"column elsewhere": second(e.TopK(ctx, 1, left, new(Vec))),
		} {
			require.Error(t, err, name)
		}
		require.Equal(t, before, e.Stats())
		return nil
	}))
}

// TestTopK compares the highest rows with sorted ones, of all ranges, and looks whether the
// first of equal keys are taken.
func TestTopK(t *testing.T) {
	for _, r := range []Range{{-2, 2}, {0, 1 << 20}, {math.MinInt64, math.MaxInt64}} {
		for _, n := range []int{0, 1, 65} {
			keys := numbers(3, n, r)
			rows := make([]int64, n)
			for i := range rows {
				rows[i] = int64(i)
			}
			want := slices.Clone(rows)
			slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[b], keys[a]) })
			none(t, run(t, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, n, r, e.mine(0, keys))
				require.NoError(t, err)
				y, err := e.Input(ctx, 1, n, Range{0, 100}, e.mine(1, rows))
				require.NoError(t, err)
				for _, k := range []int{0, n / 5, n} {
					top, err := e.TopK(ctx, k, x, x, y)
					require.NoError(t, err)
					require.Equal(t, r, top[0].Range())
					opened, err := e.Open(ctx, top[1], everyone...)
					require.NoError(t, err)
					require.Equal(t, want[:k], opened)
					opened, err = e.Open(ctx, top[0], everyone...)
					require.NoError(t, err)
					for i, key := range opened {
						require.Equal(t, keys[want[i]], key)
					}
				}
				return nil
			}))
		}
	}
}

// TestJoinCosts holds the rounds of Join and TopK, which do not depend on lengths, and the
// bytes that their comments and that of the package name.
func TestJoinCosts(t *testing.T) {
	ctx := context.Background()
	r := Range{0, 1<<31 - 2} // keys from one on have as many bits
	costs := func(self int, f func(e *Engine) error) Stats {
		s, err := Preview(self, parties, &Config{Adversary: SemiHonest}, f)
		require.NoError(t, err)
		return s
	}
	for self := range parties {
		for _, n := range []int{0, 1, 77, 1 << 13} {
			keys := func(e *Engine, n int) *Vec { return e.vec(r, 0, n) }
			joined := costs(self, func(e *Engine) error {
				return second(e.Join(ctx, keys(e, n), []*Vec{keys(e, n)}, keys(e, 2*n), []*Vec{keys(e, 2*n)}))
			})
			parts := costs(self, func(e *Engine) error {
				k, wide := keys(e, n), e.vec(Range{1, 1<<31 - 1}, 0, 3*n)
				if _, err := e.Sort(ctx, k, k, k); err != nil {
					return err
				}
				if _, err := e.Sort(ctx, wide, wide, wide, wide, wide); err != nil {
					return err
				}
				equal, err := e.Equal(ctx, wide, wide)
				if err != nil {
					return err
				}
				if _, err = e.Numbers(ctx, equal); err != nil {
					return err
				}
				if _, err = e.Compact(ctx, equal, wide, wide, wide, wide); err != nil {
					return err
				}
				product := e.vec(Range{0, 1}, 0, 3*2*n)
				return second(e.Mul(ctx, product, product))
			})
			require.Equal(t, parts, joined, n)
			require.Equal(t, 266, joined.Rounds)
			top := costs(self, func(e *Engine) error { return second(e.TopK(ctx, n/2, keys(e, n), keys(e, n))) })
			sorted := costs(self, func(e *Engine) error { return second(e.Sort(ctx, keys(e, n), keys(e, n))) })
			require.Equal(t, sorted, top)
		}
	}
}

// TestJoinViews joins tables with as many pairs as there can be, with none, and with some: all
// messages have the same lengths.
func TestJoinViews(t *testing.T) {
	const n = 33
	same, other := make([]int64, n), make([]int64, n)
	for i := range same {
		other[i] = int64(i) + 100
	}
	var seen [3][parties][parties][]int
	for i, p := range []pairing{{left: same, right: same}, {left: same, right: other}, {left: other, right: numbers(1, n, Range{0, 200})}} {
		seen[i] = sizes(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, Range{0, 200}, e.mine(0, p.left))
			require.NoError(t, err)
			y, err := e.Input(ctx, 1, n, Range{0, 200}, e.mine(1, p.right))
			require.NoError(t, err)
			if _, err := e.Join(ctx, x, []*Vec{x}, y, []*Vec{y}); err != nil {
				return err
			}
			return second(e.TopK(ctx, 3, y, x))
		})
	}
	require.NotEmpty(t, seen[0][1][2])
	require.Equal(t, seen[0], seen[1])
	require.Equal(t, seen[0], seen[2])
}

func BenchmarkJoin(b *testing.B) {
	benchmark(b, 100_000, Range{0, 1<<32 - 2}, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Join(ctx, x, []*Vec{y}, y, []*Vec{x}))
	})
}
