package mpc

import (
	"context"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// A divided is a part of a program in which one party takes another public argument than
// the others: it gets two vectors of one element and two bits, which all share, and what the
// argument is by odd. It returns what is opened then.
type divided func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error)

// pick returns the one or the other.
func pick[T any](odd bool, one, other T) T {
	if odd {
		return one
	}
	return other
}

// swap returns two things, the other way round for one party.
func swap[T any](odd bool, x, y T) (T, T) {
	if odd {
		return y, x
	}
	return x, y
}

// opposite is done by anything of two vectors.
func opposite(f func(ctx context.Context, e *Engine, x, y *Vec) (any, error)) divided {
	return func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		x, y = swap(odd, x, y)
		return f(ctx, e, x, y)
	}
}

// quick are disagreements of every kind that every protocol can have.
var quick = map[string]divided{
	"the comparisons of Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x, e.Prepare(ctx, Demand{Comparisons: pick(odd, 1, 2)})
	},
	"Scale": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Scale(pick[int64](odd, 3, 4))
	},
	"Mul": opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Mul(ctx, x, y) }),
	"Input": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Input(ctx, 1, 1, Range{0, pick[int64](odd, 9, 10)}, e.mine(1, []int64{7}))
	},
	"the order of inputs": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		var v [2]*Vec
		first, second := swap(odd, 0, 1)
		for _, i := range []int{first, second} {
			var err error
			if v[i], err = e.Input(ctx, 0, 1, Range{int64(-i), 3}, e.mine(0, []int64{3})); err != nil {
				return nil, err
			}
		}
		return v[0], nil
	},
	"Not": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		if odd {
			return b.Not()
		}
		return b, nil
	},
	"recipients": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Open(ctx, x, pick(odd, 0, 1))
	},
	"recipients of bits": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.OpenBits(ctx, b, pick(odd, 0, 1))
	},
	"Shares": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		_, err := e.Shares(x, [share.IDSize]byte{pick[byte](odd, 1, 2)})
		return nil, err
	},
	"the vector of Shares": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		_, err := e.Shares(pick(odd, x, y), [share.IDSize]byte{1})
		return nil, err
	},
}

// all are the rest: every public argument of every method.
var all = map[string]divided{
	"Add": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Add(pick(odd, x, y))
	},
	"Sub": opposite(func(_ context.Context, e *Engine, x, y *Vec) (any, error) { return x.Sub(y) }),
	"Shift": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Shift(pick[int64](odd, 0, 1))
	},
	"Concat": opposite(func(_ context.Context, e *Engine, x, y *Vec) (any, error) { return Concat(x, y) }),
	"Slice": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		v, err := Concat(x, y)
		if err != nil {
			return nil, err
		}
		at := pick(odd, 0, 1)
		return v.Slice(at, at+1)
	},
	"Sum or Prefix": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		if odd {
			return x.Sum()
		}
		return x.Prefix()
	},
	"Widen": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Widen(pick(odd, 3, 4))
	},
	"Halve": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Halve(pick(odd, 3, 4))
	},
	"Within": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x.Within(Range{pick[int64](odd, 0, 1), 9})
	},
	"Xor": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return b.Xor(pick(odd, b, c))
	},
	"And": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.And(ctx, b, pick(odd, b, c))
	},
	"Numbers": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Numbers(ctx, pick(odd, b, c))
	},
	"Compose": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		low, high := swap(odd, b, c)
		return e.Compose(ctx, []*Bits{low, high})
	},
	"Decompose": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		digits, err := e.Decompose(ctx, x)
		if err != nil {
			return nil, err
		}
		return digits[pick(odd, 0, 1)], nil
	},
	"Slice of bits": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		more, err := e.RandomBits(ctx, 2)
		if err != nil {
			return nil, err
		}
		at := pick(odd, 0, 1)
		return more.Slice(at, at+1)
	},
	"RandomBits": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.RandomBits(ctx, pick(odd, 3, 4))
	},
	"Select": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Select(ctx, pick(odd, b, c), x, y)
	},
	"the second of Select": opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) {
		return e.Select(ctx, e.bits(1), x, y)
	}),
	"Less":     opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Less(ctx, x, y) }),
	"Equal":    opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Equal(ctx, x, y) }),
	"Negative": opposite(func(ctx context.Context, e *Engine, x, _ *Vec) (any, error) { return e.Negative(ctx, x) }),
	"Max":      opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Max(ctx, x, y) }),
	"Min":      opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Min(ctx, x, y) }),
	"Abs":      opposite(func(ctx context.Context, e *Engine, x, _ *Vec) (any, error) { return e.Abs(ctx, x) }),
	"Dot":      opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.Dot(ctx, x, y) }),
	"MatMul":   opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) { return e.MatMul(ctx, 1, 1, 1, x, y) }),
	"MulFixed": opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) {
		x, _ = x.Halve(1)
		y, _ = y.Halve(1)
		return e.MulFixed(ctx, x, y)
	}),
	"Truncate": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		x, _ = x.Halve(3)
		return e.Truncate(ctx, x, pick(odd, 0, 1))
	},
	"the operand of Truncate": opposite(func(ctx context.Context, e *Engine, x, _ *Vec) (any, error) {
		x, _ = x.Halve(3)
		return e.Truncate(ctx, x, 1)
	}),
	"Floor": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		x, _ = x.Halve(8)
		return e.Floor(ctx, x, pick(odd, 1, 2))
	},
	"Div": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Div(ctx, x, y, pick(odd, 9, 10))
	},
	"the point of a quotient": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		y, _ = y.Halve(pick(odd, 1, 2))
		return e.Div(ctx, x, y, 9)
	},
	"Sqrt": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Sqrt(ctx, y, pick(odd, 9, 10))
	},
	"Log": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Log(ctx, y, pick(odd, 9, 10))
	},
	"Exp": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return e.Exp(ctx, x, pick(odd, 9, 10))
	},
	"Shuffle": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		v, err := e.Shuffle(ctx, x, y)
		if err != nil {
			return nil, err
		}
		return v[pick(odd, 0, 1)], nil
	},
	"Sort": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		one, other := swap(odd, x, y)
		v, err := e.Sort(ctx, x, one, other)
		if err != nil {
			return nil, err
		}
		return v[0], nil
	},
	"the keys of Sort": opposite(func(ctx context.Context, e *Engine, x, y *Vec) (any, error) {
		v, err := e.Sort(ctx, x, x)
		if err != nil {
			return nil, err
		}
		return v[0], nil
	}),
	"Compact": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		v, err := e.Compact(ctx, pick(odd, b, c), x)
		if err != nil {
			return nil, err
		}
		return v[0], nil
	},
	"TopK": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		v, err := e.TopK(ctx, pick(odd, 0, 1), x, y)
		if err != nil {
			return nil, err
		}
		return v[0], nil
	},
	"Group": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		g, err := e.Group(ctx, x, y, pick(odd, x, y))
		if err != nil {
			return nil, err
		}
		return g.Sums[0], nil
	},
	"the sign of Scale": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		x, _ = x.Within(Range{-9, 9})
		return x.Scale(pick[int64](odd, 1, -1))
	},
	"Add or Sub, and Within": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		combine := pick(odd, x.Add, x.Sub)
		z, err := combine(y)
		if err != nil {
			return nil, err
		}
		return z.Within(Range{-90, 90})
	},
	"Shift, and Within": func(_ context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		x, _ = x.Shift(pick[int64](odd, 1, 2))
		return x.Within(Range{0, 90})
	},
	"the sums of Group": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		g, err := e.Group(ctx, x, y, x)
		if err != nil {
			return nil, err
		}
		return g.Sums[pick(odd, 0, 1)], nil
	},
	"the parts of Group": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		g, err := e.Group(ctx, x, y)
		if err != nil {
			return nil, err
		}
		return pick(odd, g.Keys, g.Counts), nil
	},
	"Join": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		j, err := e.Join(ctx, x, []*Vec{pick(odd, x, y)}, y, []*Vec{x})
		if err != nil {
			return nil, err
		}
		return j.Keys, nil
	},
	"the right of Join": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		j, err := e.Join(ctx, x, []*Vec{x}, y, []*Vec{pick(odd, x, y)})
		if err != nil {
			return nil, err
		}
		return j.Keys, nil
	},
	"the parts of Join": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		j, err := e.Join(ctx, x, []*Vec{x}, y, []*Vec{x})
		if err != nil {
			return nil, err
		}
		return pick(odd, j.Left, j.Right)[0], nil
	},
	"Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x, e.Prepare(ctx, Demand{Words: pick(odd, 1, 2)})
	},
	"the products of Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x, e.Prepare(ctx, Demand{Products: pick(odd, 1, 2)})
	},
	"the bits of Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		return x, e.Prepare(ctx, Demand{Bits: pick(odd, 1, 2)})
	},
	"the matrices of Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		var d Demand
		d.Matrices = append(d.Matrices, struct{ Rows, Inner, Columns int }{1, pick(odd, 2, 3), pick(odd, 3, 2)})
		return x, e.Prepare(ctx, d)
	},
	"the shuffles of Prepare": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		var d Demand
		d.Shuffles = append(d.Shuffles, struct{ Rows, Numbers, Words int }{2, pick(odd, 2, 3), pick(odd, 3, 2)})
		return x, e.Prepare(ctx, d)
	},
	"InputShares": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		s, err := share.NewShare(e.scheme, [share.IDSize]byte{pick[byte](odd, 1, 2)}, e.Self()+1, 1, e.party.NewVec(1).Parts)
		if err != nil {
			return nil, err
		}
		return e.InputShares(ctx, s, Range{0, 1})
	},
	"the range of InputShares": func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		s, err := share.NewShare(e.scheme, [share.IDSize]byte{1}, e.Self()+1, 1, e.party.NewVec(1).Parts)
		if err != nil {
			return nil, err
		}
		return e.InputShares(ctx, s, Range{0, pick[int64](odd, 1, 2)})
	},
}

// disagree runs a part of a program, and opens what it returns to everybody. If the odd party
// is one of them, all end with an error, of which one at least says why, and nobody is
// told anything.
func disagree(t *testing.T, parties, odd int, config func(self int, dealer io.ReadWriter) *Config, what string, f divided) {
	errs := runAll(t, parties, config, func(ctx context.Context, e *Engine) error {
		r := Range{1, 9}
		x, err := e.Input(ctx, 0, 1, r, e.mine(0, []int64{5}))
		if err != nil {
			return err
		}
		y, err := e.Input(ctx, 1, 1, r, e.mine(1, []int64{6}))
		if err != nil {
			return err
		}
		everybody := make([]int, parties)
		for i := range everybody {
			everybody[i] = i
		}
		if _, err := e.Open(ctx, x, everybody...); err != nil {
			return err
		}
		b, err := e.RandomBits(ctx, 1)
		if err != nil {
			return err
		}
		c, err := e.RandomBits(ctx, 1)
		if err != nil {
			return err
		}
		z, err := f(ctx, e, e.Self() == odd, x, y, b, c)
		if err != nil {
			return err
		}
		var opened any
		switch z := z.(type) {
		case *Vec:
			opened, err = e.OpenFixed(ctx, z, everybody...)
		case *Bits:
			opened, err = e.OpenBits(ctx, z, everybody...)
		default:
			return nil // of what was opened already, or is for later
		}
		if odd >= 0 && err == nil {
			t.Errorf("%s: party %d learnt %v", what, e.Self(), opened)
		}
		return err
	})
	for i, err := range errs {
		if odd < 0 {
			require.NoError(t, err, "%s, party %d", what, i)
			continue
		}
		require.True(t, errors.Is(err, ErrIncompatible) || errors.Is(err, ErrAborted), "%s, party %d: %v", what, i, err)
	}
	if odd >= 0 {
		require.Contains(t, errors.Join(errs...).Error(), "up to call ", what)
	}
}

// TestDisagreement has one party take another public argument, in everything that has one,
// with three semi-honest parties, and in some with every protocol.
func TestDisagreement(t *testing.T) {
	three := protocols["three"]
	for what, f := range all {
		disagree(t, 3, -1, three.config, what, f)
		disagree(t, 3, len(what)%3, three.config, what, f)
		if strings.HasSuffix(what, "Prepare") {
			continue // it has no result
		}
		// Everybody does both, and then one goes on with the result of the other one.
		disagree(t, 3, len(what)%3, three.config, what+" twice", func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
			one, err := f(ctx, e, true, x, y, b, c)
			if err != nil {
				return nil, err
			}
			other, err := f(ctx, e, false, x, y, b, c)
			return pick(odd, one, other), err
		})
	}
	for name, p := range protocols {
		if p.parties == 2 && !strings.Contains(name, "dealer") {
			continue // they differ in triples only, which take time
		}
		for what, f := range quick {
			if what != "recipients" && what != "recipients of bits" {
				disagree(t, p.parties, -1, p.config, what, f)
			}
			disagree(t, p.parties, len(what)%p.parties, p.config, name+": "+what, f)
		}
	}
}

// TestDisagreementAboutStock has one of two parties take away the stock that the other one goes
// on with.
func TestDisagreementAboutStock(t *testing.T) {
	disagree(t, 2, 1, protocols["two and a dealer"].config, "Leftover", func(ctx context.Context, e *Engine, odd bool, x, y *Vec, b, c *Bits) (any, error) {
		if odd {
			_, err := e.Leftover()
			require.NoError(t, err)
		}
		return x, nil
	})
}

// TestDisagreementSays says where calls differ.
func TestDisagreementSays(t *testing.T) {
	errs := runAll(t, 3, protocols["three"].config, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, 1, Range{0, 9}, e.mine(0, []int64{5}))
		require.NoError(t, err)
		if _, err := e.Open(ctx, x, 0, 1, 2); err != nil {
			return err
		}
		for range 11 {
			if x, err = e.Mul(ctx, x, e.vec(Range{1, 1}, 0, 1)); err != nil {
				return err
			}
		}
		if e.Self() == 1 {
			_, err := e.Shares(x, [share.IDSize]byte{})
			require.NoError(t, err)
		}
		_, err = e.Open(ctx, x, 0)
		return err
	})
	var at *PartyError
	require.ErrorAs(t, errs[2], &at)
	// It may be the other honest party that said so first.
	require.ErrorIs(t, errs[2], ErrIncompatible)
	require.Regexp(t, `call 15 here is call 14 there; up to call 2 all parties agreed, and behind that this one has \.\.\., Mul, Mul,.* Mul, Shares, Open, with|`+
		`call 14 here is call 15 there; up to call 2 all parties agreed, and behind that this one has \.\.\., Mul, Mul,.* Mul, Mul, Open, with`, errors.Join(errs...).Error())

	// Of few calls all are named, and none of before the last opening.
	errs = runAll(t, 3, protocols["three"].config, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, 1, Range{0, 9}, e.mine(0, []int64{5}))
		require.NoError(t, err)
		if _, err := e.Open(ctx, x, 0, 1, 2); err != nil {
			return err
		}
		if e.Self() == 1 {
			x, err = x.Scale(2)
			require.NoError(t, err)
		}
		if x, err = e.Mul(ctx, x, x); err != nil {
			return err
		}
		_, err = e.Open(ctx, x, 0)
		return err
	})
	require.ErrorContains(t, errors.Join(errs...), "of 4 calls, one is another one there or has other public arguments; up to call 2 all parties agreed, and behind that this one has Mul, Open, with")
}

// TestHistories holds that what is different has a different digest: operands that run into
// each other, and kinds of them; and that digests stay what they are, as parties of
// different builds compare them.
func TestHistories(t *testing.T) {
	seen := make(map[past]string)
	add := func(name string, o operation) {
		require.Empty(t, seen[o.digest], name)
		seen[o.digest] = name
	}
	v := &Vec{r: Range{0, 9}}
	w := &Vec{r: Range{0, 9}, past: past{1}}
	b := &Bits{}
	add("a", of("a"))
	add("b", of("b"))
	add("a number", of("a", 1))
	add("two numbers", of("a", 1, 0))
	add("other numbers", of("a", 0, 1))
	add("bytes", of("a", []byte{0, 0, 0, 0, 0, 0, 0, 1}))
	add("a range", of("a", Range{1, 0}))
	add("a vector", of("a", v))
	add("its past", of("a", w))
	add("its range", of("a", &Vec{r: Range{0, 8}}))
	add("its point", of("a", &Vec{r: Range{0, 9}, fraction: 1}))
	add("bits", of("a", b))
	add("more bits", of("a", &Bits{n: 1}))
	add("vectors", of("a", []*Vec{v, w}))
	add("one of them", of("a", []*Vec{v}, w))
	add("two of them", of("a", v, w))
	add("no vectors", of("a", []*Vec{}))
	add("no bits", of("a", []*Bits{}))
	add("two bits", of("a", []*Bits{b, b}))
	require.Equal(t, of("a", 7).digest, of("a", int64(7)).digest)
	require.Panics(t, func() { of("a", big.NewInt(1)) })

	var h history
	h.add(of("a"))
	one := h.Digest
	h.add(of("a"))
	require.NotEqual(t, one, h.Digest)
	require.NotEqual(t, h.result(0), h.result(1))
	require.Equal(t, uint64(2), h.Calls)
}
