package two

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Parties is the number of parties.
const Parties = 2

var (
	_ engine.Shuffler = (*Party)(nil)
	_ engine.Gates    = (*Party)(nil)
)

const (
	version = 6
	// The numbers of the protocols in hellos: between the two, and with a dealer.
	helloProtocol       = 17
	helloDealerProtocol = 18
)

// Frame types between the two parties. Those of silent transfers take several.
const (
	typeKey        = 1
	typeWords      = 2
	typeMasks      = 3
	typeChoose     = 4
	typeReply      = 5
	typeExtension  = 6
	typeCorrection = 7
	typePublic     = 8
	typeAsk        = 9
	typeAnswered   = 10
	typeHistory    = 11
	typeSilent     = 16 // and on, for party 0 as the sender
	typeSilentBack = 32 // and on, for party 1
)

// A Vec is a party's share of a vector: its summand of each number, or its part of each
// word, in one column.
type Vec = engine.Vec

const columns = 1

// NewVec returns a share of n zeros.
func NewVec(n int) Vec { return engine.New(columns, n) }

// A Config is what both parties agree on, but for Stock.
type Config struct {
	// Source says where triples come from. There is no default: [Encryption] and
	// [Transfers] trust nobody, a [Dealer] must not collude with either party.
	Source Source
	// Stock is what was prepared in an earlier run, or nil. It is used up first.
	Stock *Stock
	// Agreed binds the run to what the parties agreed upon outside. It is at most
	// 16 KiB long.
	Agreed []byte
}

const maxAgreed = 16 << 10

// A Party is one of the two.
type Party struct {
	index  int
	peer   *session.Session
	cancel context.CancelCauseFunc // of all sessions
	// joint is a stream that both parties have: one's share of the other's input.
	joint *prg.PRG
	// private is a stream of this party's coins.
	private *prg.PRG
	stock   *Stock
	maker   maker
	rounds  int
	history engine.History
	// Where it is not nil there is no other party, and this counts what would be sent.
	rehearsal *tally
	// Messages under way, one each way, of chunk words, and as bytes for machines where
	// words have no other.
	masked, unmasked   []uint64
	sending, receiving []byte
	flat               [3][]uint64 // operands of And in one piece
}

// String returns the type and index of p, and nothing of its values.
func (p *Party) String() string { return fmt.Sprintf("two.Party(%d)", p.index) }

// Format implements [fmt.Formatter], so that no verb prints the values of p.
func (p *Party) Format(f fmt.State, verb rune) { io.WriteString(f, p.String()) }

// coins are all the randomness of a party.
type coins [32]byte

// stream returns a stream of the coins, which all other seeds are from.
func (c *coins) stream() *prg.PRG {
	sum := sha256.Sum256(c[:])
	return prg.New([prg.Size]byte(sum[:prg.Size]))
}

// Open joins party index, which is 0 or 1, to the other one. It takes over the stock in
// cfg, whether it fails or not. When it fails there is nothing to close.
func Open(ctx context.Context, index int, peer io.ReadWriter, cfg *Config) (*Party, error) {
	c := new(coins)
	rand.Read(c[:])
	return open(ctx, index, peer, cfg, c)
}

func open(ctx context.Context, index int, peer io.ReadWriter, cfg *Config, c *coins) (*Party, error) {
	switch {
	case index < 0 || index >= Parties:
		return nil, fmt.Errorf("two: party %d is not 0 or 1", index)
	case cfg == nil || cfg.Source == nil:
		return nil, errors.New("two: set Config.Source, which says where triples come from")
	}
	tag, err := agreement(cfg.Agreed)
	if err != nil {
		return nil, err
	}
	stock, err := cfg.Stock.claim(index)
	if err != nil {
		return nil, err
	}
	p := newParty(index, c, stock)
	ctx, p.cancel = context.WithCancelCause(ctx)
	role := session.RoleA
	if index == 1 {
		role = session.RoleB
	}
	var nonce, key [prg.Size]byte
	p.private.Bytes(nonce[:])
	p.private.Bytes(key[:])
	s, claimed, err := session.Open(ctx, peer, session.Hello{
		Protocol:        helloProtocol,
		ProtocolVersion: version,
		Role:            role,
		Nonce:           nonce,
		Items:           uint64(index),
		Terms: []session.Term{
			{Name: "contexts", Value: tag},
			{Name: "sources of triples", Value: cfg.Source.term()},
			{Name: "stocks of triples", Value: stock.term()},
		},
	})
	if err == nil {
		p.peer = s
		if claimed != uint64(p.other()) {
			err = fmt.Errorf("%w: it says that it is party %d", session.ErrIncompatible, claimed)
		}
	}
	if err != nil {
		return nil, p.Close(engine.At(1-index, err))
	}
	if p.maker, err = cfg.Source.open(ctx, p, tag); err == nil {
		err = p.agree(key)
	}
	if err != nil {
		return nil, p.Close(err)
	}
	return p, nil
}

// newParty returns a party without sessions.
func newParty(index int, c *coins, stock *Stock) *Party {
	return &Party{index: index, stock: stock, private: c.stream(),
		masked: make([]uint64, chunk), unmasked: make([]uint64, chunk),
		sending: make([]byte, 8*chunk), receiving: make([]byte, 8*chunk)}
}

// agreement is what enters all tags of a run.
func agreement(agreed []byte) ([]byte, error) {
	if len(agreed) > maxAgreed {
		return nil, fmt.Errorf("two: an agreement of %d bytes is longer than %d", len(agreed), maxAgreed)
	}
	return label.New("two", version, "agreement", agreed)
}

// agree makes the joint stream of both parties' keys, and compares which run of the
// source each is in.
func (p *Party) agree(key [prg.Size]byte) error {
	run := p.maker.run()
	mine := append(key[:], run[:]...)
	theirs := make([]byte, len(mine))
	if err := p.swap(typeKey, mine, theirs); err != nil {
		return err
	}
	if [prg.Size]byte(theirs[prg.Size:]) != run {
		return engine.At(p.other(), fmt.Errorf("%w: it has another dealer, or another run of it", session.ErrIncompatible))
	}
	for i := range key {
		key[i] ^= theirs[i]
	}
	p.joint = prg.New(key)
	return nil
}

// Index returns which party p is.
func (p *Party) Index() int { return p.index }

// Parties returns two.
func (p *Party) Parties() int { return Parties }

func (p *Party) other() int { return 1 - p.index }

// Bounds returns all integers of 64 bits.
func (p *Party) Bounds() (lowest, highest int64) { return math.MinInt64, math.MaxInt64 }

// Stats returns what the sessions with the other party and with a dealer cost. Rounds are
// those of calls, not those in which triples are made.
func (p *Party) Stats() engine.Stats {
	if p.rehearsal != nil {
		return engine.Stats{Sent: p.rehearsal.Sent, Received: p.rehearsal.Received, Rounds: p.rounds}
	}
	a, b := p.peer.Stats(), p.maker.stats()
	return engine.Stats{Sent: a.Sent + b.Sent, Received: a.Received + b.Received, Rounds: p.rounds}
}

// Follow sets the history that openings compare.
func (p *Party) Follow(h engine.History) { p.history = h }

// Interrupt ends what is under way, and the run, with a reason.
func (p *Party) Interrupt(reason error) { p.cancel(reason) }

// Close ends the run. What is left of the stock can be taken before by [Party.Leftover].
func (p *Party) Close(err error) error {
	if p.rehearsal != nil {
		return err
	}
	if err == nil && p.maker != nil {
		// The source first, since what it finds at the end concerns the other party too.
		err = p.maker.close(nil)
		p.maker = nil
	}
	if err == nil {
		err = engine.At(p.other(), p.history.End(p.peer, typeHistory, p.index == 0))
	}
	var links []func(err error) error
	if p.peer != nil {
		links = append(links, func(err error) error { return engine.At(p.other(), p.peer.Close(err)) })
	}
	if p.maker != nil {
		links = append(links, p.maker.close)
	}
	err = engine.CloseLinks(err, links...)
	p.cancel(nil)
	if err != nil {
		return fmt.Errorf("two: %w", err)
	}
	return nil
}

// swap sends a message while it receives one of the other party.
func (p *Party) swap(typ byte, mine, theirs []byte) error {
	return engine.At(p.other(), p.peer.Duplex(
		func() error { return p.peer.Send(typ, mine) },
		func() error { return p.peer.Recv(typ, theirs) }))
}
