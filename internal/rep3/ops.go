package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// chunk is how many elements go in one message, so that what is sent, computed and
// received overlaps, and stays in the second-level cache.
const chunk = 1 << 13

// Input returns shares of n numbers that party from has. It passes them as values;
// the others pass nil.
//
// The summand from is random, by the key that party from - 1 has too; summand
// from + 2 is zero; the remaining one goes to party from + 1. Each of the others
// sees one random summand.
func (p *Party) Input(from, n int, values []uint64) (Vec, error) {
	v, err := p.input(from, n, values)
	if err != nil || p.index != from {
		return v, err
	}
	for i, x := range values {
		v.Next[i] = x - v.Own[i]
	}
	return v, p.send(toNext, v.Next)
}

// input is an input up to the summand that party from sends.
func (p *Party) input(from, n int, values []uint64) (Vec, error) {
	if from < 0 || from >= Parties || n < 0 || p.index == from && len(values) != n || p.index != from && values != nil {
		return Vec{}, fmt.Errorf("rep3: input of %d numbers, %d of them here, from party %d at party %d", n, len(values), from, p.index)
	}
	p.rounds++
	v := NewVec(n)
	switch p.index {
	case from:
		p.ownInput.Uint64s(v.Own)
		return v, nil
	case (from + 1) % Parties:
		return v, p.receive(fromPrev, v.Own)
	default:
		p.nextInput.Uint64s(v.Next)
		return v, nil
	}
}

// Mul sets dst to the product of x and y, element by element [AFLNO16, MR18].
// dst must not overlap x or y.
func (p *Party) Mul(dst, x, y Vec) error {
	n := len(dst.Own)
	if !dst.is(n) || !x.is(n) || !y.is(n) {
		return fmt.Errorf("rep3: factors of %d and %d elements for a product of %d", len(x.Own), len(y.Own), n)
	}
	return p.exchange([]Vec{dst}, func(_, lo, hi int) {
		z := dst.Own[lo:hi]
		p.zeros(z)
		a, b, c, d := x.Own[lo:hi], x.Next[lo:hi], y.Own[lo:hi], y.Next[lo:hi]
		for i := range z {
			// The sum of this over all parties has each product of two summands once.
			z[i] += a[i]*(c[i]+d[i]) + b[i]*c[i]
		}
	})
}

// Dot returns a share of the inner product of x and y, a vector of one element.
func (p *Party) Dot(x, y Vec) (Vec, error) {
	n := len(x.Own)
	if !x.is(n) || !y.is(n) {
		return Vec{}, fmt.Errorf("rep3: inner product of %d and %d elements", n, len(y.Own))
	}
	dst := NewVec(1)
	return dst, p.exchange([]Vec{dst}, func(int, int, int) {
		p.zeros(dst.Own)
		sum := dst.Own[0]
		b, c, d := x.Next[:n], y.Own[:n], y.Next[:n]
		for i, a := range x.Own {
			sum += a*(c[i]+d[i]) + b[i]*c[i]
		}
		dst.Own[0] = sum
	})
}

// Reveal opens x to the parties of which to is true, and returns nil to others.
func (p *Party) Reveal(x Vec, to [Parties]bool) ([]uint64, error) {
	values, err := p.lacking(x, to)
	for i := range values {
		values[i] += x.Own[i] + x.Next[i]
	}
	return values, err
}

// lacking returns the summand of x that this party lacks, if to is true of it.
func (p *Party) lacking(x Vec, to [Parties]bool) ([]uint64, error) {
	n := len(x.Own)
	if !x.is(n) {
		return nil, fmt.Errorf("rep3: a vector of %d and %d summands", n, len(x.Next))
	}
	p.rounds++
	// The summand that party i lacks is i+2, the second one of party i+1.
	var values []uint64
	err := p.both(func() error {
		if !to[(p.index+2)%Parties] {
			return nil
		}
		return p.send(toPrev, x.Next)
	}, func() error {
		if !to[p.index] {
			return nil
		}
		values = make([]uint64, n)
		return p.receive(fromNext, values)
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// is reports whether v is a vector of n elements.
func (v Vec) is(n int) bool { return len(v.Own) == n && len(v.Next) == n }

// zeros sets z to this party's part of a sharing of zeros: F(k_i) - F(k_(i+1)),
// whose sum over all parties is zero [AFLNO16, correlated randomness].
func (p *Party) zeros(z []uint64) { p.masks(z, difference) }

// zeroBits is zeros for words of bits: F(k_i) xor F(k_(i+1)).
func (p *Party) zeroBits(z []uint64) { p.masks(z, exclusive) }

// masks calls set with each piece of z and what both streams have for it.
func (p *Party) masks(z []uint64, set func(z []uint64, own, next []byte)) {
	own, next := make([]byte, 8*maskChunk), make([]byte, 8*maskChunk)
	for len(z) > 0 {
		n := min(len(z), maskChunk)
		p.ownMask.Bytes(own[:8*n])
		p.nextMask.Bytes(next[:8*n])
		set(z[:n], own, next)
		z = z[n:]
	}
}

// maskChunk is how many masks are expanded at once, to stay in the first-level
// cache.
const maskChunk = 1 << 9

// exchange computes the first halves of dst in pieces, sends each to the previous
// party when it is ready, and fills the second halves with what comes from the next
// one. It is one round.
func (p *Party) exchange(dst []Vec, compute func(k, lo, hi int)) error {
	p.rounds++
	return p.both(func() error {
		for k, v := range dst {
			for lo := 0; lo < len(v.Own); lo += chunk {
				hi := min(lo+chunk, len(v.Own))
				compute(k, lo, hi)
				if err := p.send(toPrev, v.Own[lo:hi]); err != nil {
					return err
				}
			}
		}
		return nil
	}, func() error {
		for _, v := range dst {
			if err := p.receive(fromNext, v.Next); err != nil {
				return err
			}
		}
		return nil
	})
}

// both sends to the previous party while it receives from the next one.
func (p *Party) both(send, receive func() error) error { return p.prev.Duplex(send, receive) }

// Directions of messages.
const (
	toNext, fromNext = true, true
	toPrev, fromPrev = false, false
)

// link returns the session with the next or the previous party, and which it is.
func (p *Party) link(next bool) (*session.Session, int) {
	if next {
		return p.next, (p.index + 1) % Parties
	}
	return p.prev, (p.index + 2) % Parties
}

// send sends words, in messages of a chunk.
func (p *Party) send(next bool, words []uint64) error {
	s, other := p.link(next)
	buf := p.sending[:]
	for len(words) > 0 {
		n := min(len(words), chunk)
		encode(buf[:8*n], words[:n])
		if err := s.Send(typeWord, buf[:8*n]); err != nil {
			return &PartyError{other, err}
		}
		words = words[n:]
	}
	return nil
}

// receive fills words from messages that send made of as many.
func (p *Party) receive(next bool, words []uint64) error {
	s, other := p.link(next)
	buf := p.receiving[:]
	for len(words) > 0 {
		n := min(len(words), chunk)
		if err := s.Recv(typeWord, buf[:8*n]); err != nil {
			return &PartyError{other, err}
		}
		decode(words[:n], buf[:8*n])
		words = words[n:]
	}
	return nil
}
