package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// An Adversary is what a corrupted party may do. There is no default.
type Adversary uint8

const (
	// SemiHonest says that a corrupted party follows the protocol, and tries to learn
	// from what it sees.
	SemiHonest Adversary = iota + 1
	// Malicious says that a corrupted party does what it likes. Three parties find out
	// before anything is opened; see the package comment.
	Malicious
)

// String returns the name of a.
func (a Adversary) String() string {
	switch a {
	case SemiHonest:
		return "SemiHonest"
	case Malicious:
		return "Malicious"
	}
	return fmt.Sprintf("Adversary(%d)", uint8(a))
}

// A Config is what all parties agree on, but for Stock.
type Config struct {
	// Adversary must be set.
	Adversary Adversary
	// Triples says where two parties have what multiplications use up: from
	// [Encryption] or [Transfers] between them, or from a [Dealer] whom both trust. It
	// must be set for two parties, and only for two.
	Triples Source
	// Stock is what two parties, or four to sixteen, prepared in an earlier run, or
	// nil. It is used up first.
	Stock *Stock
	// Context is what the parties agreed upon outside, as the hash of a contract.
	// A run of different ones fails. At most 16384 bytes.
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
	party   engine.Party
	history history
	stats   Stats
	err     error
	alone   bool         // for Preview
	scheme  share.Scheme // of numbers, in terms of package share
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
	p, err := join(ctx, self, peers, cfg)
	if err != nil {
		return nil, fmt.Errorf("mpc: %w", err)
	}
	return &Engine{party: p, stats: p.Stats(), scheme: schemeOf(len(peers))}, nil
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
	if e.err == nil {
		err = e.history.explain(err)
	}
	e.err = err
	return err
}

// Stats returns the costs so far, of New and of all calls that succeeded.
func (e *Engine) Stats() Stats { return e.stats }

// call continues the history with what the user called, and calls f, which talks to the
// others, by [Engine.during].
func (e *Engine) call(ctx context.Context, o operation, f func() error) error {
	e.record(o)
	return e.during(ctx, f)
}

// record continues the history, unless the run is over: what failed may still be looking at it.
func (e *Engine) record(o operation) {
	if e.err != nil {
		return
	}
	e.history.add(o)
	e.party.Follow(e.history.History)
}

// during calls f, which talks to the others, and interrupts it when ctx ends.
func (e *Engine) during(ctx context.Context, f func() error) error {
	if e.err == nil && ctx.Err() != nil {
		e.err = session.ContextError(ctx)
	}
	if e.err != nil {
		return e.err
	}
	stop := context.AfterFunc(ctx, func() { e.party.Interrupt(context.Cause(ctx)) })
	defer stop()
	if err := f(); err != nil {
		e.err = e.history.explain(fmt.Errorf("mpc: %w", err))
		return e.err
	}
	e.stats = e.party.Stats()
	return nil
}

// vec returns a vector of n zeros.
func (e *Engine) vec(r Range, fraction, n int) *Vec {
	return &Vec{engine: e, r: r, fraction: fraction, share: e.party.NewVec(n)}
}

// unset returns a vector of n elements of any values, all of which are to be written.
func (e *Engine) unset(r Range, fraction, n int) *Vec {
	columns := len(e.party.NewVec(0).Parts)
	return &Vec{engine: e, r: r, fraction: fraction, share: engine.Unset(columns, n)}
}

// Input shares n numbers of party from, all of them in r. That party passes them as
// values, which are checked there and nowhere else, and the others pass nil.
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
	err := e.call(ctx, of("Input", from, n, r), func() (err error) {
		v.share, err = e.party.Input(from, n, values)
		return err
	})
	if err != nil {
		return nil, err
	}
	v.past = e.history.result(0)
	return v, nil
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
//
// Whoever cannot hold all elements of a long vector beside its shares opens it piece by piece:
// those of [Vec.Slice], in the same order at all parties. Each piece takes a round, which is
// nothing beside a million elements.
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
	learns, set, err := e.recipients(to)
	if err != nil {
		return nil, err
	}
	var values []int64
	err = e.opening(ctx, of("Open", v, set), func() (err error) {
		values, err = e.party.Reveal(v.share, learns)
		return err
	})
	if err != nil || values == nil {
		return nil, err
	}
	if e.alone {
		for i := range values {
			values[i] = v.r.Min
		}
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

// opening is call for what compares histories with all others.
func (e *Engine) opening(ctx context.Context, o operation, f func() error) error {
	if err := e.call(ctx, o, f); err != nil {
		return err
	}
	e.history.agree()
	return nil
}

// recipients returns which parties are in to, and the set of them as a sum of powers of two.
func (e *Engine) recipients(to []int) (learns []bool, set int, err error) {
	learns = make([]bool, e.Parties())
	for _, i := range to {
		if i < 0 || i >= len(learns) || learns[i] {
			return nil, 0, fmt.Errorf("mpc: opening to parties %v, which are not some of %d different ones from 0", to, len(learns))
		}
		learns[i] = true
		set |= 1 << i
	}
	if len(to) == 0 {
		return nil, 0, errors.New("mpc: opening to nobody; name the parties that learn the vector")
	}
	return learns, set, nil
}
