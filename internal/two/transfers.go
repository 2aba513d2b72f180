package two

import (
	"context"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/ot"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/vole"
)

// Transfers makes triples from correlated oblivious transfers between the two parties,
// so that nobody else is trusted. A party is the sender of some, under a secret delta of
// its own, and the receiver of others.
type Transfers struct {
	// Silent takes transfers of a pseudorandom correlation generator, package vole, of
	// which half a million take 330 KB, instead of those of an extension, package ot, with 4
	// bytes each. They take more of the processor, so that it pays where the link is slow.
	Silent bool
}

func (s Transfers) term() []byte {
	if s.Silent {
		return []byte("silent transfers")
	}
	return []byte("transfers")
}

// transfers is a party's side of it.
type transfers struct {
	Transfers
	p     *Party
	tags  [Parties][]byte // by who is the sender
	delta prg.Block       // as the sender
	// Keys of the base transfers: both as the receiver of an extension, and those
	// that delta chooses as the sender. Each makes one key for each extension.
	pairs   *[ot.Base][2]prg.Block
	chosen  *[ot.Base]prg.Block
	batches uint64
	// expected is how many transfers the order under way still takes.
	expected int
	// Transfers that are left: in the lowest bit is the choice of the receiver, and a
	// zero at the sender.
	sent, received []prg.Block
	// What they are in, and the memory of extensions and corrections. Received ones are
	// in the pools in turn, since the next are there before the last are used.
	sentPool           []prg.Block
	receivedPools      [2][]prg.Block
	room               ot.Room
	theirs             []byte
	memory             []uint64 // of scratch
	sending, receiving []byte
	ahead              *extension // the next one, if it is prepared
	// Numbers of transfers so far, which are the tweaks of their hashes.
	hashedSent, hashedReceived uint64
}

// An extension is a party's part of one up to its message.
type extension struct {
	chosen   [ot.Base]prg.Block
	msg      []byte
	received []prg.Block // behind those that were left then
	left     int
	swapped  chan error // of the exchange of messages, if that is under way
}

// swap begins to exchange messages, while this party goes on with what it has.
func (m *transfers) swap(e *extension) {
	if m.theirs == nil {
		m.theirs = make([]byte, extensionShape.Size())
	}
	e.swapped = make(chan error, 1)
	go func() { e.swapped <- m.p.swap(typeExtension, e.msg, m.theirs) }()
}

// wait ends what swap has begun, if it has.
func (e *extension) wait() error {
	if e == nil || e.swapped == nil {
		return nil
	}
	err := <-e.swapped
	e.swapped <- err // who waits again
	return err
}

// Format implements [fmt.Formatter], so that no verb prints the values of m.
func (m *transfers) Format(f fmt.State, verb rune) { io.WriteString(f, "two.transfers") }

func (s Transfers) open(_ context.Context, p *Party, agreed []byte) (maker, error) {
	m := &transfers{Transfers: s, p: p, delta: p.private.Block()}
	m.delta.Lo |= 1
	for i := range m.tags {
		m.tags[i] = append([]byte{byte(i)}, agreed...)
	}
	return m, nil
}

// run is the session between the parties itself.
func (m *transfers) run() (none [prg.Size]byte) { return none }

func (m *transfers) stats() session.Stats { return session.Stats{} }

func (m *transfers) close(error) error {
	m.ahead.wait()
	m.room.Clear()
	clear(m.sentPool)
	clear(m.receivedPools[0])
	clear(m.receivedPools[1])
	clear(m.memory)
	m.sent, m.received, m.ahead = nil, nil, nil
	return nil
}

// batch is what the overhead of the trees is small for.
func (m *transfers) batch(k kind, n int) int {
	least := 64 // of 128 transfers each
	switch k {
	case words:
		least = 128
	case numbers:
		least = 1 << 13
	}
	if m.Silent {
		least *= 8
	}
	return (max(n, least) + 1) / 2 * 2
}

// extensionBits is how many transfers an extension makes. Its message is 270 KB long, and
// with all that is kept for it a party has 6 MB.
const extensionBits = 1 << 16

// silentBits is how many silent transfers are made at once, at most: 16 MB at the
// sender.
const silentBits = 1 << 19

// transfer returns n transfers each way, as the sender and as the receiver, and the
// numbers of the first ones. They are valid until the next call.
func (m *transfers) transfer(n int) (sent, received []prg.Block, at [2]uint64, err error) {
	for len(m.sent) < n {
		if err := m.more(max(n, m.expected) - len(m.sent)); err != nil {
			return nil, nil, at, err
		}
	}
	sent, received, at = m.sent[:n:n], m.received[:n:n], [2]uint64{m.hashedSent, m.hashedReceived}
	m.sent, m.received = m.sent[n:], m.received[n:]
	m.expected -= n
	m.hashedSent += uint64(n)
	m.hashedReceived += uint64(n)
	return sent, received, at, nil
}

// more makes transfers each way: some, or if they are silent as many as are missing,
// between 2^16 and silentBits.
func (m *transfers) more(missing int) error {
	if m.Silent {
		return m.silent(min(max(missing, 1<<16), silentBits))
	}
	if m.pairs == nil {
		if err := m.base(); err != nil {
			return err
		}
	}
	if m.ahead == nil {
		if err := m.extend(); err != nil {
			return err
		}
	}
	e := m.ahead
	m.ahead = nil
	if e.swapped == nil {
		m.swap(e)
	}
	if err := e.wait(); err != nil {
		return err
	}
	sent := front(&m.sentPool, m.sent)
	_, sent, err := m.room.Accept(sent, extensionShape, &e.chosen, m.delta, m.theirs, m.tags[m.p.index])
	if err != nil {
		return engine.At(m.p.other(), fmt.Errorf("%w: %w", session.ErrPeer, err))
	}
	// Some of those that were left may have been used since.
	m.sent, m.received = sent, e.received[e.left-len(m.received):]
	return nil
}

// extensionShape is of an extension. The lowest bit of delta is one, so that it can tell the
// choice.
var extensionShape = ot.Shape{Bits: extensionBits, Marked: true}

// prepare makes what is this party's alone of the next extension, if the order under way
// takes one.
func (m *transfers) prepare() error {
	if m.Silent || m.ahead != nil || m.expected <= len(m.sent) {
		return nil
	}
	return m.extend()
}

// extend prepares an extension.
func (m *transfers) extend() error {
	choices := make([]prg.Block, extensionBits/128)
	m.p.private.Blocks(choices)
	// Every base transfer is one of two streams of keys, of which an extension takes
	// the next of each.
	var pairs [ot.Base][2]prg.Block
	e := &extension{left: len(m.received)}
	for i := range pairs {
		for side := range 2 {
			pairs[i][side] = nextKey(m.pairs[i][side], m.batches)
		}
		e.chosen[i] = nextKey(m.chosen[i], m.batches)
	}
	m.batches++
	var seed [ot.SeedSize]byte
	m.p.private.Bytes(seed[:])
	var err error
	e.received = front(&m.receivedPools[m.batches%2], m.received)
	e.msg, _, e.received, err = m.room.Extend(e.received, extensionShape, &pairs, nil, choices, seed, m.tags[m.p.other()])
	if err != nil {
		return fmt.Errorf("two: %w", err)
	}
	m.ahead = e
	return nil
}

// front moves what is left to the beginning of a pool, which has room for an extension
// behind.
func front(pool *[]prg.Block, left []prg.Block) []prg.Block {
	if n := len(left) + extensionBits; n > len(*pool) {
		*pool = hugepage.Blocks(n)
	}
	return append((*pool)[:0], left...)
}

// nextKey returns the key of a stream for an extension.
func nextKey(key prg.Block, batch uint64) prg.Block {
	var next [1]prg.Block
	aes128.New(key.Bytes()).CounterBlocks(next[:], batch)
	return next[0]
}

// base makes the base transfers each way: the sender of an extension chooses in them.
func (m *transfers) base() error {
	own, other := m.tags[m.p.index], m.tags[m.p.other()]
	var seeds [2][ot.SeedSize]byte
	m.p.private.Bytes(seeds[0][:])
	m.p.private.Bytes(seeds[1][:])
	choice, err := ot.BaseChoose(ot.Choices(m.delta), seeds[0], own, 1)
	if err != nil {
		return fmt.Errorf("two: %w", err)
	}
	theirs := make([]byte, ot.BaseChooseSize)
	if err := m.p.swap(typeChoose, choice.Message(), theirs); err != nil {
		return err
	}
	broken := func(err error) error {
		return engine.At(m.p.other(), fmt.Errorf("%w: %w", session.ErrPeer, err))
	}
	pairs, reply, err := ot.BaseReply(theirs, seeds[1], other, 1)
	if err != nil {
		return broken(err)
	}
	theirs = make([]byte, ot.BaseReplySize)
	if err := m.p.swap(typeReply, reply, theirs); err != nil {
		return err
	}
	chosen, err := choice.Finish(theirs)
	if err != nil {
		return broken(err)
	}
	m.pairs, m.chosen = pairs, chosen
	return nil
}

// silent makes n transfers each way by package vole, first with party 0 as the sender.
func (m *transfers) silent(n int) error {
	for sender := range Parties {
		var coins [32]byte
		m.p.private.Bytes(coins[:])
		cfg := vole.Config{Workers: 1, Type: typeSilent, Context: m.tags[sender], Coins: &coins}
		if sender == 1 {
			cfg.Type = typeSilentBack
		}
		var err error
		var b []prg.Block
		if sender == m.p.index {
			b, err = vole.SendCorrelated(m.p.peer, cfg, n, m.delta)
			m.sent = append(m.sent, b...)
		} else {
			b, err = vole.ReceiveCorrelated(m.p.peer, cfg, n)
			m.received = append(m.received, b...)
		}
		if err != nil {
			return engine.At(m.p.other(), err)
		}
	}
	return nil
}
