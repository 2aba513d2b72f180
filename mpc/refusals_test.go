package mpc

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// lone returns a party of three that nobody answers.
func lone(t *testing.T) (e *Engine) {
	_, err := Preview(1, 3, &Config{Adversary: SemiHonest}, func(alone *Engine) error {
		e = alone
		return nil
	})
	require.NoError(t, err)
	return e
}

// TestRefusals holds that what makes no sense is refused, with words that say why, and
// before anything is sent.
func TestRefusals(t *testing.T) {
	ctx := t.Context()
	e, other := lone(t), lone(t)
	input := func(e *Engine, n int, r Range) *Vec {
		v, err := e.Input(ctx, 0, n, r, nil)
		require.NoError(t, err)
		return v
	}
	bits := func(e *Engine, n int) *Bits {
		b, err := e.RandomBits(ctx, n)
		require.NoError(t, err)
		return b
	}
	narrow := Range{-5, 5}
	v, foreign := input(e, 4, narrow), input(other, 4, narrow)
	wide := input(e, 4, Range{-1 << 40, 1 << 40})
	b, foreignBits := bits(e, 4), bits(other, 4)
	fine := must[*Vec](t)(v.Halve(40))

	s, err := share.Scheme{Kind: share.Replicated, Ring: share.Z64, Quorum: share.Quorum{Needed: 2, Parties: 3}}.Split([]uint64{1, 2})
	require.NoError(t, err)
	additive, err := share.Scheme{Kind: share.Additive, Ring: share.Z64, Quorum: share.Quorum{Needed: 3, Parties: 3}}.Split([]uint64{1, 2})
	require.NoError(t, err)

	before := e.Stats()
	for _, c := range []struct {
		name, want string
		call       func() error
	}{
		{"a negative demand", "less than nothing", func() error { return e.Prepare(ctx, Demand{Words: 3, Comparisons: -1}) }},
		{"input from nobody", "party 3 of 3", func() error { return second(e.Input(ctx, 3, 1, narrow, nil)) }},
		{"input from below", "party -1 of 3", func() error { return second(e.Input(ctx, -1, 1, narrow, nil)) }},
		{"negative length", "-1 numbers", func() error { return second(e.Input(ctx, 0, -1, narrow, nil)) }},
		{"empty range", "is empty", func() error { return second(e.Input(ctx, 0, 1, Range{1, 0}, nil)) }},
		{"too few values", "1 values instead of 2", func() error { return second(e.Input(ctx, 1, 2, narrow, []int64{1})) }},
		{"values of another", "pass nil", func() error { return second(e.Input(ctx, 0, 1, narrow, []int64{1})) }},
		{"a value too large", "value 1 is not in", func() error { return second(e.Input(ctx, 1, 2, narrow, []int64{5, 6})) }},
		{"a value too small", "value 0 is not in", func() error { return second(e.Input(ctx, 1, 2, narrow, []int64{-6, 5})) }},
		{"fixed: negative fraction", "bits behind the point", func() error { return second(e.InputFixed(ctx, 0, 1, -1, 0, 1, nil)) }},
		{"fixed: large fraction", "bits behind the point", func() error { return second(e.InputFixed(ctx, 0, 1, 62, 0, 1, nil)) }},
		{"fixed: not a number", "at most 62 bits", func() error { return second(e.InputFixed(ctx, 0, 1, 8, math.NaN(), 1, nil)) }},
		{"fixed: wide", "at most 62 bits", func() error { return second(e.InputFixed(ctx, 0, 1, 60, 0, 8, nil)) }},
		{"fixed: low", "at most 62 bits", func() error { return second(e.InputFixed(ctx, 0, 1, 60, -8, 0, nil)) }},
		{"fixed: a value that is no number", "value 0 is not from", func() error { return second(e.InputFixed(ctx, 1, 1, 8, 0, 1, []float64{math.NaN()})) }},
		{"fixed: a value above, that rounds into the range", "value 0 is not from", func() error { return second(e.InputFixed(ctx, 1, 1, 1, 0, 1.2, []float64{1.3})) }},
		{"share of nothing", "the share is not", func() error { return second(e.InputShares(ctx, nil, narrow)) }},
		{"share of another kind", "the share is not", func() error { return second(e.InputShares(ctx, additive[1], narrow)) }},
		{"share of another party", "takes share 2", func() error { return second(e.InputShares(ctx, s[0], narrow)) }},
		{"share of an empty range", "is empty", func() error { return second(e.InputShares(ctx, s[1], Range{1, 0})) }},
		{"add foreign", "another engine", func() error { return second(v.Add(foreign)) }},
		{"add nil", "nil", func() error { return second(v.Add(nil)) }},
		{"add to nil", "nil", func() error { return second((*Vec)(nil).Add(v)) }},
		{"add to nothing", "empty", func() error { return second(new(Vec).Add(new(Vec))) }},
		{"scale nothing", "empty", func() error { return second(new(Vec).Scale(1)) }},
		{"shift nothing", "empty", func() error { return second(new(Vec).Shift(1)) }},
		{"sum nothing", "empty", func() error { return second(new(Vec).Sum()) }},
		{"slice nothing", "empty", func() error { return second(new(Vec).Slice(0, 0)) }},
		{"prefix nothing", "empty", func() error { return second(new(Vec).Prefix()) }},
		{"widen nothing", "empty", func() error { return second(new(Vec).Widen(1)) }},
		{"halve nothing", "empty", func() error { return second(new(Vec).Halve(1)) }},
		{"concat nothing", "empty", func() error { return second(Concat(new(Vec))) }},
		{"slice backwards", "elements 2 to 1 of 4", func() error { return second(v.Slice(2, 1)) }},
		{"slice beyond", "elements 2 to 5 of 4", func() error { return second(v.Slice(2, 5)) }},
		{"mul foreign", "another engine", func() error { return second(e.Mul(ctx, foreign, foreign)) }},
		{"mul of much behind the point", "truncate its factors", func() error { return second(e.Mul(ctx, fine, fine)) }},
		{"matrix of another shape", "product of", func() error { return second(e.MatMul(ctx, 2, 2, 3, v, v)) }},
		{"matrix of negative sides", "product of", func() error { return second(e.MatMul(ctx, -2, -2, -2, v, v)) }},
		{"matrix without end", "product of", func() error {
			none := must[*Vec](t)(v.Slice(0, 0))
			return second(e.MatMul(ctx, math.MaxInt/2, 0, 4, none, none))
		}},
		{"bits of another", "another engine", func() error { return second(e.And(ctx, foreignBits, foreignBits)) }},
		{"opening bits of another", "another engine", func() error { return second(e.OpenBits(ctx, foreignBits, 0)) }},
		{"opening no bits", "nil", func() error { return second(e.OpenBits(ctx, nil, 0)) }},
		{"opening to nobody", "nobody", func() error { return second(e.Open(ctx, v)) }},
		{"opening twice", "different", func() error { return second(e.Open(ctx, v, 1, 1)) }},
		{"slice of no bits", "nil", func() error { return second(new(Bits).Slice(0, 0)) }},
		{"slice of bits before the first", "bits -1 to 2 of 4", func() error { return second(b.Slice(-1, 2)) }},
		{"slice of bits the wrong way round", "bits 3 to 2 of 4", func() error { return second(b.Slice(3, 2)) }},
		{"slice of bits behind the last", "bits 1 to 5 of 4", func() error { return second(b.Slice(1, 5)) }},
		{"compose bits of another", "another engine", func() error { return second(e.Compose(ctx, []*Bits{foreignBits})) }},
		{"compose no bits", "0 bits", func() error { return second(e.Compose(ctx, nil)) }},
		{"compact by bits of another", "another engine", func() error { return second(e.Compact(ctx, foreignBits, foreign)) }},
		{"select by bits of another", "another engine", func() error { return second(e.Select(ctx, foreignBits, v, v)) }},
		{"select by other bits", "4 bits to select from 3", func() error {
			three := must[*Vec](t)(v.Slice(0, 3))
			return second(e.Select(ctx, b, three, three))
		}},
		{"random bits of negative length", "-1 random bits", func() error { return second(e.RandomBits(ctx, -1)) }},
		{"divide what is wide", "more than 30 bits", func() error { return second(e.Div(ctx, wide, wide, 8)) }},
		{"root of what is wide", "a function of numbers", func() error { return second(e.Sqrt(ctx, wide, 8)) }},
		{"root of what is negative", "a function of numbers", func() error { return second(e.Sqrt(ctx, v, 8)) }},
		{"logarithm with a large fraction", "29 bits behind the point", func() error { return second(e.Log(ctx, wide, 29)) }},
		{"logarithm with a negative fraction", "-1 bits behind the point", func() error { return second(e.Log(ctx, wide, -1)) }},
		{"power of what is wide", "a power of numbers", func() error { return second(e.Exp(ctx, wide, 8)) }},
	} {
		require.ErrorContains(t, c.call(), c.want, c.name)
	}
	require.Equal(t, before, e.Stats(), "nothing was sent")
	_, err = e.Open(ctx, v, 1)
	require.NoError(t, err, "the engine goes on")
}

// must returns the value of a call that cannot fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		require.NoError(t, err)
		return v
	}
}

// TestNewRefusals holds that a wrong configuration is refused before anything is sent.
func TestNewRefusals(t *testing.T) {
	ctx := context.Background()
	peers := make([]io.ReadWriter, 3)
	semi := &Config{Adversary: SemiHonest}
	for _, c := range []struct {
		want  string
		self  int
		peers []io.ReadWriter
		cfg   *Config
	}{
		{"set Config.Adversary", 0, peers, nil},
		{"set Config.Adversary", 0, peers, &Config{}},
		{"party 3 of 3", 3, peers, semi},
		{"party -1 of 3", -1, peers, semi},
		{"the stream to party 1 is nil", 0, peers, semi},
		{"set Config.Triples", 0, []io.ReadWriter{nil, nowhere{}}, semi},
	} {
		_, err := New(ctx, c.self, c.peers, c.cfg)
		require.ErrorContains(t, err, c.want)
	}
	for _, self := range []int{-1, 3} {
		_, err := Preview(self, 3, semi, func(*Engine) error { return nil })
		require.ErrorContains(t, err, "of 3")
	}
	_, err := Preview(0, 3, nil, func(*Engine) error { return nil })
	require.ErrorContains(t, err, "set Config.Adversary")
}

// nowhere is a stream that is not there.
type nowhere struct{ io.ReadWriter }
