package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/dujiang-dev/dujiang/mpc"
)

// An mpcJob is an operation on two secret vectors, of parties 0 and 1, whose result
// party 0 learns. Two parties make triples, or get them, when it needs them.
type mpcJob struct {
	Backend   string `json:"backend"`
	Operation string `json:"operation"`
	Bits      int    `json:"bits"` // of numbers, and a sign
	N         int    `json:"n"`    // elements of the vectors
	// Fault spoils a result, so that tests see that its check works.
	Fault bool `json:"fault,omitempty"`
}

// mpcJobs returns all jobs of package mpc, the small ones first, for the sizes that
// are equal on both sides. A matrix product is of square matrices, for sizes that
// are squares.
func mpcJobs(sizes []size, networks []string) (jobs []*job) {
	for _, s := range bySize(sizes) {
		for _, b := range backends {
			for _, op := range operations {
				work := s.n
				if op.name == "matmul" {
					work *= root(s.n)
				}
				if s.n != s.m || work == 0 || b.operations != nil && !slices.Contains(b.operations, op.name) {
					continue
				}
				for _, network := range networks {
					j := newJob("MPC/"+b.name+"/"+op.name+"/", s.n, network)
					j.Work = work
					j.MPC = &mpcJob{Backend: b.name, Operation: op.name, Bits: b.narrow(op.bits), N: s.n}
					jobs = append(jobs, j)
				}
			}
		}
	}
	return jobs
}

// narrow returns how large numbers may be with this backend.
func (b *backend) narrow(bits int) int {
	if b.bits > 0 {
		return min(bits, b.bits)
	}
	return bits
}

// parts returns the backend and the operation.
func (j *mpcJob) parts() (*backend, *operation, error) {
	b := slices.IndexFunc(backends, func(b backend) bool { return b.name == j.Backend })
	o := slices.IndexFunc(operations, func(o operation) bool { return o.name == j.Operation })
	if b < 0 || o < 0 {
		return nil, nil, fmt.Errorf("package mpc has no %q of %q here", j.Operation, j.Backend)
	}
	return &backends[b], &operations[o], nil
}

// numbers returns the vector of a party. Every fourth number is equal in both.
func (j *mpcJob) numbers(party int) []int64 {
	v := make([]int64, j.N)
	for i := range v {
		from := party
		if i%4 == 0 {
			from = 0
		}
		v[i] = int64(mix(uint64(from)<<32|uint64(i))) >> (63 - j.Bits)
	}
	return v
}

func (j *mpcJob) sides() []string {
	b, _, err := j.parts()
	if err != nil {
		return nil
	}
	return b.sides
}

func (j *mpcJob) spoil() { j.Fault = true }

func (j *mpcJob) party(side int) (party, error) {
	b, op, err := j.parts()
	switch {
	case err != nil:
		return nil, err
	case side >= b.parties:
		return &dealerParty{}, nil
	}
	return &mpcParty{mpcJob: j, backend: b, op: op, self: side}, nil
}

// An mpcParty is one of those that compute.
type mpcParty struct {
	*mpcJob
	backend *backend
	op      *operation
	self    int
	values  []int64 // its own
	result  []int64 // of party 0
	costs   costs
}

func (p *mpcParty) prepare() error {
	if p.self < 2 {
		p.values = p.numbers(p.self)
	}
	return nil
}

func (p *mpcParty) run(ctx context.Context, peers []io.ReadWriter) error {
	var count traffic
	streams := counted(peers, &count)
	watch := startStopwatch()
	e, err := mpc.New(ctx, p.self, streams[:p.backend.parties], p.backend.config(streams))
	if err != nil {
		return err
	}
	watch.lap("join")
	err = p.compute(ctx, e, watch)
	if err := e.Close(err); err != nil {
		return err
	}
	watch.lap("close")
	p.costs.Phases = watch.wallOnly()
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
		v, err := e.Input(ctx, from, p.N, r, mine)
		if err != nil {
			return err
		}
		if in[from], err = v.Halve(p.op.fraction); err != nil {
			return err
		}
	}
	watch.lap("input")
	before, start := e.Stats(), time.Now()
	o, err := p.op.run(ctx, e, in[0], in[1])
	if err != nil {
		return err
	}
	took, after := time.Since(start).Seconds(), e.Stats()
	watch.lap(p.op.name)
	if p.self == 0 {
		n := float64(p.N)
		p.costs.Own = []ownFigure{
			{"rate alone", "M/s", n / took / 1e6},
			{"party 0 sends", "B/item", float64(after.Sent-before.Sent) / n},
			{"rounds", "", float64(after.Rounds - before.Rounds)},
		}
	}
	p.result, err = o.open(ctx, e)
	watch.lap("open")
	p.costs.Delays = e.Stats().Rounds
	return err
}

// open opens everything to party 0, and returns numbers before the division.
func (o *outcome) open(ctx context.Context, e *mpc.Engine) (result []int64, err error) {
	if o.bits != nil {
		bits, err := e.OpenBits(ctx, o.bits, 0)
		for _, bit := range bits {
			result = append(result, number(bit))
		}
		return result, err
	}
	result = o.opened
	for _, v := range o.vectors {
		if v.Fraction() == 0 {
			numbers, err := e.Open(ctx, v, 0)
			if err != nil {
				return nil, err
			}
			result = append(result, numbers...)
			continue
		}
		numbers, err := e.OpenFixed(ctx, v, 0)
		if err != nil {
			return nil, err
		}
		for _, x := range numbers {
			result = append(result, int64(math.Ldexp(x, v.Fraction())))
		}
	}
	return result, nil
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
		p.result[len(p.result)-1] += 2
	}
	return p.costs, p.op.check(p.values, p.numbers(1), p.result)
}

// A dealerParty makes triples for two parties until they end the run.
type dealerParty struct{ costs costs }

func (p *dealerParty) prepare() error { return nil }

func (p *dealerParty) run(ctx context.Context, peers []io.ReadWriter) error {
	var count traffic
	streams := counted(peers, &count)
	watch := startStopwatch()
	if err := mpc.Deal(ctx, [2]io.ReadWriter{streams[0], streams[1]}, dealerName, nil); err != nil {
		return err
	}
	watch.lap("deal")
	p.costs = costs{Sent: count.sent.Load(), Received: count.received.Load(), Phases: watch.wallOnly()}
	return nil
}

func (p *dealerParty) finish() (costs, error) { return p.costs, nil }
