package rep3

import (
	"errors"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// What follows is for protocols that start from the shares, keys and sessions of this
// one and send messages of their own. Types of messages below TypeFree are taken.

// TypeFree is the first type of messages that this package does not use.
const TypeFree = 16

// Seeds returns the next seeds of the streams of k_i and of k_(i+1). What a party has
// as next, the next party has as own, and the third one does not have.
func (p *Party) Seeds() (own, next [prg.Size]byte) {
	p.ownMask.Bytes(own[:])
	p.nextMask.Bytes(next[:])
	return own, next
}

// Round counts a round of messages that the caller sends.
func (p *Party) Round() { p.rounds++ }

// Both calls send, which may send to both others, while receive receives from them.
// When one fails the other is interrupted, and Close waits for send.
func (p *Party) Both(send, receive func() error) error {
	sent := make(chan error, 1)
	if p.rehearsal != nil {
		go func() { sent <- send() }() // receive may have to keep pace with it
		err := receive()
		return errors.Join(<-sent, err)
	}
	// Either session has to know what is under way in it. The error of the inner one
	// names the party, and that of the outer one may be what it wraps.
	var failed error
	err := p.next.Duplex(func() error { return <-sent }, func() error {
		failed = p.prev.Duplex(func() error {
			err := send()
			sent <- err
			return err
		}, receive)
		return failed
	})
	if failed != nil {
		return failed
	}
	return err
}

// agreeing compares histories with both others, and calls send and receive for either
// link behind that, in the same round. What is sent does not wait for the comparison.
func (p *Party) agreeing(send, receive func(next bool) error) error {
	p.rounds++
	if p.rehearsal != nil {
		p.rehearsal.Sent += 2 * (headerSize + engine.HistorySize)
		p.rehearsal.Received += 2 * (headerSize + engine.HistorySize)
		return errors.Join(send(toPrev), send(toNext), receive(fromNext), receive(fromPrev))
	}
	return p.each(func(next bool) error {
		s, other := p.link(next)
		return engine.At(other, s.Duplex(func() error {
			if err := p.history.Send(s, typeHistory); err != nil {
				return err
			}
			return send(next)
		}, func() error {
			if err := p.history.Recv(s, typeHistory); err != nil {
				return err
			}
			return receive(next)
		}))
	})
}

// Compare compares histories with both others, and is one round.
func (p *Party) Compare() error {
	nothing := func(bool) error { return nil }
	return p.agreeing(nothing, nothing)
}

// Each calls f for the next and the previous party at once, and returns the first
// error.
func (p *Party) Each(f func(next bool) error) error {
	if p.rehearsal != nil {
		return errors.Join(f(true), f(false))
	}
	return p.each(f)
}

// Rehearses reports whether there are no others, so that nothing that comes means anything.
func (p *Party) Rehearses() bool { return p.rehearsal != nil }

// Send sends a message to the next or the previous party.
func (p *Party) Send(next bool, typ byte, b []byte) error {
	if p.rehearsal != nil {
		p.rehearsal.Sent += uint64(headerSize + len(b))
		return nil
	}
	s, other := p.link(next)
	return engine.At(other, s.Send(typ, b))
}

// Receive fills b with a message of the next or the previous party.
func (p *Party) Receive(next bool, typ byte, b []byte) error {
	if p.rehearsal != nil {
		p.rehearsal.Received += uint64(headerSize + len(b))
		return nil
	}
	s, other := p.link(next)
	return engine.At(other, s.Recv(typ, b))
}

// Swap sends out to the next or the previous party, and fills in with what that
// sends at the same time.
func (p *Party) Swap(next bool, typ byte, out, in []byte) error {
	if p.rehearsal != nil {
		return errors.Join(p.Send(next, typ, out), p.Receive(next, typ, in))
	}
	s, other := p.link(next)
	return engine.At(other, s.Duplex(
		func() error { return s.Send(typ, out) },
		func() error { return s.Recv(typ, in) }))
}
