package mpc

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// schemeOf returns how so many parties hold numbers.
func schemeOf(parties int) share.Scheme {
	s := share.Scheme{Kind: share.Replicated, Ring: share.Z64, Quorum: share.Quorum{Needed: 2, Parties: parties}}
	switch {
	case parties == 2:
		s.Kind = share.Additive
	case parties >= many.Least:
		s.Kind, s.Ring, s.Quorum.Needed = share.Shamir, share.F61, (parties+1)/2
	}
	return s
}

// InputShares returns the vector that s is a share of, so that clients can share numbers
// and leave. With three parties it must be of kind Replicated over Z64, 2 of 3, with two
// of kind Additive over Z64, and with n >= 4 of kind Shamir over F61, (n+1)/2 of n, rounded
// down, where [share.Modulus] less k stands for -k; and its index this party's plus one; the other parties pass the
// other shares. Whoever shared the numbers answers for their range, which nobody can
// check. For malicious parties they compare, in one round, that they have shares of the same
// vector.
func (e *Engine) InputShares(ctx context.Context, s *share.Share, r Range) (*Vec, error) {
	if s == nil || s.Scheme() != e.scheme {
		return nil, fmt.Errorf("mpc: the share is not %v over %v, %v", e.scheme.Kind, e.scheme.Ring, e.scheme.Quorum)
	}
	if s.Index() != e.Self()+1 {
		return nil, fmt.Errorf("mpc: share %d at party %d, which takes share %d", s.Index(), e.Self(), e.Self()+1)
	}
	if r.Min > r.Max {
		return nil, fmt.Errorf("mpc: the range %v is empty", r)
	}
	if _, err := e.rangeOf("an input", big.NewInt(r.Min), big.NewInt(r.Max)); err != nil {
		return nil, err
	}
	v := &Vec{engine: e, r: r, share: engine.Vec{Parts: e.order(s.Parts())}}
	id := s.ID()
	err := e.call(ctx, of("InputShares", id[:], s.Len(), r), func() error {
		if p, ok := e.party.(interface{ Agree(engine.Vec) error }); ok {
			return p.Agree(v.share)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.past = e.history.result(0)
	return v, nil
}

// Shares returns this party's share of v, to be stored, sent or used in another
// run. Of fixed-point numbers it is one of the integers before the division. The id must
// be the same at all parties and of no other sharing. What malicious parties computed is
// checked only when something is opened, or by Close: until then a share may be wrong. When
// the run is over there are no more.
func (e *Engine) Shares(v *Vec, id [share.IDSize]byte) (*share.Share, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	if e.err != nil {
		return nil, e.err
	}
	own := v.share.Clone()
	if e.alone {
		own = e.party.NewVec(v.Len()) // and not what memory had before
	}
	s, err := share.NewShare(e.scheme, id, e.Self()+1, v.Len(), e.order(own.Parts))
	if err != nil {
		return nil, err
	}
	e.record(of("Shares", id[:], v))
	return s, nil
}

// order returns the parts of a share as vectors have them, or those of a vector as shares
// have them. Party i of three has the summands i and i+1, and lacks i+2. Those of a share
// are in the order of who lacks them, which is party j+1 for the summand j.
func (e *Engine) order(parts [][]uint64) [][]uint64 {
	if len(parts) == 2 && e.Self() == 1 {
		parts = slices.Clone(parts)
		slices.Reverse(parts)
	}
	return parts
}
