package many

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Least and Most are the smallest and the largest number of parties.
const (
	Least = 4
	Most  = 16
)

const (
	version = 7
	// helloProtocol is the number of this protocol in hellos.
	helloProtocol = 21

	typeKey     = 1
	typeNumber  = 2
	typeWord    = 3
	typeHistory = 4
	typeOrder   = 5
)

// A Vec is a party's share of a vector: one column of numbers, or as many columns of
// words of bits as elements of the small field have bits.
type Vec = engine.Vec

var _ engine.Party = (*Party)(nil)

// A Party is one of the n.
type Party struct {
	index, n, t   int
	links         []*link // that of the own index is nil
	cancel        context.CancelCauseFunc
	numbers, bits *space
	coins         *prg.PRG // what nobody else knows
	joint         *prg.PRG // what all parties know, and nobody before the run
	passes        []pass   // of a shuffle
	rounds        int
	history       engine.History
	// What is ready: masks of conversions, and random bits.
	readyMasks, readyBits pile
	// Where it is not nil there are no others, and this counts what would be sent.
	rehearsal *engine.Stats
}

// A link is what a party has with one other.
type link struct {
	session *session.Session
	// Streams of shares that this party deals to the other one, and the other way
	// round, which therefore need not be sent.
	to, from           *prg.PRG
	joint              [prg.Size]byte // the other one's part of the joint stream's seed
	sending, receiving [8 * chunk]byte
}

// coins are all the randomness of a party.
type coins struct {
	keys  [Most][prg.Size]byte // for the link with each
	own   [prg.Size]byte
	joint [prg.Size]byte // for all; public
	nonce [prg.Size]byte // of all sessions; public
}

// Open joins party self to the others: peers[i] is the stream to party i, and peers[self]
// is not used. All have the same context, which binds the run to what they agreed upon
// outside. A stock, of an earlier run, is used up first; nil has nothing. Open takes it over,
// whether it fails or not. When it fails there is nothing to close.
func Open(ctx context.Context, self int, peers []io.ReadWriter, stock *Stock, agreed []byte) (*Party, error) {
	c := new(coins)
	for i := range c.keys {
		rand.Read(c.keys[i][:])
	}
	rand.Read(c.own[:])
	rand.Read(c.joint[:])
	rand.Read(c.nonce[:])
	return open(ctx, self, peers, stock, agreed, c)
}

func open(ctx context.Context, self int, peers []io.ReadWriter, stock *Stock, agreed []byte, c *coins) (*Party, error) {
	n := len(peers)
	if n < Least || n > Most || self < 0 || self >= n {
		return nil, fmt.Errorf("many: party %d of %d, which are not %d to %d", self, n, Least, Most)
	}
	tag, err := label.New("many", version, "agreement", agreed)
	if err != nil {
		return nil, fmt.Errorf("many: %w", err)
	}
	stock, err = stock.claim(self, n)
	if err != nil {
		return nil, err
	}
	p := newParty(self, n)
	p.coins = prg.New(c.own)
	p.readyMasks, p.readyBits = stock.masks, stock.bits
	ctx, p.cancel = context.WithCancelCause(ctx)
	terms := []session.Term{
		{Name: "contexts", Value: tag},
		{Name: "numbers of parties", Value: []byte{byte(n)}},
		{Name: "stocks of masks", Value: stock.term()},
	}
	// All at once: nobody waits for a party that waits for another one.
	err = p.each(func(i int, l *link) error { return p.meet(ctx, i, l, peers[i], terms, c) })
	if err != nil {
		return nil, p.Close(err)
	}
	seed := c.joint
	for _, l := range p.links {
		if l != nil {
			subtle.XORBytes(seed[:], seed[:], l.joint[:])
		}
	}
	p.joint = prg.New(seed)
	return p, nil
}

// newParty returns a party without coins and sessions.
func newParty(self, n int) *Party {
	p := &Party{index: self, n: n, t: (n - 1) / 2, links: make([]*link, n)}
	p.numbers, p.bits = newNumbers(self, n, p.t), newBits(self, n, p.t)
	p.passes = passes(n)
	for i := range p.links {
		if i != self {
			p.links[i] = new(link)
		}
	}
	return p
}

// meet opens the session with party i, and exchanges keys with it: that of the link, and the part
// of the joint stream's.
func (p *Party) meet(ctx context.Context, i int, l *link, rw io.ReadWriter, terms []session.Term, c *coins) error {
	role := session.RoleA
	if i < p.index {
		role = session.RoleB
	}
	s, claimed, err := session.Open(ctx, rw, session.Hello{
		Protocol:        helloProtocol,
		ProtocolVersion: version,
		Role:            role,
		Nonce:           c.nonce,
		Items:           uint64(p.index),
		Terms:           terms,
	})
	if err != nil {
		return err
	}
	l.session = s
	if claimed != uint64(i) {
		return fmt.Errorf("%w: it says that it is party %d", session.ErrIncompatible, claimed)
	}
	mine := slices.Concat(c.keys[i][:], c.joint[:])
	theirs := make([]byte, 2*prg.Size)
	err = s.Duplex(
		func() error { return s.Send(typeKey, mine) },
		func() error { return s.Recv(typeKey, theirs) })
	if err != nil {
		return err
	}
	l.to, l.from = prg.New(c.keys[i]), prg.New([prg.Size]byte(theirs))
	l.joint = [prg.Size]byte(theirs[prg.Size:])
	return nil
}

// each calls f for all links at once, and returns the first error. That ends what the
// other calls are waiting for.
func (p *Party) each(f func(i int, l *link) error) error {
	var first error
	var failed sync.Once
	var all sync.WaitGroup
	for i, l := range p.links {
		if l == nil {
			continue
		}
		all.Go(func() {
			if err := f(i, l); err != nil {
				failed.Do(func() {
					first = engine.At(i, err)
					p.cancel(first)
				})
			}
		})
	}
	all.Wait()
	return first
}

// chunk is how many words go in one message. With its header it is a little less than 64 KiB,
// as TCP takes at once; see rep3.
const chunk = 1<<13 - 1<<6

// A letter is one column that goes to or comes from a party.
type letter struct {
	typ   byte
	words []uint64
}

// exchange sends and receives, at once and with all parties, the letters to and from
// each. It is one round. With agreeing it compares histories before.
func (p *Party) exchange(out, in [][]letter, agreeing bool) error {
	p.rounds++
	if p.rehearsal != nil {
		p.rehearse(out, in, agreeing)
		return nil
	}
	return p.each(func(i int, l *link) error {
		return l.session.Duplex(func() error {
			if agreeing {
				if err := p.history.Send(l.session, typeHistory); err != nil {
					return err
				}
			}
			for _, letter := range out[i] {
				if err := l.send(letter); err != nil {
					return err
				}
			}
			return nil
		}, func() error {
			if agreeing {
				if err := p.history.Recv(l.session, typeHistory); err != nil {
					return err
				}
			}
			for _, letter := range in[i] {
				if err := l.receive(letter); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// send sends the words of a letter, in messages of a chunk.
func (l *link) send(a letter) error {
	for words := a.words; len(words) > 0; {
		n := min(len(words), chunk)
		if err := l.session.Send(a.typ, ring64.Bytes(words[:n], l.sending[:])); err != nil {
			return err
		}
		words = words[n:]
	}
	return nil
}

// receive fills the words of a letter from what send makes of one.
func (l *link) receive(a letter) error {
	for words := a.words; len(words) > 0; {
		n := min(len(words), chunk)
		err := ring64.Fill(words[:n], l.receiving[:], func(b []byte) error { return l.session.Recv(a.typ, b) })
		if err != nil {
			return err
		}
		if a.typ == typeNumber && field.Canonical(words[:n]) >= 0 {
			return fmt.Errorf("%w: a share is not an element of the field", session.ErrPeer)
		}
		words = words[n:]
	}
	return nil
}

// Index returns which party p is.
func (p *Party) Index() int { return p.index }

// Parties returns how many parties there are.
func (p *Party) Parties() int { return p.n }

// Bounds returns the integers that elements of the field stand for, of which there
// are as many: the smallest one is -2^60, and the largest 2^60 - 2.
func (p *Party) Bounds() (lowest, highest int64) { return lowestNumber, highestNumber }

// Stats returns what all sessions cost.
func (p *Party) Stats() engine.Stats {
	stats := engine.Stats{Rounds: p.rounds}
	if p.rehearsal != nil {
		stats.Sent, stats.Received = p.rehearsal.Sent, p.rehearsal.Received
		return stats
	}
	for _, l := range p.links {
		if l != nil {
			s := l.session.Stats()
			stats.Sent += s.Sent
			stats.Received += s.Received
		}
	}
	return stats
}

// Follow sets the history that openings compare.
func (p *Party) Follow(h engine.History) { p.history = h }

// Interrupt ends what is under way, and the run, with a reason.
func (p *Party) Interrupt(reason error) { p.cancel(reason) }

// Close ends the run: with nil when all is done, which waits for the others to be
// done too, and otherwise with the error that stopped it, of which it tells the
// others. It returns the error to report. The streams stay open.
func (p *Party) Close(err error) error {
	p.readyMasks.drop()
	p.readyBits.drop()
	if p.rehearsal != nil {
		return err
	}
	if err == nil {
		err = p.each(func(i int, l *link) error {
			return p.history.End(l.session, typeHistory, p.index < i)
		})
	}
	var links []func(error) error
	for i, l := range p.links {
		if l != nil && l.session != nil {
			links = append(links, func(err error) error { return engine.At(i, l.session.Close(err)) })
		}
	}
	err = engine.CloseLinks(err, links...)
	p.cancel(nil)
	if err == nil {
		return nil
	}
	return fmt.Errorf("many: %w", err)
}
