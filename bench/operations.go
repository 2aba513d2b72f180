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
	// bits bounds how large numbers are, if it is not zero. See operation.
	bits int
	// operations are the names of those that it is measured by, or nil for all.
	operations []string
}

// backends are all of package mpc. Another one is another entry.
var backends = []backend{
	{name: "three-parties", parties: 3, sides: []string{"party 0", "party 1", "party 2"},
		config: func([]io.ReadWriter) *mpc.Config { return &mpc.Config{Adversary: mpc.SemiHonest} }},
	{name: "three-malicious", parties: 3, sides: []string{"party 0", "party 1", "party 2"},
		config:     func([]io.ReadWriter) *mpc.Config { return &mpc.Config{Adversary: mpc.Malicious} },
		operations: []string{"mul", "less", "mulfixed", "sort"}},
	{name: "two-dealer", parties: 2, sides: []string{"party 0", "party 1", dealerName},
		config: func(streams []io.ReadWriter) *mpc.Config {
			return &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Dealer{Stream: streams[2], Name: dealerName}}
		},
		operations: []string{"mul", "less", "mulfixed", "sort"}},
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
		bits:       58,
		operations: []string{"mul", "less", "sort"}},
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
	run      func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error)
	// want is the result for these two vectors, of which fixed-point numbers are
	// integers before the division.
	want func(x, y []int64) []int64
	// below and above are by how much a number of the result may be less or more than
	// what is wanted, in operations that round.
	below, above int64
	// unordered says that the result may come in any order.
	unordered bool
}

// An outcome is what an operation returns: vectors, or bits, that are opened behind each
// other, or numbers that party 0 learns in the operation.
type outcome struct {
	vectors []*mpc.Vec
	bits    *mpc.Bits
	opened  []int64
}

// operations are those of package mpc that have a job. Another one is another entry.
//
// There is none for what is a part of these: inputs and openings, which are phases of each job,
// Negative, Select and Numbers (less, min, group), Max and Abs (min), Truncate and Floor
// (mulfixed, exp), and what is local. Sums and tables of mpc/stat are dot, group and less.
var operations = slices.Concat(arithmetic, functions, tables)

// arithmetic are the operations on numbers, one by one or as sums of products.
var arithmetic = []operation{
	{name: "mul", bits: 29,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			return vector(e.Mul(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return x * y })},
	{name: "mulfixed", bits: 30, fraction: 16, above: 1,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			return vector(e.MulFixed(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return x * y >> 16 })},
	{name: "dot", bits: 15,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
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
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
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
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			return booleans(e.Less(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return number(x < y) })},
	{name: "equal", bits: 62,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			return booleans(e.Equal(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return number(x == y) })},
	{name: "min", bits: 62, // a comparison and a selection by it
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			return vector(e.Min(ctx, x, y))
		},
		want: each(func(x, y int64) int64 { return min(x, y) })},
	{name: "bitand", bits: 31, // numbers to bits, conjunctions, and bits to numbers
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			a, err := bitsOf(ctx, e, x)
			if err != nil {
				return outcome{}, err
			}
			b, err := bitsOf(ctx, e, y)
			if err != nil {
				return outcome{}, err
			}
			for i := range a {
				if a[i], err = e.And(ctx, a[i], b[i]); err != nil {
					return outcome{}, err
				}
			}
			return vector(e.Compose(ctx, a))
		},
		want: each(func(x, y int64) int64 { return (x + 1<<31) & (y + 1<<31) })},
}

// bitsOf returns the 32 bits of numbers of 31 and a sign, counted from the least.
func bitsOf(ctx context.Context, e *mpc.Engine, v *mpc.Vec) ([]*mpc.Bits, error) {
	v, err := v.Shift(1 << 31)
	if err != nil {
		return nil, err
	}
	bits, err := e.Decompose(ctx, v)
	if err != nil {
		return nil, err
	}
	return bits[:32], nil // that of the sign is zero
}

func vector(v *mpc.Vec, err error) (outcome, error) {
	return outcome{vectors: []*mpc.Vec{v}}, err
}

func vectors(v []*mpc.Vec, err error) (outcome, error) { return outcome{vectors: v}, err }

func booleans(b *mpc.Bits, err error) (outcome, error) { return outcome{bits: b}, err }

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
	if o.unordered {
		got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	}
	for i := range got {
		if more := got[i] - want[i]; more < -o.below || more > o.above {
			return fmt.Errorf("%w: number %d of the result is %d, want %d", errComputed, i, got[i], want[i])
		}
	}
	return nil
}
