package mpc

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// A Joined is an inner join: the pairs of a left and a right row with equal keys. All vectors
// have the length of the right table, so that nobody learns how many pairs there are: these
// come first, in the order of their keys and then of the right rows, and zeros follow. Slice
// them when the number is known.
type Joined struct {
	// Keys has the key of each pair.
	Keys *Vec
	// Used has ones for pairs, and zeros behind them. Its sum is their number.
	Used *Vec
	// Left and Right have the columns of the left and of the right row of each pair.
	Left, Right []*Vec
}

// Join pairs each row of the right table with the row of the left one that has the same
// key, and drops those without. Keys of the right table may repeat; those of the left one
// are meant to be different, and of left rows with the same key the last one is taken.
// Keys are numbers with the same bits behind the point in both tables, whose joint range
// must be narrower than that of the engine by one.
//
// Nothing is opened but random orders, in sorting. It takes what a Sort of the left table
// does, then a Sort, an Equal, a Numbers and a Compact of as many rows as both tables have, with
// all columns of both and two more, and a Mul. Parties that can sort can join.
func (e *Engine) Join(ctx context.Context, leftKeys *Vec, left []*Vec, rightKeys *Vec, right []*Vec) (*Joined, error) {
	n, m, err := e.tables(leftKeys, left, rightKeys, right)
	if err != nil {
		return nil, err
	}
	// Keys are from 1 on, so that 0 is none. What no engine holds is refused.
	all := leftKeys.r.with(rightKeys.r)
	span := sub(all.Max, all.Min)
	r, err := e.rangeOf("a key of a join, counted from the lowest one,", new(big.Int), span.Add(span, big.NewInt(1)))
	if err != nil {
		return nil, err
	}
	from := func(keys *Vec) *Vec { return keys.shift(Range{1, r.Max}, 1-all.Min) }
	theirs := from(rightKeys)

	// The differences of left rows in the order of their keys: up to any row of both
	// tables they sum up to the last left row at or before it, which is a prefix sum
	// and takes no round. Sums modulo the ring's order are right, since they end in range.
	sorted, err := e.Sort(ctx, from(leftKeys), append([]*Vec{from(leftKeys)}, left...)...)
	if err != nil {
		return nil, err
	}
	columns := make([]*Vec, 0, 2+len(left)+len(right))
	for _, v := range sorted {
		columns = append(columns, e.steps(v).padded(0, m))
	}
	// Zero in left rows, which are no pairs with themselves.
	columns = append(columns, theirs.padded(n, 0))
	for _, v := range right {
		columns = append(columns, v.padded(n, 0))
	}
	// Of equal keys the left rows come first, as sorting keeps the order.
	both, err := Concat(sorted[0], theirs)
	if err != nil {
		return nil, err
	}
	if columns, err = e.Sort(ctx, both, columns...); err != nil {
		return nil, err
	}
	for i, v := range append(sorted[:1:1], left...) {
		z := e.vec(v.r.with(Range{}), v.fraction, n+m)
		e.party.Prefix(z.share, columns[i].share)
		columns[i] = z
	}
	last, own := columns[0], columns[1+len(left)]
	paired, err := e.Equal(ctx, last, own)
	if err != nil {
		return nil, err
	}
	used, err := e.Numbers(ctx, paired)
	if err != nil {
		return nil, err
	}
	columns[0] = used
	if columns, err = e.Compact(ctx, paired, columns...); err != nil {
		return nil, err
	}
	return e.joined(ctx, columns, len(left), m, rightKeys, all)
}

// joined makes the first m rows of columns a join, which are in the order of Used, the left
// ones, keys, and the right ones. What is behind the pairs becomes zeros.
func (e *Engine) joined(ctx context.Context, columns []*Vec, left, m int, keys *Vec, all Range) (*Joined, error) {
	j := new(Joined)
	var factors, masks []engine.Vec
	for i, v := range columns {
		// There are no more pairs than right rows.
		v = &Vec{engine: e, r: v.r, fraction: v.fraction, past: of("Slice", v, 0, m).digest, share: v.share.Slice(0, m)}
		switch {
		case i == 0:
			j.Used = v
			continue
		case i <= left:
			j.Left = append(j.Left, v)
		case i == 1+left:
			j.Keys = v.shift(keys.r.with(Range{}), all.Min-1)
			v = j.Keys
		default:
			j.Right = append(j.Right, v)
		}
		factors, masks = append(factors, v.share), append(masks, j.Used.share)
	}
	product := e.vec(Range{}, 0, m*len(factors))
	err := e.call(ctx, of("Join", columns, left, m), func() error {
		return e.party.Mul(product.share, engine.Concat(factors...), engine.Concat(masks...))
	})
	if err != nil {
		return nil, err
	}
	vs := append(append(append([]*Vec(nil), j.Left...), j.Keys), j.Right...)
	for i, v := range vs {
		v.past, v.share = e.history.result(i), product.share.Slice(i*m, (i+1)*m)
	}
	return j, nil
}

// tables returns the lengths of two tables, if they are ones that can be joined.
func (e *Engine) tables(leftKeys *Vec, left []*Vec, rightKeys *Vec, right []*Vec) (n, m int, err error) {
	if _, err := e.table(append([]*Vec{leftKeys}, left...)); err != nil {
		return 0, 0, err
	}
	if _, err := e.table(append([]*Vec{rightKeys}, right...)); err != nil {
		return 0, 0, err
	}
	if leftKeys.fraction != rightKeys.fraction {
		return 0, 0, fmt.Errorf("mpc: keys with %d and %d bits behind the point; make them alike by Widen", leftKeys.fraction, rightKeys.fraction)
	}
	return leftKeys.Len(), rightKeys.Len(), nil
}

// steps returns each element of v less the one before it, and the first one.
func (e *Engine) steps(v *Vec) *Vec {
	n := v.Len()
	before := e.vec(v.r, v.fraction, n)
	for c, part := range before.share.Parts {
		if n > 0 {
			copy(part[1:], v.share.Parts[c])
		}
	}
	lowest, highest := e.party.Bounds()
	return v.combine(Range{lowest, highest}, 1, -1, before)
}

// padded returns v with zeros before and after it.
func (v *Vec) padded(before, after int) *Vec {
	e := v.engine
	return &Vec{engine: e, r: v.r.with(Range{}), fraction: v.fraction, past: of("Pad", v, before, after).digest,
		share: engine.Concat(e.party.NewVec(before), v.share, e.party.NewVec(after))}
}

// TopK returns the k rows of columns with the highest keys, the highest first; pass keys among
// the columns to have them too. Of rows with equal keys the first ones are taken. It costs
// what Sort does, and k is public.
func (e *Engine) TopK(ctx context.Context, k int, keys *Vec, columns ...*Vec) ([]*Vec, error) {
	if err := e.own(keys); err != nil {
		return nil, err
	}
	if k < 0 || k > keys.Len() {
		return nil, fmt.Errorf("mpc: the highest %d of %d rows", k, keys.Len())
	}
	if len(columns) == 0 {
		return nil, errors.New("mpc: the highest rows of no columns; pass the keys to have them")
	}
	// The complement of a number has the opposite order, and as many bits.
	r, err := e.rangeOf("the complement of a key", big.NewInt(^keys.r.Max), big.NewInt(^keys.r.Min))
	if err != nil {
		return nil, err
	}
	falling := keys.combine(r, -1, 0, keys)
	e.party.Shift(falling.share, -1)
	sorted, err := e.Sort(ctx, falling, columns...)
	if err != nil {
		return nil, err
	}
	for i, v := range sorted {
		if sorted[i], err = v.Slice(0, k); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}
