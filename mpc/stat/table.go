package stat

import (
	"context"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/mpc"
)

// hide sets to zero what is of fewer rows than the minimum: element i of each column, if
// counts[i] is so low.
func (s *Study) hide(ctx context.Context, counts *mpc.Vec, columns ...*mpc.Vec) ([]*mpc.Vec, *mpc.Bits, error) {
	above, err := counts.Shift(-int64(s.cfg.Minimum))
	if err != nil {
		return nil, nil, err
	}
	few, err := s.engine.Negative(ctx, above)
	if err != nil {
		return nil, nil, err
	}
	shown := make([]*mpc.Vec, len(columns))
	for i, c := range columns {
		nothing, err := c.Scale(0)
		if err != nil {
			return nil, nil, err
		}
		if shown[i], err = s.engine.Select(ctx, few, nothing, c); err != nil {
			return nil, nil, err
		}
	}
	return shown, few, nil
}

// counts opens how many there are in each cell, and zeros for those with fewer rows than the
// minimum. Each row is in at most one cell. With noise the minimum is one of noisy counts:
// whether there are so many rows in earnest would be an answer without noise.
func (s *Study) counts(ctx context.Context, cells *mpc.Vec) ([]int64, error) {
	// A row that is another one leaves a cell and enters one.
	chances, err := s.chances(2)
	if err != nil {
		return nil, err
	}
	blurred, err := s.blur(ctx, chances, cells)
	if err != nil {
		return nil, err
	}
	shown, _, err := s.hide(ctx, blurred[0], blurred[0])
	if err != nil {
		return nil, err
	}
	return s.engine.Open(ctx, shown[0], s.cfg.To...)
}

// Histogram opens how many values of v, which are integers, are below the first edge, from
// each edge on and below the next one, and from the last one on. Edges rise. Counts
// below Config.Minimum are zero.
//
// With Config.Privacy it protects one row, which is replaced by another. That changes two counts
// by one, and the noise of each has a scale of 2/Epsilon.
func (s *Study) Histogram(ctx context.Context, v *mpc.Vec, edges ...int64) ([]int64, error) {
	if _, err := s.rows(v); err != nil {
		return nil, err
	}
	if len(edges) == 0 {
		return nil, errors.New("stat: a histogram without edges")
	}
	if v.Fraction() != 0 {
		return nil, errors.New("stat: a histogram of fixed-point numbers; use Floor first")
	}
	nothing, err := v.Scale(0)
	if err != nil {
		return nil, err
	}
	// How many are below each edge, and in all.
	var below []*mpc.Vec
	for i, edge := range edges {
		if i > 0 && edge <= edges[i-1] {
			return nil, fmt.Errorf("stat: edge %d is not above the one before", i)
		}
		limit, err := nothing.Shift(edge)
		if err != nil {
			return nil, err
		}
		less, err := s.engine.Less(ctx, v, limit)
		if err != nil {
			return nil, err
		}
		count, err := s.sum(ctx, less)
		if err != nil {
			return nil, err
		}
		below = append(below, count)
	}
	all, err := below[0].Scale(0)
	if err != nil {
		return nil, err
	}
	if all, err = all.Shift(int64(v.Len())); err != nil {
		return nil, err
	}
	cells := []*mpc.Vec{below[0]}
	for i, upper := range append(below[1:], all) {
		cell, err := upper.Sub(below[i])
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	joined, err := mpc.Concat(cells...)
	if err != nil {
		return nil, err
	}
	return s.counts(ctx, joined)
}

// sum returns how many bits are one.
func (s *Study) sum(ctx context.Context, b *mpc.Bits) (*mpc.Vec, error) {
	ones, err := s.engine.Numbers(ctx, b)
	if err != nil {
		return nil, err
	}
	return ones.Sum()
}

// Crosstab opens how many rows have each pair of values of x, from 0 to rows - 1, and of
// y, from 0 to columns - 1, as table[x][y]. Counts below Config.Minimum are zero. Values
// that are not in these ranges are not counted.
//
// With Config.Privacy it protects one row of both columns, which is replaced by another. That
// changes two counts by one, and the noise of each has a scale of 2/Epsilon.
func (s *Study) Crosstab(ctx context.Context, x, y *mpc.Vec, rows, columns int) ([][]int64, error) {
	n, err := s.rows(x, y)
	if err != nil {
		return nil, err
	}
	if rows < 1 || columns < 1 || rows > maxValues || columns > maxValues {
		return nil, fmt.Errorf("stat: a table of %d rows and %d columns, of 1 to %d each", rows, columns, maxValues)
	}
	a, err := s.indicators(ctx, x, 0, rows)
	if err != nil {
		return nil, err
	}
	b, err := s.indicators(ctx, y, 0, columns)
	if err != nil {
		return nil, err
	}
	// a is in the order of values, and b has to be in that of rows: one product for each column
	// takes b as it is.
	var cells []*mpc.Vec
	for k := range columns {
		one, err := b.Slice(k*n, (k+1)*n)
		if err != nil {
			return nil, err
		}
		column, err := s.engine.MatMul(ctx, rows, n, 1, a, one)
		if err != nil {
			return nil, err
		}
		cells = append(cells, column)
	}
	joined, err := mpc.Concat(cells...)
	if err != nil {
		return nil, err
	}
	opened, err := s.counts(ctx, joined)
	if err != nil || opened == nil {
		return nil, err
	}
	table := make([][]int64, rows)
	for i := range table {
		for k := range columns {
			table[i] = append(table[i], opened[k*rows+i])
		}
	}
	return table, nil
}

// maxValues is the most values of a column of a cross-tabulation, or of keys of groups that
// have noise.
const maxValues = 1000

// maxCompared is about how many elements indicators compares at once, which bounds the memory.
const maxCompared = 1 << 16

// indicators returns, for each of so many values from the first one on, where v has it.
func (s *Study) indicators(ctx context.Context, v *mpc.Vec, first int64, values int) (*mpc.Vec, error) {
	nothing, err := v.Scale(0)
	if err != nil {
		return nil, err
	}
	step := max(1, maxCompared/max(1, v.Len()))
	var all []*mpc.Vec
	for from := 0; from < values; from += step {
		var here, there []*mpc.Vec
		for k := from; k < min(from+step, values); k++ {
			value, err := nothing.Shift(first + int64(k))
			if err != nil {
				return nil, err
			}
			here, there = append(here, v), append(there, value)
		}
		left, err := mpc.Concat(here...)
		if err != nil {
			return nil, err
		}
		right, err := mpc.Concat(there...)
		if err != nil {
			return nil, err
		}
		equal, err := s.engine.Equal(ctx, left, right)
		if err != nil {
			return nil, err
		}
		ones, err := s.engine.Numbers(ctx, equal)
		if err != nil {
			return nil, err
		}
		all = append(all, ones)
	}
	return mpc.Concat(all...)
}

// A Group is of all rows with the same key.
type Group struct {
	Key   int64
	Count int64
	// Sums and Means are those of each column of values.
	Sums, Means []float64
}

// ByGroup opens the groups of rows with equal keys, in the order of keys, which are integers.
// Groups of fewer rows than Config.Minimum are left out. How many there are of the others is
// opened to all parties.
//
// With Config.Privacy all keys in their declared range are groups, of which there are at most
// 1000: which keys there are would be an answer without noise. It protects one row, which is
// replaced by another and leaves a group and enters one; for all other groups it is nothing.
// Counts and each of k columns of values have an equal part of Epsilon. The counts change by two
// in all. The sums of distances from the middle of a declared range of width R, by R/2 in each of
// two groups, or by R in one. So the noise of each group has a scale of 2(k+1)/Epsilon
// for the count, and of R(k+1)/Epsilon for a sum of distances, to which Sums adds Count times
// the middle. Groups are left out whose noisy counts are below Config.Minimum. Means can
// be outside of the range, most of all in small groups.
func (s *Study) ByGroup(ctx context.Context, keys *mpc.Vec, values ...*mpc.Vec) ([]Group, error) {
	if _, err := s.rows(append([]*mpc.Vec{keys}, values...)...); err != nil {
		return nil, err
	}
	if keys.Fraction() != 0 {
		return nil, errors.New("stat: keys of fixed-point numbers; use Floor first")
	}
	if s.cfg.Privacy != nil {
		return s.groupsBlurred(ctx, keys, values)
	}
	g, err := s.engine.Group(ctx, keys, values...)
	if err != nil {
		return nil, err
	}
	columns, few, err := s.hide(ctx, g.Counts, append([]*mpc.Vec{g.Keys, g.Counts}, g.Sums...)...)
	if err != nil {
		return nil, err
	}
	enough, err := few.Not()
	if err != nil {
		return nil, err
	}
	number, err := s.sum(ctx, enough)
	if err != nil {
		return nil, err
	}
	if columns, err = s.engine.Compact(ctx, enough, columns...); err != nil {
		return nil, err
	}
	everyone := make([]int, s.engine.Parties())
	for i := range everyone {
		everyone[i] = i
	}
	opened, err := s.engine.Open(ctx, number, everyone...)
	if err != nil {
		return nil, err
	}
	n := int(opened[0])
	tables := make([][]float64, len(columns))
	var exact []int64
	for i, c := range columns {
		if c, err = c.Slice(0, n); err != nil {
			return nil, err
		}
		if i == 0 {
			if exact, err = s.engine.Open(ctx, c, s.cfg.To...); err != nil {
				return nil, err
			}
			continue
		}
		if tables[i], err = s.engine.OpenFixed(ctx, c, s.cfg.To...); err != nil {
			return nil, err
		}
	}
	if exact == nil {
		return nil, nil
	}
	groups := make([]Group, n)
	for i := range groups {
		groups[i] = Group{Key: exact[i], Count: int64(tables[1][i])}
		for _, sums := range tables[2:] {
			groups[i].Sums = append(groups[i].Sums, sums[i])
			groups[i].Means = append(groups[i].Means, sums[i]/tables[1][i])
		}
	}
	return groups, nil
}
