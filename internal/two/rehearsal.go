package two

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A tally counts the bytes of a party that has no others.
type tally engine.Stats

// headerSize is what session puts before each message, in bytes.
const headerSize = 5

func (t *tally) send(b []byte)    { t.Sent += uint64(headerSize + len(b)) }
func (t *tally) receive(b []byte) { t.Received += uint64(headerSize + len(b)) }

// Rehearse returns a party without the other one: it computes, of numbers that mean nothing,
// and counts what it would send and receive, with what a dealer and the party send to each
// other. Triples of other sources have messages that are not counted so: they are an
// error. It begins with as much as a stock has, which keeps it; nil has nothing.
func Rehearse(index int, source Source, stock *Stock) (*Party, error) {
	if index < 0 || index >= Parties {
		return nil, fmt.Errorf("two: party %d is not 0 or 1", index)
	}
	if _, ok := source.(Dealer); !ok {
		return nil, fmt.Errorf("two: only the costs with a Dealer can be said beforehand, and not those of triples by %T", source)
	}
	begin := &Stock{index: index}
	if stock != nil {
		if err := stock.fits(index); err != nil {
			return nil, err
		}
		begin = stock.rehearsed()
	}
	p := newParty(index, new(coins), begin)
	p.joint = prg.New([prg.Size]byte{})
	p.rehearsal, p.cancel = new(tally), func(error) {}
	p.maker = &dealt{index: index, stream: prg.New([prg.Size]byte{}), answer: make([]byte, 8*chunk), rehearsal: p.rehearsal}
	return p, nil
}

// write sends a message to the other party, and read receives one.
func (p *Party) write(typ byte, b []byte) error {
	if p.rehearsal != nil {
		p.rehearsal.send(b)
		return nil
	}
	return p.peer.Send(typ, b)
}

func (p *Party) read(typ byte, b []byte) error {
	if p.rehearsal != nil {
		p.rehearsal.receive(b)
		return nil
	}
	return p.peer.Recv(typ, b)
}

// write sends a message to the dealer, and read receives one.
func (m *dealt) write(typ byte, b []byte) error {
	if m.rehearsal != nil {
		m.rehearsal.send(b)
		return nil
	}
	return m.s.Send(typ, b)
}

func (m *dealt) read(typ byte, b []byte) error {
	if m.rehearsal != nil {
		m.rehearsal.receive(b)
		return nil
	}
	return m.s.Recv(typ, b)
}
