package rep3

import (
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// chunk is how many elements go in one message, so that what is sent, computed and
// received overlaps, and stays in the second-level cache. With its header it is a little
// less than 128 KiB: TCP takes 64 KiB at once, headers included, and TLS 16 KiB, and what is
// a few bytes longer costs a segment or a record more each time.
const chunk = 2 * (1<<13 - 1<<6)

// Input returns shares of n numbers that party from has. It passes them as values;
// the others pass nil.
//
// The summand from is random, by the key that party from - 1 has too; summand
// from + 2 is zero; the remaining one goes to party from + 1. Each of the others
// sees one random summand.
func (p *Party) Input(from, n int, values []int64) (Vec, error) {
	v, err := p.input(from, n, len(values))
	if err != nil || p.index != from {
		return v, err
	}
	own, next := v.Parts[0], v.Parts[1]
	for i, x := range values {
		next[i] = uint64(x) - own[i]
	}
	return v, p.send(toNext, next)
}

// inputWords is Input for numbers modulo 2^64.
func (p *Party) inputWords(from, n int, words []uint64) (Vec, error) {
	v, err := p.input(from, n, len(words))
	if err != nil || p.index != from {
		return v, err
	}
	own, next := v.Parts[0], v.Parts[1]
	for i, x := range words {
		next[i] = x - own[i]
	}
	return v, p.send(toNext, next)
}

// input is an input of n elements, of which so many are here, up to the summand that
// party from sends.
func (p *Party) input(from, n, here int) (Vec, error) {
	if from < 0 || from >= Parties || n < 0 || p.index == from && here != n || p.index != from && here != 0 {
		return Vec{}, fmt.Errorf("rep3: input of %d elements, %d of them here, from party %d at party %d", n, here, from, p.index)
	}
	p.rounds++
	v := NewVec(n)
	switch p.index {
	case from:
		p.ownInput.Uint64s(v.Parts[0])
		return v, nil
	case (from + 1) % Parties:
		return v, p.receive(fromPrev, v.Parts[0])
	default:
		p.nextInput.Uint64s(v.Parts[1])
		return v, nil
	}
}

// Mul sets dst to the products of x and y, element by element [AFLNO16, MR18].
func (p *Party) Mul(dst, x, y Vec) error {
	n := dst.Len()
	if !dst.Is(columns, n) || !x.Is(columns, n) || !y.Is(columns, n) {
		return fmt.Errorf("rep3: factors of %d and %d elements for a product of %d", x.Len(), y.Len(), n)
	}
	// The sum of this over all parties has each product of two summands once.
	return p.exchange([]Vec{dst}, func(_, lo, hi int) { p.masked(ring64.Product, dst, x, y, lo, hi) })
}

// Dot sets each element of dst to the inner product of as many consecutive elements
// of x and y.
func (p *Party) Dot(dst, x, y Vec) error {
	m, n := dst.Len(), x.Len()
	if !dst.Is(columns, m) || !x.Is(columns, n) || !y.Is(columns, n) || n > 0 && (m == 0 || n%m != 0) {
		return fmt.Errorf("rep3: %d inner products of %d and %d elements", m, n, y.Len())
	}
	return p.exchange([]Vec{dst}, func(_, lo, hi int) {
		z := dst.Parts[0][lo:hi]
		p.zeros(z)
		if n == 0 {
			return
		}
		terms := n / m
		for i := range z {
			from, to := (lo+i)*terms, (lo+i+1)*terms
			z[i] += inner(x.Parts[0][from:to], x.Parts[1][from:to], y.Parts[0][from:to], y.Parts[1][from:to])
		}
	})
}

// inner returns what an inner product of replicated shares is before masking.
func inner(a, b, c, d []uint64) (sum uint64) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	for i, a := range a {
		sum += a*(c[i]+d[i]) + b[i]*c[i]
	}
	return sum
}

// Reveal opens x to the parties of which to is true, and returns nil to others.
func (p *Party) Reveal(x Vec, to []bool) ([]int64, error) {
	values, err := lacking[int64](p, x, to)
	if err != nil || values == nil {
		return nil, err
	}
	own, next := x.Parts[0][:len(values)], x.Parts[1][:len(values)]
	for i := range values {
		values[i] += int64(own[i] + next[i])
	}
	return values, nil
}

// lacking returns the summand of x that this party lacks, if to is true of it. It is the
// memory of the result, which may be long.
func lacking[W ring64.Word](p *Party, x Vec, to []bool) ([]W, error) {
	n := x.Len()
	if !x.Is(columns, n) || len(to) != Parties {
		return nil, fmt.Errorf("rep3: opening %d columns to some of %d parties", len(x.Parts), len(to))
	}
	// The summand that party i lacks is i+2, the second one of party i+1.
	var words []W
	err := p.agreeing(func(next bool) error {
		if next || !to[(p.index+2)%Parties] {
			return nil
		}
		return p.send(toPrev, x.Parts[1])
	}, func(next bool) error {
		if !next || !to[p.index] {
			return nil
		}
		words = ring64.Unset[W](n)
		return receive(p, fromNext, words)
	})
	if err != nil {
		return nil, err
	}
	return words, nil
}

// masked sets the first summands lo to hi - 1 of dst to what f, which is ring64.Product or
// ring64.Conjunction, makes of those of x and y, and of zero: this party's part of a sharing
// of zeros is F(k_i) - F(k_(i+1)), whose sum over all parties is zero, and with exclusive or
// in the place of the sum for words of bits [AFLNO16, correlated randomness].
func (p *Party) masked(f func(z, t, a, b, c, d []uint64), dst, x, y Vec, lo, hi int) {
	for ; lo < hi; lo += maskChunk {
		to := min(lo+maskChunk, hi)
		z, t := dst.Parts[0][lo:to], p.mask[:to-lo]
		stream(p.ownMask, z, p.maskBytes[:])
		stream(p.nextMask, t, p.maskBytes[:])
		f(z, t, x.Parts[0][lo:to], x.Parts[1][lo:to], y.Parts[0][lo:to], y.Parts[1][lo:to])
	}
}

// zeros sets z to this party's part of a sharing of zeros, as numbers.
func (p *Party) zeros(z []uint64) {
	for len(z) > 0 {
		n := min(len(z), maskChunk)
		t := p.mask[:n]
		stream(p.ownMask, z[:n], p.maskBytes[:])
		stream(p.nextMask, t, p.maskBytes[:])
		for i, m := range t {
			z[i] -= m
		}
		z = z[n:]
	}
}

// stream fills words from g, with a buffer of as many bytes.
func stream[W ring64.Word](g *prg.PRG, words []W, buf []byte) {
	ring64.Fill(words, buf, func(b []byte) error {
		g.Bytes(b)
		return nil
	})
}

// headerSize is what session puts before each message, in bytes.
const headerSize = 5

// maskChunk is how many masks are expanded at once, to stay in the first-level cache, and so
// few that the processor fetches the factors that come next from memory meanwhile.
const maskChunk = 1 << 8

// exchange computes the first halves of dst in pieces, sends each to the previous
// party when it is ready, and fills the second halves with what comes from the next
// one. It is one round.
func (p *Party) exchange(dst []Vec, compute func(k, lo, hi int)) error {
	p.rounds++
	return p.both(func() error {
		for k, v := range dst {
			own := v.Parts[0]
			for lo := 0; lo < len(own); lo += chunk {
				hi := min(lo+chunk, len(own))
				if p.rehearsal == nil {
					compute(k, lo, hi)
				}
				if err := p.send(toPrev, own[lo:hi]); err != nil {
					return err
				}
			}
		}
		return nil
	}, func() error {
		for _, v := range dst {
			if err := p.receive(fromNext, v.Parts[1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// both sends to the previous party while it receives from the next one.
func (p *Party) both(send, receive func() error) error {
	if p.rehearsal != nil {
		return errors.Join(send(), receive())
	}
	return p.prev.Duplex(send, receive)
}

// rehearse returns what messages of so many bytes take.
func rehearse(size int) uint64 { return uint64(size) + uint64((size+8*chunk-1)/(8*chunk)*headerSize) }

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
func (p *Party) send(next bool, words []uint64) error { return send(p, next, words) }

// receive fills words from messages that send made of as many.
func (p *Party) receive(next bool, words []uint64) error { return receive(p, next, words) }

// send is [Party.send], for halves of words too.
func send[W ring64.Word](p *Party, next bool, words []W) error {
	if p.rehearsal != nil {
		p.rehearsal.Sent += rehearse(ring64.Size[W]() * len(words))
		return nil
	}
	s, other := p.link(next)
	for most := 8 * chunk / ring64.Size[W](); len(words) > 0; {
		n := min(len(words), most)
		if err := s.Send(typeWord, ring64.Bytes(words[:n], p.sending[:])); err != nil {
			return engine.At(other, err)
		}
		words = words[n:]
	}
	return nil
}

func receive[W ring64.Word](p *Party, next bool, words []W) error {
	if p.rehearsal != nil {
		p.rehearsal.Received += rehearse(ring64.Size[W]() * len(words))
		return nil
	}
	s, other := p.link(next)
	for most := 8 * chunk / ring64.Size[W](); len(words) > 0; {
		n := min(len(words), most)
		err := ring64.Fill(words[:n], p.receiving[:], func(b []byte) error { return s.Recv(typeWord, b) })
		if err != nil {
			return engine.At(other, err)
		}
		words = words[n:]
	}
	return nil
}
