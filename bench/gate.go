package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/policy"
	"github.com/dujiang-dev/dujiang/mpc"
	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// A gateJob is what organisations do, from their tables to a result that their
// contract lets out: all sign a contract and the start of a run, each passes the
// gate, which counts the use and keeps evidence, and in the channels behind it
// they run a protocol.
type gateJob struct {
	// Link finds the rows of a table of one party that are in another's; else
	// three parties add up vectors of numbers.
	Link bool `json:"link"`
	N    int  `json:"n"` // rows of each party
	// Fault spoils the result, so that tests see that its check works.
	Fault bool `json:"fault,omitempty"`
}

// gateJobs returns all end-to-end jobs, the small ones first, for the sizes that are
// equal on both sides.
func gateJobs(sizes []size, networks []string) (jobs []*job) {
	for _, s := range bySize(sizes) {
		for _, name := range []string{"link", "sum"} {
			for _, network := range networks {
				if s.n != s.m {
					continue
				}
				j := newJob("Jobs/"+name+"/", s.n, network)
				j.Gate = &gateJob{Link: name == "link", N: s.n}
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

func (j *gateJob) sides() []string {
	if j.Link {
		return []string{"clinic", "insurer"}
	}
	return []string{"district-0", "district-1", "district-2"}
}

func (j *gateJob) spoil() { j.Fault = true }

func (j *gateJob) party(side int) (party, error) {
	return &gateParty{gateJob: j, self: side, table: j.psi().table(side)}, nil
}

// psi is the intersection that a link has.
func (j *gateJob) psi() *psiJob {
	return &psiJob{Protocol: psi.VOLE, Adversary: psi.SemiHonest, N: j.N, M: j.N}
}

// table returns a party's items as a table that somebody exported.
func (j *psiJob) table(side int) []byte {
	var b bytes.Buffer
	b.WriteString("name,joined\r\n")
	for item := range j.items(side) {
		fmt.Fprintf(&b, "\"Customer %x\",2025-01-31\r\n", item)
	}
	return b.Bytes()
}

// A gateParty is one organisation.
type gateParty struct {
	*gateJob
	self  int
	table []byte // of a link

	folder string // of what it keeps
	log    *evidence.Log
	counts *policy.Counters
	gate   *agreement.Config
	index  int64 // of the evidence
	watch  *stopwatch

	rows  []int   // of a link's receiver
	sums  []int64 // of party 0
	costs costs
}

func (p *gateParty) run(ctx context.Context, peers []io.ReadWriter) (err error) {
	defer func() {
		if err != nil { // there is nothing to finish
			os.RemoveAll(p.folder)
		}
	}()
	var count traffic
	p.watch = startStopwatch()
	contract, start, err := p.agree()
	if err != nil {
		return err
	}
	p.watch.lap("sign")
	permit, err := agreement.Authorize(ctx, p.gate, contract, start)
	if err != nil {
		return err
	}
	p.watch.lap("authorize")
	channels := make([]io.ReadWriter, len(peers))
	for i, rw := range counted(peers, &count) {
		if rw == nil {
			continue
		}
		if channels[i], err = agreement.Open(ctx, rw, permit, p.sides()[i]); err != nil {
			return err
		}
	}
	p.watch.lap("gate")
	if p.Link {
		err = p.link(ctx, channels[1-p.self], permit)
	} else {
		err = p.sum(ctx, channels, permit)
	}
	if err != nil {
		return err
	}
	if _, err := p.log.Publish(ctx); err != nil {
		return err
	}
	p.watch.lap("evidence")
	p.costs.Phases = p.watch.wallOnly()
	p.costs.Sent, p.costs.Received = count.sent.Load(), count.received.Load()
	return nil
}

// link finds the clinic's rows that the insurer has.
func (p *gateParty) link(ctx context.Context, channel io.ReadWriter, permit *agreement.Permit) error {
	table, err := joinkey.CSV(bytes.NewReader(p.table), joinkey.Spec{{Name: "name", Kind: joinkey.Text()}}, &joinkey.Config{Bad: joinkey.Stop})
	if err != nil {
		return err
	}
	set, err := psi.NewSet(table.All())
	if err != nil {
		return err
	}
	p.watch.lap("read")
	cfg := &psi.Config{Adversary: psi.SemiHonest, Reveal: psi.RevealReceiver, Protocol: psi.VOLE, Context: permit.Context()}
	var result *psi.Result
	if p.self == 0 {
		result, err = psi.Receive(ctx, channel, set, cfg)
	} else {
		result, err = psi.Send(ctx, channel, set, cfg)
	}
	if err != nil {
		return err
	}
	p.watch.lap("link")
	p.costs.Delays = gateDelays + result.Stats.Rounds
	if p.self == 0 {
		p.rows, err = agreement.ReleaseRows(permit, result.Rows)
	}
	return err
}

// gateDelays are the message delays of opening a channel, as package agreement
// says.
const gateDelays = 6

// number returns number i of a party's vector.
func (j *gateJob) number(side, i int) int64 { return int64(mix(uint64(side)<<32|uint64(i)) >> 24) }

// sum opens the sums of all vectors to party 0.
func (p *gateParty) sum(ctx context.Context, channels []io.ReadWriter, permit *agreement.Permit) error {
	mine := make([]int64, p.N)
	for i := range mine {
		mine[i] = p.number(p.self, i)
	}
	p.watch.lap("read")
	e, err := mpc.New(ctx, p.self, channels, &mpc.Config{Adversary: mpc.SemiHonest, Context: permit.Context()})
	if err != nil {
		return err
	}
	p.sums, err = p.add(ctx, e, mine)
	if err := e.Close(err); err != nil {
		return err
	}
	p.watch.lap("sum")
	p.costs.Delays = gateDelays + e.Stats().Rounds
	if p.self == 0 {
		_, err = permit.Release(uint64(p.N))
	}
	return err
}

func (p *gateParty) add(ctx context.Context, e *mpc.Engine, mine []int64) ([]int64, error) {
	var sum *mpc.Vec
	for from := range e.Parties() {
		values := mine
		if from != p.self {
			values = nil
		}
		v, err := e.Input(ctx, from, p.N, mpc.Range{Min: 0, Max: 1<<40 - 1}, values)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = v
		} else if sum, err = sum.Add(v); err != nil {
			return nil, err
		}
	}
	return e.Open(ctx, sum, 0)
}

func (p *gateParty) finish() (costs, error) {
	defer os.RemoveAll(p.folder)
	if err := errors.Join(p.counts.Close(), p.log.Close()); err != nil {
		return costs{}, err
	}
	if p.self != 0 {
		return p.costs, nil
	}
	if p.Link {
		if p.Fault && len(p.rows) > 0 {
			p.rows = p.rows[1:]
		}
		return p.costs, p.psi().check(p.rows)
	}
	if p.Fault && len(p.sums) > 0 {
		p.sums[0]++
	}
	if len(p.sums) != p.N {
		return costs{}, fmt.Errorf("%w: there are %d, want %d", errSums, len(p.sums), p.N)
	}
	for i, got := range p.sums {
		if want := p.number(0, i) + p.number(1, i) + p.number(2, i); got != want {
			return costs{}, fmt.Errorf("%w: sum %d is %d, want %d", errSums, i, got, want)
		}
	}
	return p.costs, nil
}
