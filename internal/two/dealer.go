package two

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A Source says where triples come from: [Encryption], [Transfers] or a [Dealer].
type Source interface {
	// term is what both parties' sources must have in common.
	term() []byte
	// open makes a maker of triples for a run between the parties.
	open(ctx context.Context, p *Party, tag []byte) (maker, error)
}

// A maker makes triples together with that of the other party.
type maker interface {
	// run names the run of the source, which both parties must be in.
	run() [prg.Size]byte
	// batch returns how many triples to make when n are missing, n or more.
	batch(k kind, n int) int
	// make fills t.
	make(o order, t triples) error
	stats() session.Stats
	// close ends the run as [Party.Close] does.
	close(err error) error
}

// Dealer is a third process, which runs [Deal]. It sees how many triples of which kinds
// and shapes are wanted, and nothing that depends on inputs. A dealer that colludes with
// one party tells it all secrets of the other, and one that deviates can make results
// wrong: that it will not is what the parties trust it for, and why they must name it
// in what they agree on.
type Dealer struct {
	// Stream is the link with the dealer. It must be authenticated and encrypted.
	Stream io.ReadWriter
	// Name is what both parties, and the dealer itself, call it. It must be set.
	Name string
}

// dealerParty is the number of the dealer in errors, behind both parties.
const dealerParty = Parties

// Frame types of a dealer.
const (
	typeSeed   = 1
	typeOrder  = 2
	typeAnswer = 3
)

const (
	seedSize  = 2 * prg.Size // of the run's name and a stream
	orderSize = 1 + 3*4
	// maxOrder is the most triples of an order of vectors.
	maxOrder = 1 << 22
)

func (d Dealer) term() []byte { return append([]byte("dealer "), d.Name...) }

// dealt is a party's side of a dealer.
type dealt struct {
	index  int
	s      *session.Session
	id     [prg.Size]byte
	stream *prg.PRG
	answer []byte // under way
	// Where it is not nil there is no dealer, and this counts what would be sent.
	rehearsal *tally
}

func dealerTag(name string, agreed []byte) ([]byte, error) {
	return label.New("two", version, "dealer "+name, agreed)
}

func (d Dealer) open(ctx context.Context, p *Party, agreed []byte) (maker, error) {
	if d.Stream == nil || d.Name == "" {
		return nil, errors.New("two: a dealer needs a stream and a name")
	}
	tag, err := dealerTag(d.Name, agreed)
	if err != nil {
		return nil, fmt.Errorf("two: %w", err)
	}
	var nonce [prg.Size]byte
	p.private.Bytes(nonce[:])
	s, _, err := session.Open(ctx, d.Stream, dealerHello(session.RoleB, nonce, p.index, tag))
	if err != nil {
		return nil, engine.At(dealerParty, err)
	}
	m := &dealt{index: p.index, s: s, answer: make([]byte, 8*chunk)}
	var seed [seedSize]byte
	if err := s.Recv(typeSeed, seed[:]); err != nil {
		return nil, engine.At(dealerParty, s.Close(err))
	}
	m.id = [prg.Size]byte(seed[:])
	m.stream = prg.New([prg.Size]byte(seed[prg.Size:]))
	return m, nil
}

// dealerHello is the hello between a dealer and a party of that index.
func dealerHello(role session.Role, nonce [prg.Size]byte, index int, tag []byte) session.Hello {
	return session.Hello{
		Protocol: helloDealerProtocol, ProtocolVersion: version, Role: role, Nonce: nonce,
		Items: uint64(index), Terms: []session.Term{{Name: "names of the dealer or contexts", Value: tag}},
	}
}

func (m *dealt) run() [prg.Size]byte { return m.id }

// batch is what a round trip to the dealer is worth.
func (m *dealt) batch(k kind, n int) int { return max(n, 1<<13) }

func (m *dealt) stats() session.Stats { return m.s.Stats() }

// make expands a party's shares. Party 1 orders corrections of its shares of c; it is the
// only one that the dealer hears from, and both order the same.
func (m *dealt) make(o order, t triples) error {
	if o.kind.shaped() {
		return m.deal(o, t)
	}
	for lo := 0; lo < o.rows; lo += maxOrder {
		hi := min(lo+maxOrder, o.rows)
		if err := m.deal(order{kind: o.kind, rows: hi - lo}, t.slice(lo, hi)); err != nil {
			return err
		}
	}
	return nil
}

// deal is make for what one order can be.
func (m *dealt) deal(o order, t triples) error {
	if m.index == 1 {
		if err := m.write(typeOrder, o.append(nil)); err != nil {
			return engine.At(dealerParty, err)
		}
	}
	return engine.At(dealerParty, o.pieces(func(piece order, lo int) error {
		part := t
		if !o.kind.shaped() {
			part = t.slice(lo, lo+piece.rows)
		}
		expand(m.stream, piece, part, m.index == 0)
		if m.index == 0 {
			return nil
		}
		if o.kind != shuffles {
			return m.receive(part.c)
		}
		for _, missing := range [][]uint64{part.c, part.b} {
			for k := range o.inner + o.cols {
				if err := m.receive(o.column(k, missing)); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// receive fills words from answers.
func (m *dealt) receive(words []uint64) error {
	for lo := 0; lo < len(words); lo += chunk {
		hi := min(lo+chunk, len(words))
		err := ring64.Fill(words[lo:hi], m.answer, func(b []byte) error { return m.read(typeAnswer, b) })
		if err != nil {
			return err
		}
	}
	return nil
}

// pieces calls f with orders that make up o, and where they begin in it. Their triples
// stay in the cache. All three draw from their streams piece by piece.
func (o order) pieces(f func(piece order, lo int) error) error {
	if o.kind.shaped() {
		return f(o, 0)
	}
	const most = chunk / 2
	for lo := 0; lo < o.rows; lo += most {
		if err := f(order{kind: o.kind, rows: min(most, o.rows-lo)}, lo); err != nil {
			return err
		}
	}
	return nil
}

// expand draws a party's shares of a and b, and of c if it is party 0. Of a shuffle, party 1
// gets b as well as c.
func expand(stream *prg.PRG, o order, t triples, first bool) {
	fill(t.a, stream)
	if o.kind == numbers {
		for i := range t.a {
			t.a[i] &= 1
		}
	}
	if first || o.kind != shuffles {
		fill(t.b, stream)
	}
	if first {
		fill(t.c, stream)
	}
}

// append encodes o.
func (o order) append(b []byte) []byte {
	b = append(b, byte(o.kind))
	for _, n := range []int{o.rows, o.inner, o.cols} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// parseOrder is the inverse of append, for what a dealer makes. The zero order ends the
// run.
func parseOrder(b []byte) (o order, err error) {
	d := wire.NewDecoder(b)
	k := kind(d.Uint8())
	sizes := [3]uint32{d.Uint32(), d.Uint32(), d.Uint32()}
	if err := d.Done(); err != nil {
		return order{}, err
	}
	for _, n := range sizes {
		if n > maxShuffle { // and thus no overflow of int
			return order{}, fmt.Errorf("two: an order of %d", n)
		}
	}
	return k.order(int(sizes[0]), int(sizes[1]), int(sizes[2]))
}

// order returns an order of that kind, if there is such a one.
func (k kind) order(rows, inner, cols int) (order, error) {
	o := order{k, rows, inner, cols}
	switch k {
	case matrices:
		return shape(o.rows, o.inner, o.cols)
	case shuffles:
		if o.rows < 2 {
			return order{}, fmt.Errorf("two: a shuffle of %d elements", o.rows)
		}
		return shuffleShape(o.rows, o.inner, o.cols)
	case products, words, numbers:
		if o.rows > maxOrder || o.inner != 0 || o.cols != 0 {
			return order{}, fmt.Errorf("two: an order of %d triples", o.rows)
		}
		return o, nil
	}
	if o != (order{}) {
		return order{}, fmt.Errorf("two: an order of kind %d", k)
	}
	return o, nil
}

// close tells the dealer that the run is over.
func (m *dealt) close(err error) error {
	if err == nil {
		err = m.s.Send(typeOrder, order{}.append(nil))
		if err == nil {
			err = errors.Join(m.s.SendEnd(), m.s.RecvEnd())
		}
	}
	return engine.At(dealerParty, m.s.Close(err))
}

// Deal is the dealer: it serves a run of both parties until they end it. Its name and
// what was agreed are those that the parties have. It holds the triples of one order.
func Deal(ctx context.Context, parties [Parties]io.ReadWriter, name string, agreed []byte) error {
	c := new(coins)
	rand.Read(c[:])
	return deal(ctx, parties, name, agreed, c)
}

func deal(ctx context.Context, parties [Parties]io.ReadWriter, name string, agreed []byte, c *coins) error {
	if name == "" {
		return errors.New("two: a dealer needs a name")
	}
	tag, err := agreement(agreed)
	if err == nil {
		tag, err = dealerTag(name, tag)
	}
	if err != nil {
		return err
	}
	stream := c.stream()
	var id [prg.Size]byte
	stream.Bytes(id[:])
	var links [Parties]*session.Session
	var streams [Parties]*prg.PRG
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i, rw := range parties {
		var nonce, seed [prg.Size]byte
		stream.Bytes(nonce[:])
		stream.Bytes(seed[:])
		streams[i] = prg.New(seed)
		s, claimed, err := session.Open(ctx, rw, dealerHello(session.RoleA, nonce, i, tag))
		if err == nil {
			links[i] = s
			if claimed != uint64(i) {
				err = fmt.Errorf("%w: it says that it is party %d", session.ErrIncompatible, claimed)
			}
		}
		if err == nil {
			err = s.Send(typeSeed, append(id[:], seed[:]...))
		}
		if err != nil {
			return endDeal(links, engine.At(i, err))
		}
	}
	if err := serve(links[1], streams); err != nil {
		return endDeal(links, engine.At(1, err))
	}
	// Party 0 orders nothing but the end.
	var last [orderSize]byte
	err = links[0].Recv(typeOrder, last[:])
	if err == nil && last != [orderSize]byte{} {
		err = fmt.Errorf("%w: an order of party 0", session.ErrPeer)
	}
	if err != nil {
		return endDeal(links, engine.At(0, err))
	}
	for i, s := range links {
		if err := errors.Join(s.RecvEnd(), s.SendEnd()); err != nil {
			return endDeal(links, engine.At(i, err))
		}
	}
	return endDeal(links, nil)
}

// endDeal closes all sessions.
func endDeal(sessions [Parties]*session.Session, err error) error {
	var links []func(err error) error
	for i, s := range sessions {
		if s != nil {
			links = append(links, func(err error) error { return engine.At(i, s.Close(err)) })
		}
	}
	if err = engine.CloseLinks(err, links...); err != nil {
		return fmt.Errorf("two: dealer: %w", err)
	}
	return nil
}

// serve answers the orders of party 1 until the last.
func serve(s *session.Session, streams [Parties]*prg.PRG) error {
	var shares [Parties]triples
	var room order // that shares have
	buf := make([]byte, 8*chunk)
	for {
		var b [orderSize]byte
		if err := s.Recv(typeOrder, b[:]); err != nil {
			return err
		}
		o, err := parseOrder(b[:])
		if err != nil {
			return fmt.Errorf("%w: %w", session.ErrPeer, err)
		}
		if o == (order{}) {
			return nil
		}
		err = o.pieces(func(piece order, _ int) error {
			if o.kind == shuffles {
				return dealShuffle(o, streams, func(words []uint64) error { return answer(s, words, buf) })
			}
			if piece != room {
				shares = [Parties]triples{} // free before there is more
				shares, room = [Parties]triples{newTriples(piece), newTriples(piece)}, piece
			}
			for i, t := range shares {
				expand(streams[i], piece, t, i == 0)
			}
			correct(piece, shares)
			return answer(s, shares[1].c, buf)
		})
		if err != nil {
			return err
		}
	}
}

// answer sends words, by way of buf.
func answer(s *session.Session, words []uint64, buf []byte) error {
	for lo := 0; lo < len(words); lo += chunk {
		hi := min(lo+chunk, len(words))
		if err := s.Send(typeAnswer, ring64.Bytes(words[lo:hi], buf)); err != nil {
			return err
		}
	}
	return nil
}

// correct sets party 1's share of c to what it must be, given all other shares.
func correct(o order, shares [Parties]triples) {
	t, u := shares[0], shares[1]
	n := len(u.c)
	switch o.kind {
	case products:
		a, b, c, d := t.a[:n], t.b[:n], u.a[:n], u.b[:n]
		for i := range n {
			u.c[i] = (a[i]+c[i])*(b[i]+d[i]) - t.c[i]
		}
	case words:
		a, b, c, d := t.a[:n], t.b[:n], u.a[:n], u.b[:n]
		for i := range n {
			u.c[i] = (a[i]^c[i])&(b[i]^d[i]) ^ t.c[i]
		}
	case numbers:
		for i := range n {
			u.c[i] = (t.a[i] ^ u.a[i]) - t.c[i]
		}
	case matrices:
		for i, w := range u.a {
			t.a[i] += w
		}
		for i, w := range u.b {
			t.b[i] += w
		}
		clear(u.c)
		addProduct(u.c, o.rows, o.inner, o.cols, t.a, t.b)
		for i, w := range t.c {
			u.c[i] -= w
		}
	}
}
