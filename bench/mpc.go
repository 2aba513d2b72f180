package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/dujiang-dev/dujiang/mpc"
)

// An mpcJob is an operation on two secret vectors, of parties 0 and 1, whose result
// party 0 learns.
type mpcJob struct {
	Operation string `json:"operation"`
	Bits      int    `json:"bits"` // of numbers, and a sign
	N         int    `json:"n"`    // elements of the vectors
	// Fault spoils a result, so that tests see that its check works.
	Fault bool `json:"fault,omitempty"`
}

// An operation is one of package mpc, as these jobs see it.
type operation struct {
	name string
	// bits is how large the numbers are: from -2^bits to 2^bits - 1.
	bits int
	// run returns a vector, or bits.
	run func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error)
	// want is element i of the result.
	want func(j *mpcJob, i int) int64
	// results says that there are fewer than elements of the vectors.
	results int
}

// operations are all of package mpc that are worth a job. Another one is another
// entry.
var operations = []operation{
	{name: "mul", bits: 30,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.Mul(ctx, x, y))
		},
		want: func(j *mpcJob, i int) int64 { return j.number(0, i) * j.number(1, i) }},
	{name: "dot", bits: 15, results: 1,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return vector(e.Dot(ctx, x, y))
		},
		want: func(j *mpcJob, _ int) (sum int64) {
			for i := range j.N {
				sum += j.number(0, i) * j.number(1, i)
			}
			return sum
		}},
	{name: "matmul", bits: 20,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			d := root(x.Len())
			return vector(e.MatMul(ctx, d, d, d, x, y))
		},
		want: func(j *mpcJob, i int) (sum int64) {
			d := root(j.N)
			for k := range d {
				sum += j.number(0, i/d*d+k) * j.number(1, k*d+i%d)
			}
			return sum
		}},
	{name: "less", bits: 62,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return booleans(e.Less(ctx, x, y))
		},
		want: func(j *mpcJob, i int) int64 { return number(j.number(0, i) < j.number(1, i)) }},
	{name: "equal", bits: 62,
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			return booleans(e.Equal(ctx, x, y))
		},
		want: func(j *mpcJob, i int) int64 { return number(j.number(0, i) == j.number(1, i)) }},
	{name: "min", bits: 62, // a comparison and a selection by it
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (*mpc.Vec, *mpc.Bits, error) {
			less, err := e.Less(ctx, x, y)
			if err != nil {
				return nil, nil, err
			}
			return vector(e.Select(ctx, less, x, y))
		},
		want: func(j *mpcJob, i int) int64 { return min(j.number(0, i), j.number(1, i)) }},
}

func vector(v *mpc.Vec, err error) (*mpc.Vec, *mpc.Bits, error)    { return v, nil, err }
func booleans(b *mpc.Bits, err error) (*mpc.Vec, *mpc.Bits, error) { return nil, b, err }

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

// mpcJobs returns all jobs of package mpc, the small ones first, for the sizes that
// are equal on both sides. A matrix product is of square matrices, for sizes that
// are squares.
func mpcJobs(sizes []size, networks []string) (jobs []*job) {
	for _, s := range bySize(sizes) {
		for _, op := range operations {
			work := s.n
			if op.name == "matmul" {
				work *= root(s.n)
			}
			if s.n != s.m || work == 0 {
				continue
			}
			for _, network := range networks {
				prefix := "MPC/three-parties/" + op.name + "/"
				jobs = append(jobs, &job{
					Name:    prefix + s.String() + "/" + network,
					Series:  prefix + network,
					Network: network,
					Work:    work,
					Items:   s.n,
					Equal:   true,
					MPC:     &mpcJob{Operation: op.name, Bits: op.bits, N: s.n},
				})
			}
		}
	}
	return jobs
}

func (j *mpcJob) operation() (*operation, error) {
	for i := range operations {
		if operations[i].name == j.Operation {
			return &operations[i], nil
		}
	}
	return nil, fmt.Errorf("package mpc has no operation %q here", j.Operation)
}

// number returns number i of a party. Every fourth is equal in both vectors.
func (j *mpcJob) number(party, i int) int64 {
	if i%4 == 0 {
		party = 0
	}
	return int64(mix(uint64(party)<<32|uint64(i))) >> (63 - j.Bits)
}

func (j *mpcJob) sides() []string { return []string{"party 0", "party 1", "party 2"} }

func (j *mpcJob) spoil() { j.Fault = true }

func (j *mpcJob) party(side int) (party, error) {
	op, err := j.operation()
	return &mpcParty{mpcJob: j, op: op, self: side}, err
}

// An mpcParty is one of the three.
type mpcParty struct {
	*mpcJob
	op     *operation
	self   int
	values []int64 // its own
	result []int64 // of party 0
	costs  costs
}

func (p *mpcParty) prepare() error {
	if p.self < 2 {
		p.values = make([]int64, p.N)
		for i := range p.values {
			p.values[i] = p.number(p.self, i)
		}
	}
	return nil
}

func (p *mpcParty) run(ctx context.Context, peers []io.ReadWriter) error {
	counted := make([]io.ReadWriter, len(peers))
	var count traffic
	for i, rw := range peers {
		if rw != nil {
			counted[i] = &countedStream{rw, &count}
		}
	}
	watch := startStopwatch()
	e, err := mpc.New(ctx, p.self, counted, &mpc.Config{Adversary: mpc.SemiHonest})
	if err != nil {
		return err
	}
	watch.lap("join")
	err = p.compute(ctx, e, watch)
	if err := e.Close(err); err != nil {
		return err
	}
	watch.lap("close")
	p.costs.Phases = watch.phases
	for i := range p.costs.Phases {
		p.costs.Phases[i].CPU = 0 // parties of one process don't take turns
	}
	p.costs.Sent, p.costs.Received = count.sent.Load(), count.received.Load()
	return nil
}

// compute shares both vectors, computes, and opens the result.
func (p *mpcParty) compute(ctx context.Context, e *mpc.Engine, watch *stopwatch) error {
	r := mpc.Range{Min: -1 << p.Bits, Max: 1<<p.Bits - 1}
	var in [2]*mpc.Vec
	for from := range in {
		var mine []int64
		if from == p.self {
			mine = p.values
		}
		var err error
		if in[from], err = e.Input(ctx, from, p.N, r, mine); err != nil {
			return err
		}
	}
	watch.lap("input")
	before, start := e.Stats(), time.Now()
	v, b, err := p.op.run(ctx, e, in[0], in[1])
	if err != nil {
		return err
	}
	took, after := time.Since(start).Seconds(), e.Stats()
	watch.lap(p.op.name)
	if p.self == 0 {
		n := float64(p.N)
		p.costs.Own = []ownFigure{
			{p.op.name + " alone", "M/s", n / took / 1e6},
			{p.op.name + " sends", "B/element", float64(after.Sent-before.Sent) / n},
			{p.op.name + " rounds", "", float64(after.Rounds - before.Rounds)},
		}
	}
	if v != nil {
		p.result, err = e.Open(ctx, v, 0)
	} else {
		var bits []bool
		bits, err = e.OpenBits(ctx, b, 0)
		for _, bit := range bits {
			p.result = append(p.result, number(bit))
		}
	}
	watch.lap("open")
	p.costs.Delays = e.Stats().Rounds
	return err
}

// errComputed says that a computation gave another result than the known one.
var errComputed = errors.New("what was computed is wrong")

func (p *mpcParty) finish() (costs, error) {
	if p.self != 0 {
		if p.result != nil {
			return costs{}, fmt.Errorf("%w: a party has a result that is not for it", errComputed)
		}
		return p.costs, nil
	}
	if p.Fault && len(p.result) > 0 {
		p.result[len(p.result)-1]++
	}
	results := p.N
	if p.op.results > 0 {
		results = p.op.results
	}
	if len(p.result) != results {
		return costs{}, fmt.Errorf("%w: there are %d results, want %d", errComputed, len(p.result), results)
	}
	for i, got := range p.result {
		if want := p.op.want(p.mpcJob, i); got != want {
			return costs{}, fmt.Errorf("%w: element %d is %d, want %d", errComputed, i, got, want)
		}
	}
	return p.costs, nil
}

// traffic is what went over all streams of a party.
type traffic struct{ sent, received atomic.Int64 }

// A countedStream adds to a party's traffic. It can be interrupted as the stream
// in it can.
type countedStream struct {
	rw    io.ReadWriter
	count *traffic
}

func (c *countedStream) Read(b []byte) (int, error) {
	n, err := c.rw.Read(b)
	c.count.received.Add(int64(n))
	return n, err
}

func (c *countedStream) Write(b []byte) (int, error) {
	n, err := c.rw.Write(b)
	c.count.sent.Add(int64(n))
	return n, err
}

func (c *countedStream) SetDeadline(at time.Time) error {
	return c.rw.(interface{ SetDeadline(time.Time) error }).SetDeadline(at)
}
