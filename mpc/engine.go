package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/rep3"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// An Adversary is what a corrupted party may do. There is no default.
type Adversary uint8

// SemiHonest says that a corrupted party follows the protocol, and tries to learn
// from what it sees.
const SemiHonest Adversary = 1

// String returns the name of a.
func (a Adversary) String() string {
	if a == SemiHonest {
		return "SemiHonest"
	}
	return fmt.Sprintf("Adversary(%d)", uint8(a))
}

// A Config is what all parties agree on.
type Config struct {
	// Adversary must be set.
	Adversary Adversary
	// Context is what the parties agreed upon outside, as the hash of a contract.
	// A run of different ones fails. At most 65535 bytes.
	Context []byte
}

var (
	// ErrPeer says that another party broke the protocol, or that the stream
	// altered what it sent.
	ErrPeer = session.ErrPeer
	// ErrIncompatible says that two parties are configured differently.
	ErrIncompatible = session.ErrIncompatible
	// ErrAborted says that another party stopped.
	ErrAborted = session.ErrAborted
)

// A PartyError says on the link with which party an error came up. It is that
// party's fault if it wraps [ErrPeer]. If it wraps [ErrAborted], that party stopped,
// perhaps only because the third one did.
type PartyError = engine.PartyError

// Stats says what a run cost this party so far.
type Stats = engine.Stats

// An Engine is one party of a run. It is not safe for concurrent use. After an
// error of the streams, of another party or of a context, every call returns it.
type Engine struct {
	party engine.Party
	stats Stats
	err   error
}

// New joins this party, self, to the others. All call it at about the same time.
// peers[i] is the stream to party i, and peers[self] is not used. The streams must
// be authenticated and encrypted; they need SetDeadline or Close to be interrupted
// when ctx or that of another call ends. ctx bounds the whole run.
//
// When New fails there is nothing to close.
func New(ctx context.Context, self int, peers []io.ReadWriter, cfg *Config) (*Engine, error) {
	if cfg == nil || cfg.Adversary == 0 {
		return nil, errors.New("mpc: set Config.Adversary")
	}
	if self < 0 || self >= len(peers) {
		return nil, fmt.Errorf("mpc: party %d of %d", self, len(peers))
	}
	for i, peer := range peers {
		if peer == nil && i != self {
			return nil, fmt.Errorf("mpc: the stream to party %d is nil", i)
		}
	}
	p, err := open(ctx, self, peers, cfg)
	if err != nil {
		return nil, fmt.Errorf("mpc: %w", err)
	}
	e := &Engine{party: p, stats: p.Stats()}
	return e, nil
}

// open joins this party to the others by the protocol for so many and the adversary.
func open(ctx context.Context, self int, peers []io.ReadWriter, cfg *Config) (engine.Party, error) {
	switch {
	case len(peers) == rep3.Parties && cfg.Adversary == SemiHonest:
		return rep3.Open(ctx, self, peers[(self+1)%rep3.Parties], peers[(self+2)%rep3.Parties], cfg.Context)
	}
	return nil, fmt.Errorf("there is no protocol for %d parties and the adversary %v", len(peers), cfg.Adversary)
}

// Self returns which party this is.
func (e *Engine) Self() int { return e.party.Index() }

// Parties returns how many parties there are, which are 0 to one less.
func (e *Engine) Parties() int { return e.party.Parties() }

// Close ends the run. If all went well it waits for the others to be done too, and
// checks that nothing was altered on the way; otherwise it tells them. It returns
// what stopped the run. Pass reason if this party stops for a reason of its own, and
// nil otherwise. The streams stay open. Close must be called once, as the last call.
func (e *Engine) Close(reason error) error {
	if e.err == nil {
		e.err = reason
	}
	err := e.party.Close(e.err)
	if err == nil {
		e.err = errors.New("mpc: the engine is closed")
		return nil
	}
	e.err = err
	return err
}

// Stats returns the costs so far, of New and of all calls that succeeded.
func (e *Engine) Stats() Stats { return e.stats }

// during calls f, which talks to the others, and interrupts it when ctx ends.
func (e *Engine) during(ctx context.Context, f func() error) error {
	if e.err == nil {
		e.err = ctx.Err()
	}
	if e.err != nil {
		return e.err
	}
	stop := context.AfterFunc(ctx, func() { e.party.Interrupt(context.Cause(ctx)) })
	defer stop()
	if err := f(); err != nil {
		e.err = fmt.Errorf("mpc: %w", err)
		return e.err
	}
	e.stats = e.party.Stats()
	return nil
}

// vec returns a vector of n zeros.
func (e *Engine) vec(r Range, fraction, n int) *Vec {
	return &Vec{engine: e, r: r, fraction: fraction, share: e.party.NewVec(n)}
}

// Input shares n numbers of party from, all of them in r. That party passes them as
// values, which are checked, and the others pass nil.
func (e *Engine) Input(ctx context.Context, from, n int, r Range, values []int64) (*Vec, error) {
	switch {
	case from < 0 || from >= e.Parties():
		return nil, fmt.Errorf("mpc: input from party %d of %d", from, e.Parties())
	case n < 0:
		return nil, fmt.Errorf("mpc: input of %d numbers", n)
	case r.Min > r.Max:
		return nil, fmt.Errorf("mpc: the range %v is empty", r)
	case from == e.Self() && len(values) != n:
		return nil, fmt.Errorf("mpc: %d values instead of %d", len(values), n)
	case from != e.Self() && values != nil:
		return nil, fmt.Errorf("mpc: values at party %d for an input from party %d; pass nil", e.Self(), from)
	}
	if _, err := e.rangeOf("an input", big.NewInt(r.Min), big.NewInt(r.Max)); err != nil {
		return nil, err
	}
	for i, x := range values {
		if x < r.Min || x > r.Max {
			return nil, fmt.Errorf("mpc: value %d is not in %v", i, r)
		}
	}
	v := &Vec{engine: e, r: r}
	err := e.during(ctx, func() (err error) {
		v.share, err = e.party.Input(from, n, values)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// scheme is how the engine holds numbers, in terms of package share.
var scheme = share.Scheme{Kind: share.Replicated, Ring: share.Z64, Quorum: share.Quorum{Needed: 2, Parties: rep3.Parties}}

// InputShares returns the vector that s is a share of. It must be of kind
// Replicated over Z64, 2 of 3, and its index this party's plus one; the other parties
// pass the other shares. Whoever shared the numbers answers for their range, which
// nobody can check. Nothing is sent, so that clients need not take part.
func (e *Engine) InputShares(s *share.Share, r Range) (*Vec, error) {
	if s == nil || s.Scheme() != scheme {
		return nil, errors.New("mpc: the share is not Replicated over Z64, 2 of 3")
	}
	if s.Index() != e.Self()+1 {
		return nil, fmt.Errorf("mpc: share %d at party %d, which takes share %d", s.Index(), e.Self(), e.Self()+1)
	}
	if r.Min > r.Max {
		return nil, fmt.Errorf("mpc: the range %v is empty", r)
	}
	parts := s.Parts()
	own, next := parts[0], parts[1]
	if e.Self() == 1 {
		own, next = next, own
	}
	return &Vec{engine: e, r: r, share: engine.Vec{Parts: [][]uint64{own, next}}}, nil
}

// Shares returns this party's share of v, to be stored, sent or used in another
// run. Of fixed-point numbers it is one of the integers before the division. The id must be the same at all parties and of no other sharing.
func (e *Engine) Shares(v *Vec, id [share.IDSize]byte) (*share.Share, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	// Party i has the summands i and i+1, and lacks i+2. Those of a share are in the
	// order of who lacks them, which is party j+1 for the summand j.
	parts := v.share.Clone().Parts
	if e.Self() == 1 {
		slices.Reverse(parts)
	}
	return share.NewShare(scheme, id, e.Self()+1, v.Len(), parts)
}

// own returns an error unless all v are vectors of this engine.
func (e *Engine) own(vs ...*Vec) error {
	for _, v := range vs {
		if v == nil || v.engine != e {
			return errMixed
		}
	}
	return nil
}

// Open opens v, of integers, to the parties in to, which learn all its elements, and
// returns nil to others. Name all parties to open it to everybody.
func (e *Engine) Open(ctx context.Context, v *Vec, to ...int) ([]int64, error) {
	if err := e.own(v); err != nil {
		return nil, err
	}
	if v.fraction != 0 {
		return nil, errors.New("mpc: Open of fixed-point numbers; use OpenFixed")
	}
	return e.open(ctx, v, to)
}

// open opens v, of fixed-point numbers before the division.
func (e *Engine) open(ctx context.Context, v *Vec, to []int) ([]int64, error) {
	learns, err := e.recipients(to)
	if err != nil {
		return nil, err
	}
	var values []int64
	err = e.during(ctx, func() (err error) {
		values, err = e.party.Reveal(v.share, learns)
		return err
	})
	if err != nil || values == nil {
		return nil, err
	}
	outside := false
	for _, x := range values {
		outside = outside || x < v.r.Min || x > v.r.Max
	}
	if outside {
		// Shares that do not fit together, or a declared range that does not hold.
		e.err = fmt.Errorf("mpc: what was opened is not in %v: the shares of an input do not fit together, or its range is wrong", v.r)
		return nil, e.err
	}
	return values, nil
}

// recipients returns which parties are in to.
func (e *Engine) recipients(to []int) ([]bool, error) {
	learns := make([]bool, e.Parties())
	for _, i := range to {
		if i < 0 || i >= len(learns) || learns[i] {
			return nil, fmt.Errorf("mpc: opening to parties %v, which are not some of %d different ones from 0", to, len(learns))
		}
		learns[i] = true
	}
	if len(to) == 0 {
		return nil, errors.New("mpc: opening to nobody; name the parties that learn the vector")
	}
	return learns, nil
}
