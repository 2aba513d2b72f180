// Package psi computes private set intersections: two parties find out which
// items they both have, and nothing else about each other's items.
//
// Most callers want three calls. [NewSet] reads a party's items, for instance
// from package joinkey, which turns columns of a table into them. Then one party
// calls [Receive] and the other [Send], over any io.ReadWriter that both agree
// on, usually a TLS connection. The [Result] holds positions in the caller's own
// input, so rows with equal items come back together.
//
// # Protocols
//
// In each of them the parties compute a pseudorandom function F of their items
// under a key that neither has alone, cut to tags of the length that the sizes
// ask for. The receiver sees the sender's tags, in random order, and compares. An
// item is represented by 16 bytes of its SHA-256.
//
// [VOLE] is the protocol of Raghuraman and Rindal [RR22, section 4], for parties
// that are semi-honest [RR22, Fig. 4] or malicious [RS21]. A vector oblivious linear evaluation gives
// the receiver random vectors a and c, and the sender delta and b, with
// c = b + delta·a. The receiver encodes its items in a linear key-value store p,
// in which x decodes to H(x):
//
//	receiver                                    sender
//
//	hello, number of items     <------------>   hello, number of items
//	a, c                       <=== VOLE ===>   delta, b
//	p + a                      ------------->   k = b + delta·(p + a)
//	                           <-------------   T(y, decode(k, y) - delta·H(y)) for each y, shuffled
//	T(x, decode(c, x))
//	compare                    - - - - - - ->   which of the tags matched, if both learn the result
//
// Malicious parties moreover toss a coin that enters T, and check the VOLE.
// Semi-honest ones take a and p from a space of 2^64 elements, which halves what
// the receiver sends [RR22, section 4, low communication instantiation].
//
// [DH] is the OPRF protocol of Jarecki and Liu [JL10, section 3] in its
// semi-honest form, over the group ristretto255 [RFC9496], with secret scalars
// r and s:
//
//	receiver (r)                                sender (s)
//
//	hello, number of items     <------------>   hello, number of items
//	r·H(x) for each x          ------------->
//	                           <-------------   T(y, s·H(y)) for each y, shuffled
//	                           <-------------   s·r·H(x) for each x
//	T(x, 1/r · s·r·H(x))
//	compare                    - - - - - - ->   which of the tags matched, if both learn the result
//
// This is the construction of RFC 9497's mode OPRF with hash inputs of its own,
// and one blind for all items of a run.
//
// [Auto] takes DH for semi-honest parties with few items, otherwise VOLE.
//
// # Security
//
// Semi-honest: both parties follow the protocol and may think about what they
// saw for as long as they like. Neither learns more than what Leakage says. With
// DH that rests on H and T as random oracles, for the sender's view on the
// decisional Diffie-Hellman assumption in ristretto255, since all elements it
// sees have the same factor r, and for the receiver's on the one-more gap
// Diffie-Hellman assumption. With VOLE it rests on AES as an ideal cipher, and on
// what package internal/vole assumes: computational Diffie-Hellman, and that
// expand-convolute codes make dual LPN with regular noise hard. A semi-honest
// protocol has no answer to a party that deviates: a sender can make the
// receiver's result wrong without notice.
//
// Malicious: a party that deviates learns no more either, and what it makes the
// other believe is what some set of its own would have. It may choose that set
// after it has seen the other's size; a receiver's set may be as large as its
// store, 1.36 times what it declares; a sender may leave out tags or send ones of
// no item. Its items count as their 16-byte hashes, for which it can search
// collisions with 2^64 work: such a pair of items of one party passes for one
// item. Only the receiver can learn the result.
//
// What each message must look like is checked in both, and a message that does
// not is an error that wraps [ErrPeer].
//
// Two different items of the two parties pass for equal with a probability of at
// most 2^-40 in a whole run: 2^-41 for the tags, which have
// 41 + log2(items here · items there) bits, or 128 against malicious parties;
// 2^-42 for the narrow store of semi-honest ones; and less than 2^-63 for the item
// hashes, for as many items as a set can hold. That a run is in parts changes none of this. A store cannot be encoded with
// probability 2^-40, upon which the receiver tries again on its own.
//
// The stream must be authenticated and encrypted by the caller. Config.Context
// binds a run to what the parties agreed upon outside. Computation on scalars,
// group elements and the VOLE's secrets is constant-time. The memory that sets,
// stores and the search for matches touch depends on item hashes: someone who
// watches the cache of a party's machine may learn about its items.
//
// # Cancellation
//
// When the context ends, reads and writes on a stream with a working SetDeadline,
// as every net.Conn has, are interrupted, and a stream with only Close is closed.
// A stream with neither is not: a peer that says nothing can keep the call from
// returning. Computing stops after 2^16 items or fewer of a worker's. To tell the other
// side why it stops, a run takes a second or two at most beyond the end of the context:
// a side that computes finds out when it sends or receives next. Afterwards no deadline
// is set.
//
// # Leakage
//
// Each party learns how many different items the other has, or what it padded
// them to; of a run in parts no more. The receiver learns which of its items the sender has. The sender
// learns which of its items the receiver has if Config.Reveal says so, otherwise
// nothing. Whoever can try many items in many runs learns as many answers: limit
// runs and sizes by agreement.
//
// Only if both parties learn the result does a message of the receiver wait for
// it. When the receiver then does what it does next, such as closing the stream,
// may tell the sender about how many items matched.
//
// # Cost
//
// For n items of the receiver and m of the sender, where t is the length of a tag
// in bits, 41 + log2(n·m) rounded up:
//
//   - DH: 2n multiplications in the group at the receiver and n+m at the sender;
//     64n + t/8·m bytes. The receiver has its result after three message delays.
//   - VOLE: 11n + t/8·m bytes and 0.8 MB against semi-honest parties, 22n + 16m bytes
//     and 0.8 MB against malicious ones. The receiver has its result after six
//     message delays, or eight. If it has more than 2^20 items, the run is in parts of
//     so many, which use the same memory one after the other; each costs what a part
//     under Config.Memory does, but for files.
//
// In the reference run of bench/results, on a core with AVX-512 for both parties, 2^20 items of
// each with VOLE take 0.23 µs an item of either, where a small set takes 10 ms; and a multiplication
// with DH takes 7 µs.
//
// If both learn the result, m/8 bytes more. The sender knows after one message
// delay more that the receiver is done.
//
// A set takes 20 bytes a row, up to 10 more for a row that repeats an item, and
// 40 in all while it is read. A run takes, beside it, with DH 4m at the sender
// and 33n + 17m at the receiver; with VOLE 44n at the sender and 104n at the
// receiver, and 16m more where m is larger than n, in which n and m are the numbers of
// a part, and 16 bytes for each item of either side at a receiver of several parts. Of
// what depends on the other side's number, tags are taken only as they arrive, and the
// sender's share of n at once: 44 bytes for each item that the receiver declares, up to
// 2^20 or Config.MaxPeerItems. Further 4 for each item of a sender that learns the result,
// 16 for each item that pads, 8 for each row in the result and some megabytes in
// all. This is what is live: the garbage collector lets a heap grow to twice that.
//
// Config.Memory bounds this, save for the set and the result, by splitting a run
// into parts, one after another. Into which an item falls depends on its hash. Both
// sides pad each part to a size that follows from the declared numbers: 0.8 % more
// for parts of 2^20 items, 7 % for parts of 2^14; the part of some item is full, and
// the run fails, with probability 2^-41, or if someone picks his items by their
// hashes. Each part costs four to six message delays more (two with DH), and with
// VOLE 0.8 MB and the time of a small set. Under this bound the receiver writes all tags
// to a temporary file, 16 bytes for each item of either side, and compares them after the
// last part. [NewFileSet] keeps sets in files as well; then what remains in memory is a
// few bits a row, and 8 bytes for each row of the result.
//
// # References
//
//   - [RR22] Srinivasan Raghuraman, Peter Rindal: Blazing Fast PSI from Improved
//     OKVS and Subfield VOLE. CCS 2022, eprint 2022/320.
//   - [RS21] Peter Rindal, Phillipp Schoppmann: VOLE-PSI: Fast OPRF and Circuit-PSI
//     from Vector-OLE. EUROCRYPT 2021, eprint 2021/266.
//   - [JL10] Stanisław Jarecki, Xiaomin Liu: Fast Secure Computation of Set
//     Intersection. SCN 2010.
//   - [RFC9496] The ristretto255 and decaf448 Groups.
//   - [RFC9380] Hashing to Elliptic Curves, suite ristretto255_XMD:SHA-512_R255MAP_RO_.
//   - [RFC9497] Oblivious Pseudorandom Functions Using Prime-Order Groups.
package psi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// The classes of errors that lie with the other side or between both. Errors of
// the context and the stream are passed on, wrapped.
var (
	// ErrPeer says that the other side broke the protocol, or that the stream
	// altered what it sent.
	ErrPeer = session.ErrPeer
	// ErrIncompatible says that the two sides are configured differently.
	ErrIncompatible = session.ErrIncompatible
	// ErrAborted says that the other side stopped.
	ErrAborted = session.ErrAborted
)

// A Result is what a party has after a run.
type Result struct {
	// Rows are the positions in the caller's input, ascending, of all rows
	// whose item the other party has too. It is nil for a sender that does not
	// learn the result.
	Rows []int
	// Items is the number of different items that this side took part with,
	// padding included, and PeerItems the same of the other side.
	Items, PeerItems int
	Stats            Stats
}

// Stats says what a run cost a party.
type Stats struct {
	Protocol Protocol
	Sent     int64 // bytes
	Received int64 // bytes
	// Rounds is the number of message delays, one way each, until this party
	// was done.
	Rounds int
	Phases []Phase
}

// A Phase is a part of a run's time.
type Phase struct {
	Name     string
	Duration time.Duration
}

// Progress is how far a run has come: Done of Total steps of a phase, whose name is
// that of [Stats]. Done rises to Total; phases that are short report nothing.
type Progress struct {
	Phase       string
	Done, Total int64
	// Part is which of how many parts the phase is of, from 1 to Parts, if the run
	// is split. Otherwise both are 1.
	Part, Parts int
}

// Receive runs the protocol as the party that learns the result. The other
// party must call [Send]. On error the caller should close rw.
func Receive(ctx context.Context, rw io.ReadWriter, set *Set, cfg *Config) (*Result, error) {
	return run(ctx, rw, session.RoleA, set, cfg, newCoins())
}

// Send runs the protocol as the party that helps the other to the result, and
// learns it only if Config.Reveal says so. The other party must call [Receive].
// On error the caller should close rw.
func Send(ctx context.Context, rw io.ReadWriter, set *Set, cfg *Config) (*Result, error) {
	return run(ctx, rw, session.RoleB, set, cfg, newCoins())
}

func run(ctx context.Context, rw io.ReadWriter, role session.Role, set *Set, cfg *Config, coins *coins) (*Result, error) {
	switch {
	case set == nil:
		return nil, errors.New("psi: the set is nil")
	case set.closed:
		return nil, errors.New("psi: the set has been closed")
	}
	p, err := newParams(cfg, set)
	if err != nil {
		return nil, err
	}
	hello := p.hello(role, coins.nonce, max(set.items, p.padTo))
	s, peerItems, err := session.Open(ctx, rw, hello)
	if err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	result, err := p.protocol(s, role, set, peerItems, coins)
	if err = s.Close(err); err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	return result, nil
}

// protocol runs between the hello and the end of the session.
func (p *params) protocol(s *session.Session, role session.Role, set *Set, peerItems uint64, coins *coins) (*Result, error) {
	if peerItems > uint64(p.maxPeerItems) {
		return nil, fmt.Errorf("%w: the other side has %d items, and Config.MaxPeerItems is %d here",
			ErrIncompatible, peerItems, p.maxPeerItems)
	}
	result := &Result{Items: max(set.items, p.padTo), PeerItems: int(peerItems)}
	r, err := p.newJob(s, role, set, result.Items, result.PeerItems, coins)
	if err != nil {
		return nil, err
	}
	s.Observe(r.observe)
	rounds := p.rounds(r.protocol, role, result.PeerItems, result.Items, r.parts)
	if role == session.RoleA {
		rounds = p.rounds(r.protocol, role, result.Items, result.PeerItems, r.parts)
		result.Rows, err = r.receive()
	} else {
		result.Rows, err = r.send()
	}
	if err != nil {
		return nil, err
	}
	stats := s.Stats()
	result.Stats.Protocol = r.protocol
	result.Stats.Rounds = rounds
	result.Stats.Sent, result.Stats.Received = int64(stats.Sent), int64(stats.Received)
	for _, phase := range stats.Phases {
		result.Stats.Phases = append(result.Stats.Phases, Phase(phase))
	}
	return result, nil
}

// rounds returns the number of message delays until a party is done with sets
// of n items of the receiver and m of the sender. TestRoundsAreDelays holds it
// to the truth.
func (p *params) rounds(chosen Protocol, role session.Role, n, m, parts int) int {
	rounds := 2 // the hello, and the end
	switch {
	case chosen == DH && n > 0:
		rounds = 3 + (parts-1)*2
	case chosen == VOLE && n > 0 && m > 0:
		rounds = 6 + (parts-1)*4
		if p.adversary == Malicious {
			rounds = 8 + (parts-1)*6
		}
	}
	if role == session.RoleB {
		rounds++
	}
	return rounds
}
