package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// A shareJob is a vector of numbers that a dealer shares. All shares go to the
// holders, which are one process here, and combine as many as it takes.
type shareJob struct {
	Scheme share.Scheme `json:"scheme"`
	N      int          `json:"n"` // numbers
	// Fault makes the holders lose the last number, so that tests see that the
	// check of the result works.
	Fault bool `json:"fault,omitempty"`
}

// shareJobs returns all jobs of package mpc/share, the small ones first, for the
// sizes that are equal on both sides, since there is one vector.
func shareJobs(sizes []size, networks []string) (jobs []*job) {
	sizes = slices.Clone(sizes)
	slices.SortStableFunc(sizes, func(a, b size) int { return a.n - b.n })
	schemes := []share.Scheme{
		{Kind: share.Additive, Ring: share.Z64, Quorum: share.Quorum{Needed: 3, Parties: 3}},
		{Kind: share.Replicated, Ring: share.Z64, Quorum: share.Quorum{Needed: 2, Parties: 3}},
		{Kind: share.Shamir, Ring: share.F61, Quorum: share.Quorum{Needed: 2, Parties: 3}},
		{Kind: share.Packed, Ring: share.F61, Quorum: share.Quorum{Needed: 9, Parties: 12}, Width: 8},
	}
	for _, s := range sizes {
		if s.n != s.m {
			continue
		}
		for _, scheme := range schemes {
			for _, network := range networks {
				j := newJob(fmt.Sprintf("Share/%v/%dof%d/", scheme.Kind, scheme.Needed, scheme.Parties), s.n, network)
				j.Share = &shareJob{Scheme: scheme, N: s.n}
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

// numbers returns the vector that is shared.
func (j *shareJob) numbers() []uint64 {
	v := make([]uint64, j.N)
	for i := range v {
		v[i] = mix(uint64(i)) % share.Modulus
	}
	return v
}

// A shareParty is the dealer, side 0, or the holders.
type shareParty struct {
	*shareJob
	side     int
	numbers  []uint64 // of the dealer, or what the holders got
	encoding []byte   // of one share
	costs    costs
}

func (j *shareJob) sides() []string { return []string{"dealer", "holders"} }

func (j *shareJob) spoil() { j.Fault = true }

func (j *shareJob) party(side int) (party, error) {
	return &shareParty{shareJob: j, side: side}, nil
}

func (p *shareParty) prepare() error {
	if p.side == 0 {
		p.numbers = p.shareJob.numbers()
		return nil
	}
	// All shares have encodings of the same length, which holders know.
	s, err := p.Scheme.Split(make([]uint64, p.N))
	if err != nil {
		return err
	}
	p.encoding, err = s[0].AppendBinary(nil)
	return err
}

func (p *shareParty) run(_ context.Context, peers []io.ReadWriter) error {
	rw := peers[1-p.side]
	p.costs.Delays = 1
	if p.side == 0 {
		return p.deal(rw)
	}
	return p.hold(rw)
}

func (p *shareParty) deal(w io.Writer) error {
	start := time.Now()
	shares, err := p.Scheme.Split(p.numbers)
	if err != nil {
		return err
	}
	p.phase("split", &start)
	for _, s := range shares {
		if p.encoding, err = s.AppendBinary(p.encoding[:0]); err != nil {
			return err
		}
		n, err := w.Write(p.encoding)
		if p.costs.Sent += int64(n); err != nil {
			return err
		}
	}
	p.phase("send", &start)
	return nil
}

func (p *shareParty) hold(r io.Reader) error {
	start := time.Now()
	var shares []*share.Share
	for range p.Scheme.Parties {
		n, err := io.ReadFull(r, p.encoding)
		if p.costs.Received += int64(n); err != nil {
			return err
		}
		s, err := share.ParseShare(p.encoding)
		if err != nil {
			return err
		}
		shares = append(shares, s)
	}
	p.phase("receive", &start)
	var err error
	p.numbers, err = share.Combine(shares[p.Scheme.Parties-p.Scheme.Needed:])
	p.phase("combine", &start)
	return err
}

// phase notes the time since start, and begins the next.
func (p *shareParty) phase(name string, start *time.Time) {
	now := time.Now()
	p.costs.Phases = append(p.costs.Phases, phase{Name: name, Seconds: now.Sub(*start).Seconds()})
	*start = now
}

func (p *shareParty) finish() (costs, error) {
	if p.side == 1 {
		if p.Fault {
			p.numbers = p.numbers[:len(p.numbers)-1]
		}
		if !slices.Equal(p.numbers, p.shareJob.numbers()) {
			return costs{}, errors.New("the numbers are wrong")
		}
	}
	return p.costs, nil
}
