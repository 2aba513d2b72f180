package main

import (
	"context"
	"crypto/rand"
	"encoding"
	"io"
	"math"

	"github.com/cloudflare/circl/vdaf/prio3/sumvec"
)

// A prio3Party is all parties of Prio3SumVec in circl (draft-irtf-cfrg-vdaf-14): clients that share
// their vectors between two aggregators, with a proof that each number is in range,
// and the aggregators. If these don't collude, the collector learns the sums; there is
// no key, and nobody is malicious but clients.
type prio3Party struct {
	*heJob
	sums  []int64
	costs costs
}

func (p *prio3Party) prepare() error { return nil }

func (p *prio3Party) run(context.Context, []io.ReadWriter) error {
	watch := startStopwatch()
	// The chunk length that the draft recommends.
	length, bits := uint(p.N), uint(p.Bits)
	chunk := uint(max(1, math.Sqrt(float64(length*bits))))
	v, err := sumvec.New(2, length, bits, chunk, []byte("bench"))
	if err != nil {
		return err
	}
	params := v.Params()
	var key sumvec.VerifyKey
	rand.Read(key[:])
	watch.lap("key")

	type report struct {
		nonce  sumvec.Nonce
		public sumvec.PublicShare
		shares []sumvec.InputShare
	}
	reports := make([]report, p.Parties)
	vector := make([]uint64, p.N)
	for c := range reports {
		r := &reports[c]
		for i := range vector {
			vector[i] = p.number(c, i)
		}
		rand.Read(r.nonce[:])
		random := make([]byte, params.RandSize()) // shares go on using it
		rand.Read(random)
		if r.public, r.shares, err = v.Shard(vector, &r.nonce, random); err != nil {
			return err
		}
		for i := range r.shares {
			if err := p.send(&r.shares[i]); err != nil {
				return err
			}
		}
		p.costs.Sent += int64(len(r.public) + len(r.nonce))
	}
	up := p.costs.Sent / int64(p.Parties)
	watch.lap("encrypt") // which is sharing here

	sums := []sumvec.AggShare{v.AggregateInit(), v.AggregateInit()}
	for c := range reports {
		r := &reports[c]
		var states [2]*sumvec.PrepState
		var prepared []sumvec.PrepShare
		for a := range states {
			state, s, err := v.PrepInit(&key, &r.nonce, uint8(a), r.public, r.shares[a])
			if err != nil {
				return err
			}
			if err := p.send(s); err != nil {
				return err
			}
			states[a], prepared = state, append(prepared, *s)
		}
		message, err := v.PrepSharesToPrep(prepared)
		if err != nil {
			return err
		}
		for a, state := range states {
			out, err := v.PrepNext(state, message)
			if err != nil {
				return err
			}
			v.AggregateUpdate(&sums[a], out)
		}
	}
	watch.lap("aggregate")
	for a := range sums {
		if err := p.send(&sums[a]); err != nil {
			return err
		}
	}
	opened, err := v.Unshard(sums, uint(p.Parties))
	if err != nil {
		return err
	}
	for _, sum := range *opened {
		p.sums = append(p.sums, int64(sum))
	}
	watch.lap("open")
	p.costs.Phases, p.costs.Delays = watch.phases, 4
	p.costs.Own = []ownFigure{{"up", "B/value", float64(up) / float64(p.N)}}
	return nil
}

// send counts a message.
func (p *prio3Party) send(m encoding.BinaryMarshaler) error {
	b, err := m.MarshalBinary()
	p.costs.Sent += int64(len(b))
	return err
}

func (p *prio3Party) finish() (costs, error) { return p.costs, p.check(p.sums) }
