package mpc

import (
	"context"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Compact returns the elements of all columns with those first where the bit of keep is
// one. Both parts stay in their order, and nobody learns how many there are. With three
// semi-honest parties it takes eleven rounds, and costs each party less than 50 bytes for
// each element and 16 more for each column. With others it costs a Sort by one bit: with two and a
// [Dealer] five rounds.
func (e *Engine) Compact(ctx context.Context, keep *Bits, columns ...*Vec) ([]*Vec, error) {
	drop, err := keep.Not()
	if err != nil {
		return nil, err
	}
	if keep.engine != e {
		return nil, errMixedBits
	}
	// All columns must have the length of the bits.
	shares, err := e.table(append([]*Vec{e.vec(Range{}, 0, keep.n)}, columns...))
	if err != nil {
		return nil, err
	}
	s := e.sorter()
	compact := shares[1:]
	err = e.call(ctx, of("Compact", keep, columns), func() (err error) {
		compact, err = s.Sort(keep.n, drop.share, 1, compact)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e.inOrder(columns, compact), nil
}

// Groups are the rows of a table, put together by their keys. All vectors have the length
// of the table, so that nobody learns how many groups there are: these come first, in the
// order of their keys, and then zeros. Slice them when the number is known.
type Groups struct {
	// Keys has the key of each group.
	Keys *Vec
	// Used has ones for groups, and zeros behind them. Its sum is their number.
	Used *Vec
	// Counts has the number of rows in each group.
	Counts *Vec
	// Sums has the sums of each column of values.
	Sums []*Vec
}

// Group returns the groups of rows with equal keys, and the sums of columns of values in
// each. It costs a Sort, an Equal and a Compact. Sums over all rows must fit in the engine's bits.
func (e *Engine) Group(ctx context.Context, keys *Vec, values ...*Vec) (*Groups, error) {
	if err := e.own(keys); err != nil {
		return nil, err
	}
	table, err := e.Sort(ctx, keys, append([]*Vec{keys}, values...)...)
	if err != nil {
		return nil, err
	}
	n := keys.Len()
	last, err := e.last(ctx, table[0])
	if err != nil {
		return nil, err
	}
	used, err := e.Numbers(ctx, last)
	if err != nil {
		return nil, err
	}
	// Sums up to the last row of a group, of which those up to the last row of the group
	// before are taken away when they are next to each other.
	ones := e.vec(Range{1, 1}, 0, n).shift(Range{1, 1}, 1)
	columns := []*Vec{table[0], used}
	for _, v := range append([]*Vec{ones}, table[1:]...) {
		sums, err := v.Prefix()
		if err != nil {
			return nil, err
		}
		columns = append(columns, sums)
	}
	if columns, err = e.Compact(ctx, last, columns...); err != nil {
		return nil, err
	}
	used = columns[1]
	factors, masks := []engine.Vec{columns[0].share}, []engine.Vec{used.share}
	for _, sums := range columns[2:] {
		before := e.vec(sums.r, sums.fraction, n)
		for c, part := range before.share.Parts {
			if n > 0 {
				copy(part[1:], sums.share.Parts[c])
			}
		}
		factors = append(factors, sums.combine(sums.r, 1, -1, before).share)
		masks = append(masks, used.share)
	}
	// Behind the groups, there are zeros.
	all := engine.Concat(factors...)
	err = e.call(ctx, of("Group", columns), func() error {
		x := all.Clone()
		return e.party.Mul(all, x, engine.Concat(masks...))
	})
	if err != nil {
		return nil, err
	}
	g := &Groups{Used: used}
	for i, v := range append([]*Vec{columns[0]}, columns[2:]...) {
		z := &Vec{engine: e, r: v.r.with(Range{}), fraction: v.fraction, past: e.history.result(i), share: all.Slice(i*n, (i+1)*n)}
		switch i {
		case 0:
			g.Keys = z
		case 1:
			g.Counts = z
		default:
			// Of at most as many values as Prefix added up.
			g.Sums = append(g.Sums, z)
		}
	}
	return g, nil
}

// last returns where the next one of sorted keys is another one, or there is none.
func (e *Engine) last(ctx context.Context, keys *Vec) (*Bits, error) {
	n := keys.Len()
	if n == 0 {
		return e.bits(0), nil
	}
	// The last key is compared with itself.
	next := e.vec(keys.r, keys.fraction, n)
	for c, part := range next.share.Parts {
		copy(part, keys.share.Parts[c][1:])
		part[n-1] = keys.share.Parts[c][n-1]
	}
	same, err := e.Equal(ctx, keys, next)
	if err != nil {
		return nil, err
	}
	// It ends its group, whatever came of that.
	public := make([]uint64, engine.Words(n))
	for i := range public {
		public[i] = ^uint64(0)
	}
	public[(n-1)/64] &^= 1 << ((n - 1) % 64)
	engine.Mask(same.share, same.share, public)
	return same.Not()
}
