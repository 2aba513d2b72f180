package vole

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A Config says how a run goes. Both parties need the same, except for Workers.
type Config struct {
	// Malicious adds what makes a run secure against parties that deviate.
	Malicious bool
	// Workers is the number of goroutines that compute. Zero means one.
	Workers int
	// Subspace says that the elements of a lie in the space V of package
	// gf128, in which the low word determines the high one: the code and its
	// noise are then over the subfield of 2^64 elements [BCGIKRS19], and delta,
	// b and c over the whole field. It is for semi-honest parties that need no
	// more of a.
	Subspace bool
	// Type is the first of the [Types] frame types that a run uses, at most 123.
	Type byte
	// Context enters every hash, so that runs in different contexts have
	// nothing in common. It is at most 32 KiB long.
	Context []byte
	// Room, if it is not nil, is where the run takes its memory from, and gives back
	// what it does not need any more: m blocks or more at the sender, 2m at the
	// receiver. The outputs are taken from it too. What it holds is the party's secret.
	Room *hugepage.Room
	// Coins is all the randomness of this party, for a protocol that must be
	// reproducible in tests. It must be uniformly random and serve one run.
	// Nil means fresh coins.
	Coins *[32]byte
}

// Types is the number of frame types of a run.
const Types = 5

// maxContext leaves room for the labels that are put around a context.
const maxContext = 32 << 10

var errDelta = errors.New("vole: the lowest bit of delta must be one")

func (c *Config) check(m int) error {
	switch {
	case m < 1 || m > MaxLen:
		return fmt.Errorf("vole: %d correlations are not between 1 and %d", m, MaxLen)
	case c.Type < 1 || c.Type > 127-Types+1:
		return fmt.Errorf("vole: frame types from %d on", c.Type)
	case len(c.Context) > maxContext:
		return fmt.Errorf("vole: a context of %d bytes is longer than %d", len(c.Context), maxContext)
	case c.Subspace && c.Malicious:
		return errors.New("vole: a subspace is for semi-honest parties")
	case c.Workers < 0:
		return fmt.Errorf("vole: %d workers", c.Workers)
	}
	return nil
}

// Send is the sender's side of m correlations under delta, which should be
// uniformly random. It returns b.
func Send(s *session.Session, cfg Config, m int, delta prg.Block) (b []prg.Block, err error) {
	return send(s, cfg, m, false, delta, cfg.coins())
}

// Receive is the receiver's side of m correlations.
func Receive(s *session.Session, cfg Config, m int) (a, c []prg.Block, err error) {
	return receive(s, cfg, m, false, cfg.coins())
}

// SendCorrelated is the sender's side of m correlated oblivious transfers under
// delta, whose lowest bit must be one and whose others should be uniformly
// random. The lowest bit of each b is zero.
func SendCorrelated(s *session.Session, cfg Config, m int, delta prg.Block) (b []prg.Block, err error) {
	if delta.Lo&1 == 0 { // a matter of form, not of the secret
		return nil, errDelta
	}
	return send(s, cfg, m, true, delta, cfg.coins())
}

// ReceiveCorrelated is the receiver's side of m correlated oblivious transfers.
// The choices are random; the lowest bit of each c is the choice.
func ReceiveCorrelated(s *session.Session, cfg Config, m int) (c []prg.Block, err error) {
	_, c, err = receive(s, cfg, m, true, cfg.coins())
	return c, err
}

// A Cost says what a run sends, in bytes.
type Cost struct {
	Sent     int // by the sender, without frame headers
	Received int // by the sender
	Flights  int // messages that wait for each other
}

// Cost returns the cost of m correlations, or of m correlated oblivious
// transfers.
func (c Config) Cost(m int, correlated bool) Cost {
	p := newPlan(m, correlated, c)
	cost := Cost{Sent: p.openSize() + p.treesSize(), Received: p.replySize(), Flights: 3}
	if c.Malicious {
		cost.Sent += digestSize
		cost.Received += challengeSize
		cost.Flights += 2
	}
	return cost
}

func send(s *session.Session, cfg Config, m int, binary bool, delta prg.Block, coins *coins) ([]prg.Block, error) {
	if err := cfg.check(m); err != nil {
		return nil, err
	}
	p := newPlan(m, binary, cfg)
	p.step, p.await = s.Step, s.Await
	s.Phase("vole: base")
	st, msg, err := p.open(delta, coins)
	if err != nil {
		return nil, err
	}
	if err := s.Send(cfg.Type, msg); err != nil {
		return nil, err
	}
	msg = make([]byte, p.replySize())
	if err := s.Recv(cfg.Type+1, msg); err != nil {
		return nil, err
	}
	s.Steps("vole: trees", p.noise)
	if msg, err = st.trees(msg); err != nil {
		return nil, peer(s, err)
	}
	if err := s.Send(cfg.Type+2, msg); err != nil {
		return nil, err
	}
	if cfg.Malicious {
		s.Phase("vole: check")
		msg = make([]byte, challengeSize)
		if err := s.Recv(cfg.Type+3, msg); err != nil {
			return nil, err
		}
		if err := s.Send(cfg.Type+4, st.answer(msg)); err != nil {
			return nil, err
		}
	}
	s.Steps("vole: code", p.codeSteps())
	b, err := st.finish()
	if err != nil {
		return nil, err
	}
	p.Room.Give(st.parity)
	return b[:m:m], nil
}

func receive(s *session.Session, cfg Config, m int, binary bool, coins *coins) (a, c []prg.Block, err error) {
	if err := cfg.check(m); err != nil {
		return nil, nil, err
	}
	p := newPlan(m, binary, cfg)
	p.step, p.await = s.Step, s.Await
	s.Phase("vole: base")
	msg := make([]byte, p.openSize())
	if err := s.Recv(cfg.Type, msg); err != nil {
		return nil, nil, err
	}
	st, msg, err := p.reply(msg, coins)
	if err != nil {
		return nil, nil, peer(s, err)
	}
	if err := s.Send(cfg.Type+1, msg); err != nil {
		return nil, nil, err
	}
	msg = make([]byte, p.treesSize())
	if err := s.Recv(cfg.Type+2, msg); err != nil {
		return nil, nil, err
	}
	s.Steps("vole: trees", p.noise)
	if msg, err = st.grow(msg); err != nil {
		return nil, nil, peer(s, err)
	}
	if cfg.Malicious {
		s.Phase("vole: check")
		if err := s.Send(cfg.Type+3, msg); err != nil {
			return nil, nil, err
		}
		msg = make([]byte, digestSize)
		if err := s.Recv(cfg.Type+4, msg); err != nil {
			return nil, nil, err
		}
		if err := st.verify(msg); err != nil {
			return nil, nil, peer(s, err)
		}
	}
	s.Steps("vole: code", p.codeSteps())
	if a, c, err = st.finish(); err != nil {
		return nil, nil, err
	}
	p.Room.Give(st.parity)
	if !binary {
		a = a[:m:m]
	}
	return a, c[:m:m], nil
}

// peer says that an error is the other side's, unless the session has ended.
func peer(s *session.Session, err error) error {
	if ended := s.Step(0); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: %w", session.ErrPeer, err)
}

// coins are all the randomness of a party in a run.
type coins [32]byte

// coins returns the coins to use.
func (c *Config) coins() *coins {
	if c.Coins != nil {
		return (*coins)(c.Coins)
	}
	fresh := new(coins)
	rand.Read(fresh[:])
	return fresh
}
