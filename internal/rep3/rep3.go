// Package rep3 computes on vectors over Z_2^64 that three parties hold in
// replicated shares [AFLNO16, in the form of MR18]: any two of them have the
// secrets, one alone has nothing.
//
// [Open] joins a party to the two others. [Party.Input] shares a party's numbers,
// [Party.Mul], [Party.Dot] and [Party.MatMul] multiply, [Party.Reveal] opens a vector.
// [Party.InputBits], [Party.And] and [Party.RevealBits] do the same for words of bits.
// Everything linear is local: add or scale both halves of a [Vec]. All parties must
// call the same methods in the same order, with vectors of the same lengths.
//
// The secret is x_0 + x_1 + x_2 modulo 2^64. Party i has x_i and x_(i+1), where
// indexes are modulo 3, and keys k_i and k_(i+1). It sends to party i-1 and
// receives from party i+1:
//
//	k_i             ------->   party i-1   keys, once
//	z_i             ------->   party i-1   a product, masked by F(k_i) - F(k_(i+1))
//
// # Security
//
// Semi-honest, with at most one of the three corrupted: it follows the protocol and
// sees, beside its inputs and what is opened, uniformly random words only, if
// AES-128 in counter mode is pseudorandom [AFLNO16]. A party that deviates can make
// results wrong without notice. Computation is constant-time, but for the order in which
// [Party.Shuffle] and [Party.Sort] read memory: whoever watches the caches of two of the
// machines learns in which order the elements are put.
//
// Streams must be authenticated and encrypted by the caller.
//
// # Leakage
//
// Lengths, the operations, and what is opened.
//
// # Cost
//
// In bytes that each party sends, and message delays: multiplication 8 for each
// element and 1, so the conjunction of words, inner product 8 and 1, opening 8 for
// each element and the history to both others and 1, input 8 for each element, from one
// party to one other, and 1.
// Five bytes more for each message, which is of up to 16256 elements. The methods of
// conversions, Truncate, Shuffle and Sort say what these take.
//
// # References
//
//   - [AFLNO16] Toshinori Araki, Jun Furukawa, Yehuda Lindell, Ariel Nof, Kazuma
//     Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an
//     Honest Majority. CCS 2016, eprint 2016/768.
//   - [AFOPRT21] Toshinori Araki, Jun Furukawa, Kazuma Ohara, Benny Pinkas, Hanan
//     Rosemarin, Hikaru Tsuchida: Secure Graph Analysis at Scale. CCS 2021.
//   - [AHIKNT22] Gilad Asharov, Koki Hamada, Dai Ikarashi, Ryo Kikuchi, Ariel Nof, Benny
//     Pinkas, Katsumi Takahashi, Junichi Tomida: Efficient Secure Three-Party Sorting
//     with Applications to Data Analysis and Heavy Hitters. CCS 2022.
//   - [HICT14] Koki Hamada, Dai Ikarashi, Koji Chida, Katsumi Takahashi: Oblivious Radix
//     Sort: An Efficient Sorting Algorithm for Practical Secure Multi-party Computation.
//     eprint 2014/121.
//   - [LWZ11] Sven Laur, Jan Willemson, Bingsheng Zhang: Round-Efficient Oblivious
//     Database Manipulation. ISC 2011.
//   - [MR18] Payman Mohassel, Peter Rindal: ABY3: A Mixed Protocol Framework for
//     Machine Learning. CCS 2018, eprint 2018/403.
package rep3

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Parties is the number of parties.
const Parties = 3

var _ engine.Party = (*Party)(nil)

const (
	version = 4
	// helloProtocol is the number of this protocol in hellos.
	helloProtocol = 16

	typeKey     = 1
	typeWord    = 2
	typeHistory = 3
)

// A Vec is a party's share of a vector. The two columns are summand i and summand i+1
// of each element, for party i.
type Vec = engine.Vec

const columns = 2

// NewVec returns a share of n zeros.
func NewVec(n int) Vec { return engine.New(columns, n) }

// A Party is one of the three.
type Party struct {
	index      int
	next, prev *session.Session
	cancel     context.CancelCauseFunc // of both sessions
	// Streams of k_i and of k_(i+1), for masks, and others for inputs.
	ownMask, nextMask   *prg.PRG
	ownInput, nextInput *prg.PRG
	// public is a stream that all three have, and that nobody need be kept from.
	public  *prg.PRG
	rounds  int
	history engine.History
	// Where it is not nil there are no others, and this counts what would be sent.
	rehearsal *engine.Stats
	// Messages under way, one each way, where words in memory are not what is sent.
	sending, receiving [8 * chunk]byte
	mask               [maskChunk]uint64
	maskBytes          [8 * maskChunk]byte
}

// coins are all the randomness of a party.
type coins struct {
	key   [prg.Size]byte // k_i
	nonce [prg.Size]byte // of both sessions; public
}

// Open joins party index, which is 0, 1 or 2, to the next one, index + 1, and the
// previous one, index - 1, modulo 3. All three have the same context, which binds
// the run to what they agreed upon outside. When it fails there is nothing to close.
func Open(ctx context.Context, index int, next, prev io.ReadWriter, agreed []byte) (*Party, error) {
	c := new(coins)
	rand.Read(c.key[:])
	rand.Read(c.nonce[:])
	return open(ctx, index, next, prev, agreed, c)
}

func open(ctx context.Context, index int, next, prev io.ReadWriter, agreed []byte, c *coins) (*Party, error) {
	if index < 0 || index >= Parties {
		return nil, fmt.Errorf("rep3: party %d is not 0, 1 or 2", index)
	}
	tag, err := label.New("rep3", version, "agreement", agreed)
	if err != nil {
		return nil, fmt.Errorf("rep3: %w", err)
	}
	p := &Party{index: index}
	if p.public, err = public(agreed); err != nil {
		return nil, fmt.Errorf("rep3: %w", err)
	}
	ctx, p.cancel = context.WithCancelCause(ctx)
	// Both at once: if all three waited for the next one first, nobody would
	// answer. When one fails, the other need not be waited for.
	err = p.each(func(isNext bool) (err error) {
		if isNext {
			p.next, err = p.meet(ctx, next, session.RoleA, 1, tag, c)
		} else {
			p.prev, err = p.meet(ctx, prev, session.RoleB, Parties-1, tag, c)
		}
		return err
	})
	if err == nil {
		err = p.keys(c)
	}
	if err != nil {
		return nil, p.Close(err)
	}
	return p, nil
}

// each calls f for the next and the previous party at once, and returns the first
// error. That ends what the other call is waiting for.
func (p *Party) each(f func(isNext bool) error) error {
	var first error
	var failed sync.Once
	var both sync.WaitGroup
	for _, isNext := range []bool{true, false} {
		both.Go(func() {
			if err := f(isNext); err != nil {
				failed.Do(func() {
					first = err
					p.cancel(err)
				})
			}
		})
	}
	both.Wait()
	return first
}

// meet opens the session with the party that many places further.
func (p *Party) meet(ctx context.Context, rw io.ReadWriter, role session.Role, places int, tag []byte, c *coins) (*session.Session, error) {
	other := (p.index + places) % Parties
	s, claimed, err := session.Open(ctx, rw, session.Hello{
		Protocol:        helloProtocol,
		ProtocolVersion: version,
		Role:            role,
		Nonce:           c.nonce,
		Items:           uint64(p.index),
		Terms:           []session.Term{{Name: "contexts", Value: tag}},
	})
	if err != nil {
		return nil, engine.At(other, err)
	}
	if claimed != uint64(other) {
		err := fmt.Errorf("%w: it says that it is party %d", session.ErrIncompatible, claimed)
		return nil, engine.At(other, s.Close(err))
	}
	return s, nil
}

// keys sends k_i to the previous party and receives k_(i+1): the setup of
// correlated randomness [AFLNO16].
func (p *Party) keys(c *coins) error {
	var theirs [prg.Size]byte
	err := p.prev.Duplex(
		func() error { return engine.At((p.index+2)%Parties, p.prev.Send(typeKey, c.key[:])) },
		func() error { return engine.At((p.index+1)%Parties, p.next.Recv(typeKey, theirs[:])) })
	if err != nil {
		return err
	}
	p.ownMask, p.ownInput = streams(c.key)
	p.nextMask, p.nextInput = streams(theirs)
	return nil
}

// streams returns the streams for masks and for inputs of a key.
func streams(key [prg.Size]byte) (mask, input *prg.PRG) {
	var seeds [2][prg.Size]byte
	p := prg.New(key)
	p.Bytes(seeds[0][:])
	p.Bytes(seeds[1][:])
	return prg.New(seeds[0]), prg.New(seeds[1])
}

// public returns the public stream of what was agreed.
func public(agreed []byte) (*prg.PRG, error) {
	tag, err := label.New("rep3", version, "public", agreed)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(tag)
	return prg.New([prg.Size]byte(sum[:prg.Size])), nil
}

// Index returns which party p is.
func (p *Party) Index() int { return p.index }

// Rehearse returns party index without others: it counts what would be sent and received,
// and computes nothing. What it opens means nothing.
func Rehearse(index int) (*Party, error) {
	if index < 0 || index >= Parties {
		return nil, fmt.Errorf("rep3: party %d is not 0, 1 or 2", index)
	}
	p := &Party{index: index, rehearsal: new(engine.Stats), cancel: func(error) {}}
	p.ownMask, p.ownInput = streams([prg.Size]byte{})
	p.nextMask, p.nextInput = streams([prg.Size]byte{})
	p.public = prg.New([prg.Size]byte{})
	return p, nil
}

// Parties returns three.
func (p *Party) Parties() int { return Parties }

// Bounds returns all integers of 64 bits.
func (p *Party) Bounds() (lowest, highest int64) { return math.MinInt64, math.MaxInt64 }

// Prepare has nothing to do.
func (p *Party) Prepare(engine.Demand) error { return nil }

// Follow sets the history that openings compare.
func (p *Party) Follow(h engine.History) { p.history = h }

// Stats returns what both sessions cost.
func (p *Party) Stats() engine.Stats {
	if p.rehearsal != nil {
		return engine.Stats{Sent: p.rehearsal.Sent, Received: p.rehearsal.Received, Rounds: p.rounds}
	}
	a, b := p.next.Stats(), p.prev.Stats()
	return engine.Stats{Sent: a.Sent + b.Sent, Received: a.Received + b.Received, Rounds: p.rounds}
}

// Interrupt ends what is under way, and the run, with a reason. It may be called at
// any time from another goroutine.
func (p *Party) Interrupt(reason error) { p.cancel(reason) }

// Close ends the run: with nil when all is done, which waits for the others to be
// done too, and otherwise with the error that stopped it, of which it tells the
// others. It returns the error to report. The streams stay open.
func (p *Party) Close(err error) error {
	if p.rehearsal != nil {
		return err
	}
	if err == nil {
		// Who comes first in a session sends its end first.
		err = p.each(func(isNext bool) error {
			s, other := p.link(isNext)
			return engine.At(other, p.history.End(s, typeHistory, isNext))
		})
	}
	var links []func(error) error
	for _, next := range []bool{true, false} {
		if s, other := p.link(next); s != nil {
			links = append(links, func(err error) error { return engine.At(other, s.Close(err)) })
		}
	}
	err = engine.CloseLinks(err, links...)
	p.cancel(nil)
	if err == nil {
		return nil
	}
	return fmt.Errorf("rep3: %w", err)
}
