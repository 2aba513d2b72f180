package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/dujiang-dev/dujiang/psi"
)

// A psiJob is a private set intersection whose result is known: half of the
// smaller side's items are common.
type psiJob struct {
	Protocol  psi.Protocol  `json:"protocol"`
	Adversary psi.Adversary `json:"adversary"`
	N         int           `json:"n"` // items of the receiver
	M         int           `json:"m"` // items of the sender
	// Textbook says that it is the textbook's, for comparison.
	Textbook bool `json:"textbook,omitempty"`
	// Fault makes the receiver lose a row, so that tests see that the check
	// of the result works.
	Fault bool `json:"fault,omitempty"`
}

// psiJobs returns all jobs of package psi, the small ones first, and among those
// of a size the fast ones, so that a budget ends with what takes longest.
func psiJobs(sizes []size, networks []string) (jobs []*job) {
	kinds := []struct {
		protocol  psi.Protocol
		adversary psi.Adversary
	}{{psi.VOLE, psi.SemiHonest}, {psi.VOLE, psi.Malicious}, {psi.DH, psi.SemiHonest}}
	for _, s := range bySize(sizes) {
		for _, kind := range kinds {
			for _, network := range networks {
				jobs = append(jobs, newPSIJob(fmt.Sprintf("PSI/%v/%v/", kind.protocol, kind.adversary), network,
					&psiJob{Protocol: kind.protocol, Adversary: kind.adversary, N: s.n, M: s.m}))
			}
		}
	}
	return jobs
}

// newPSIJob returns the job whose name begins with prefix.
func newPSIJob(prefix, network string, p *psiJob) *job {
	j := newJob(prefix, max(p.N, p.M), network)
	j.Name = prefix + size{p.N, p.M}.String() + "/" + network
	j.Work, j.Equal = p.N+p.M, p.N == p.M
	j.Class, j.PSI = "intersection", p
	return j
}

// common is the number of items that both parties have.
func (j *psiJob) common() int { return (min(j.N, j.M) + 1) / 2 }

// rank says whether row i of n holds a common item, and which. They are spread
// evenly over the rows.
func (j *psiJob) rank(i, n int) (rank int, common bool) {
	c := uint64(j.common())
	before, after := uint64(i)*c/uint64(n), uint64(i+1)*c/uint64(n)
	return int(before), after > before
}

// items yields the rows of a party: random 16-byte items, all different. They
// are computed as they are read, so that they take no memory of their own and
// next to no time.
func (j *psiJob) items(side int) iter.Seq2[[]byte, error] {
	n := j.N
	if side == 1 {
		n = j.M
	}
	return func(yield func([]byte, error) bool) {
		var item [16]byte
		for i := range n {
			number := uint64(side+1)<<62 | uint64(i)
			if rank, common := j.rank(i, n); common {
				if side == 1 { // in another order there
					rank = j.common() - 1 - rank
				}
				number = uint64(rank)
			}
			// mix is a permutation, so that different numbers are
			// different items.
			binary.LittleEndian.PutUint64(item[:8], mix(number))
			binary.LittleEndian.PutUint64(item[8:], mix(^number))
			if !yield(item[:], nil) {
				return
			}
		}
	}
}

// mix is the permutation of SplitMix64.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// check compares rows with the known answer.
func (j *psiJob) check(rows []int) error {
	k := 0
	for i := range j.N {
		_, want := j.rank(i, j.N)
		got := k < len(rows) && rows[k] == i
		if got {
			k++
		}
		if got != want {
			return fmt.Errorf("%w: row %d is in it: %v, want %v", errWrong, i, got, want)
		}
	}
	if k != len(rows) {
		return fmt.Errorf("%w: it has %d rows that do not exist", errWrong, len(rows)-k)
	}
	return nil
}

// errWrong says that a protocol gave another result than the known one.
var errWrong = errors.New("the intersection is wrong")

// A psiParty is the receiver, side 0, or the sender.
type psiParty struct {
	*psiJob
	side   int
	set    *psi.Set
	result *psi.Result
}

func (j *psiJob) sides() []string { return []string{"receiver", "sender"} }

func (j *psiJob) spoil() { j.Fault = true }

func (j *psiJob) party(side int) (party, error) {
	if j.N < 1 || j.M < 1 {
		return nil, errors.New("each party needs an item")
	}
	if j.Textbook {
		return &textbookParty{psiJob: j, side: side}, nil
	}
	return &psiParty{psiJob: j, side: side}, nil
}

func (p *psiParty) prepare() (err error) {
	p.set, err = psi.NewSet(p.items(p.side))
	return err
}

func (p *psiParty) run(ctx context.Context, peers []io.ReadWriter) (err error) {
	rw := peers[1-p.side]
	cfg := &psi.Config{Adversary: p.Adversary, Reveal: psi.RevealReceiver, Protocol: p.Protocol}
	if p.side == 0 {
		p.result, err = psi.Receive(ctx, rw, p.set, cfg)
	} else {
		p.result, err = psi.Send(ctx, rw, p.set, cfg)
	}
	return err
}

func (p *psiParty) finish() (costs, error) {
	r := p.result
	items, peers := p.N, p.M
	if p.side == 1 {
		items, peers = peers, items
	}
	if r.Items != items || r.PeerItems != peers || r.Stats.Protocol != p.Protocol {
		return costs{}, fmt.Errorf("it ran %v with %d and %d items, want %v with %d and %d",
			r.Stats.Protocol, r.Items, r.PeerItems, p.Protocol, items, peers)
	}
	if p.side == 1 {
		if r.Rows != nil {
			return costs{}, fmt.Errorf("%w: the sender has one", errWrong)
		}
	} else {
		if p.Fault && len(r.Rows) > 0 {
			r.Rows = r.Rows[1:]
		}
		if err := p.check(r.Rows); err != nil {
			return costs{}, err
		}
	}
	c := costs{Sent: r.Stats.Sent, Received: r.Stats.Received, Delays: r.Stats.Rounds}
	for _, ph := range r.Stats.Phases {
		c.Phases = append(c.Phases, phase{Name: ph.Name, Seconds: ph.Duration.Seconds()})
	}
	return c, nil
}
