package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc"
)

// topRows is how many rows topk asks for at most.
const topRows = 16

// tables are the operations on rows. The first vector has the keys.
var tables = []operation{
	{name: "sort", bits: 31, // keys alone, of 32 bits
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			return vectors(e.Sort(ctx, x, x))
		},
		want: func(x, _ []int64) []int64 { return slices.Sorted(slices.Values(x)) }},
	{name: "shuffle", bits: 62, unordered: true,
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			return vectors(e.Shuffle(ctx, x))
		},
		want: func(x, _ []int64) []int64 { return x }},
	{name: "compact", bits: 31, // after a comparison, which says what comes first
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			first, err := e.Less(ctx, x, y)
			if err != nil {
				return outcome{}, err
			}
			return vectors(e.Compact(ctx, first, x))
		},
		want: func(x, y []int64) []int64 {
			var first, rest []int64
			for i := range x {
				if x[i] < y[i] {
					first = append(first, x[i])
				} else {
					rest = append(rest, x[i])
				}
			}
			return append(first, rest...)
		}},
	{name: "topk", bits: 31,
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			return vectors(e.TopK(ctx, min(topRows, x.Len()), x, x))
		},
		want: func(x, _ []int64) []int64 {
			highest := slices.SortedFunc(slices.Values(x), func(a, b int64) int { return cmp.Compare(b, a) })
			return highest[:min(topRows, len(highest))]
		}},
	{name: "group", bits: 15, // keys of 16 bits, and the sum of a column
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			g, err := e.Group(ctx, x, y)
			if err != nil {
				return outcome{}, err
			}
			return outcome{vectors: []*mpc.Vec{g.Keys, g.Used, g.Counts, g.Sums[0]}}, nil
		},
		want: wantGroups},
	{name: "join", bits: 30, // keys of 31 bits, and a column of each table
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			left, err := x.Scale(leftFactor)
			if err != nil {
				return outcome{}, err
			}
			right, err := y.Scale(rightFactor)
			if err != nil {
				return outcome{}, err
			}
			j, err := e.Join(ctx, x, []*mpc.Vec{left}, y, []*mpc.Vec{right})
			if err != nil {
				return outcome{}, err
			}
			return outcome{vectors: []*mpc.Vec{j.Keys, j.Used, j.Left[0], j.Right[0]}}, nil
		},
		want: wantPairs},
}

// wantGroups returns keys, ones, counts and sums of groups, each filled up with zeros.
func wantGroups(x, y []int64) []int64 {
	counts, sums := map[int64]int64{}, map[int64]int64{}
	for i, key := range x {
		counts[key]++
		sums[key] += y[i]
	}
	columns := newColumns(4, len(x))
	for key, count := range counts {
		columns.add(key, 1, count, sums[key])
	}
	return columns.sorted()
}

// What the columns of both tables have, times the key, so that a row is seen to be of
// the right table.
const leftFactor, rightFactor = 2, 3

// wantPairs returns keys, ones and the columns of both tables for the rows of y whose key is
// in x, each filled up with zeros.
func wantPairs(x, y []int64) []int64 {
	left := map[int64]bool{}
	for _, key := range x {
		left[key] = true
	}
	columns := newColumns(4, len(y))
	for _, key := range y {
		if left[key] {
			columns.add(key, 1, leftFactor*key, rightFactor*key)
		}
	}
	return columns.sorted()
}

// columns is a table that is filled up to a number of rows.
type columns struct {
	width, length int
	rows          [][]int64
}

func newColumns(width, length int) *columns { return &columns{width: width, length: length} }

func (c *columns) add(row ...int64) { c.rows = append(c.rows, row) }

// sorted returns the columns behind each other, in the order of the first, with zeros
// behind the rows of each.
func (c *columns) sorted() []int64 {
	slices.SortStableFunc(c.rows, func(a, b []int64) int { return cmp.Compare(a[0], b[0]) })
	all := make([]int64, c.width*c.length)
	for i, row := range c.rows {
		for k, v := range row {
			all[k*c.length+i] = v
		}
	}
	return all
}
