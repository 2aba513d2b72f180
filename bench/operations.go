package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc"
)

// A backend is a protocol of package mpc, and who takes part in it.
type backend struct {
	name string
	// parties are those that compute: the first ones of sides.
	parties int
	sides   []string
	// config is that of a party whose streams to all sides are given.
	config func(streams []io.ReadWriter) *mpc.Config
	// operations are the names of those that it is measured by, or nil for all.
	operations []string
}

// backends are all of package mpc. Another one is another entry.
var backends = []backend{
	{name: "three-parties", parties: 3, sides: []string{"party 0", "party 1", "party 2"},
		config: func([]io.ReadWriter) *mpc.Config { return &mpc.Config{Adversary: mpc.SemiHonest} }},
	{name: "three-malicious", parties: 3, sides: []string{"party 0", "party 1", "party 2"},
		config:     func([]io.ReadWriter) *mpc.Config { return &mpc.Config{Adversary: mpc.Malicious} },
		operations: []string{"mul", "less", "mulfixed"}},
	{name: "two-dealer", parties: 2, sides: []string{"party 0", "party 1", dealerName},
		config: func(streams []io.ReadWriter) *mpc.Config {
			return &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Dealer{Stream: streams[2], Name: dealerName}}
		},
		operations: []string{"mul", "less", "mulfixed"}},
	{name: "two-transfers", parties: 2, sides: []string{"party 0", "party 1"},
		config: func([]io.ReadWriter) *mpc.Config {
			return &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Transfers{}}
		},
		operations: []string{"mul", "less"}},
	{name: "two-silent", parties: 2, sides: []string{"party 0", "party 1"},
		config: func([]io.ReadWriter) *mpc.Config {
			return &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Transfers{Silent: true}}
		},
		operations: []string{"mul"}},
	{name: "two-encryption", parties: 2, sides: []string{"party 0", "party 1"},
		config: func([]io.ReadWriter) *mpc.Config {
			return &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Encryption{}}
		},
		operations: []string{"mul"}},
	{name: "four-parties", parties: 4, sides: []string{"party 0", "party 1", "party 2", "party 3"},
		config:     func([]io.ReadWriter) *mpc.Config { return &mpc.Config{Adversary: mpc.SemiHonest} },
		operations: []string{"mul"}},
}

// dealerName is what the third process is called that makes triples for two parties.
const dealerName = "dealer"

// An operation is one of package mpc, as these jobs see it.
type operation struct {
	name string
	// bits is how large the numbers are: from -2^bits to 2^bits - 1.
	bits int
	// fraction is how many of these are behind the point.
	fraction int
	// run returns a vector, or bits.
	run func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error)
	// want is the result for these two vectors, of which fixed-point numbers are
	// integers before the division.
	want func(x, y []int64) []int64
	// above is by how much a result may be larger than what is wanted, in
	// operations that round up or down at random.
	above int64
}

// operations are all of package mpc that are worth a job. Another one is another
// entry.
var operations = []operation{
	{name: "mul", bits: 29,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.Mul(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return x * y })},
	{name: "mulfixed", bits: 30, fraction: 16, above: 1,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.MulFixed(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return x * y >> 16 })},
	{name: "dot", bits: 15,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.Dot(ctx, x, y))
		},
		want: func(x, y []int64) []int64 {
			var sum int64
			for i := range x {
				sum += x[i] * y[i]
			}
			return []int64{sum}
		}},
	{name: "matmul", bits: 20,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			d := root(x.Len())
			return vector(e.MatMul(ctx, d, d, d, x, y))
		},
		want: func(x, y []int64) []int64 {
			d := root(len(x))
			z := make([]int64, len(x))
			for i := range x { // x[i] is in row i/d, and meets row i%d of y
				for k := range d {
					z[i/d*d+k] += x[i] * y[i%d*d+k]
				}
			}
			return z
		}},
	{name: "less", bits: 62,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return booleans(e.Less(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return number(x < y) })},
	{name: "equal", bits: 62,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return booleans(e.Equal(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return number(x == y) })},
	{name: "min", bits: 62, // a comparison and a selection by it
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.Min(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return min(x, y) })},
	{name: "sort", bits: 31, // keys alone, of 32 bits
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			sorted, err := e.Sort(ctx, x, x)
			if err != nil {
				return nil, nil, err
			}
			return sorted[0], nil, nil
		},
		want: func(x, _ []int64) []int64 { return slices.Sorted(slices.Values(x)) }},
}

func vector(v *mpc.Vec, err error) (*mpc.Vec, *mpc.Bits, error)    { return v, nil, err }
func booleans(b *mpc.Bits, err error) (*mpc.Vec, *mpc.Bits, error) { return nil, b, err }

// each returns what has the results of f, element by element.
func each(f func(x, y int64) int64) func(x, y []int64) []int64 {
	return func(x, y []int64) []int64 {
		z := make([]int64, len(x))
		for i := range z {
			z[i] = f(x[i], y[i])
		}
		return z
	}
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// root returns the square root of a power of four, or zero.
func root(n int) int {
	for d := 1; d*d <= n; d *= 2 {
		if d*d == n {
			return d
		}
	}
	return 0
}

// check compares results with the known ones.
func (o *operation) check(x, y, got []int64) error {
	want := o.want(x, y)
	if len(got) != len(want) {
		return fmt.Errorf("%w: there are %d results, want %d", errComputed, len(got), len(want))
	}
	for i := range got {
		if above := got[i] - want[i]; above < 0 || above > o.above {
			return fmt.Errorf("%w: element %d is %d, want %d", errComputed, i, got[i], want[i])
		}
	}
	return nil
}
