package rep3

import (
	"errors"
	"fmt"
	"math"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A shuffle is the product of three random permutations, of which each pair of parties
// knows one: each party lacks one of them [LWZ11]. Applying it takes the messages of
// [AFOPRT21], in the first round of which two parties send, and in the second two:
//
//	S has x_s + x_t', T and U have the remaining summand
//	S -> T   X = B(A(x_s + x_t' + z_a) + z_b)      A is known to S and T, B to S and U,
//	T -> U   Y = A(x_tu - z_a)                     C to T and U; z_a and z_b as A and B
//	T -> U   C(X) - r_a                            r_a and r_b are random, as A and B
//	U -> T   C(B(Y - z_b)) - r_b
//
// The new summands are r_a, r_b and the sum of both messages of the second round. T sees X
// behind z_b, and U sees Y behind z_a, which they don't know; so it is for the messages of
// the second round. The permutation is inverted by the inverses in the opposite order.
//
// Memory is read in the order of permutations, by parties who know these, and who know
// nothing of the third one. Whoever watches the caches of two machines learns the order.

// maxLength is the most elements of a shuffle, so that positions are of 32 bits.
const maxLength = math.MaxInt32

// A shuffle is a random order of n elements.
type shuffle struct {
	n     int
	empty bool // of a rehearsal, which puts nothing in order
	// Of k_i and of k_(i+1).
	orders [columns][]uint32
	masks  [columns]*prg.PRG
}

// newShuffle returns a new random order, without a message. Its memory is of the pool.
func (p *Party) newShuffle(orders *pool[uint32]) *shuffle {
	s := &shuffle{n: orders.n, empty: p.rehearsal != nil}
	own, next := p.Seeds()
	for c, seed := range [][prg.Size]byte{own, next} {
		s.masks[c] = prg.New(seed)
		if !s.empty {
			s.orders[c] = orders.get()
			s.masks[c].Permute(s.orders[c])
		}
	}
	return s
}

// A track is a column of which reorder can do its part, in the names of the comment above.
// What is one column is the other one of the party that is named beside it.
type track interface {
	fits(n int) error
	// start sends X of S; a and b are the columns of the keys that A and B come from.
	start(p *Party, s *shuffle, inverse bool, a, b int) error
	// redraw is what S has at the end.
	redraw(s *shuffle, a, b int)
	// pass sends Y of T to U, with whom it has column c.
	pass(p *Party, s *shuffle, inverse bool, a, c int) error
	// take receives X or Y.
	take(p *Party, next bool) error
	// unmask makes B(Y - z_b) of Y, of U.
	unmask(s *shuffle, inverse bool, b int)
	// hide is the message of the second round, and its mask is the new summand in column r.
	hide(s *shuffle, inverse bool, r, c int)
	// give sends that, accept receives that of the other one, and finish adds up both.
	give(p *Party, next bool) error
	accept(p *Party, next bool) error
	finish(c int)
	// follow puts all in a public order.
	follow(order []uint32, inverse bool)
}

// shared returns which column is of the summand, the key and the order that another party
// has too.
func (p *Party) shared(other int) int {
	if other == (p.index+1)%Parties {
		return 1
	}
	return 0
}

// reorder puts all tracks into the order of s, or back, in two rounds.
func (p *Party) reorder(s *shuffle, tracks []track, inverse bool) error {
	for _, t := range tracks {
		if err := t.fits(s.n); err != nil {
			return err
		}
	}
	// S, T and U of the comment above.
	first, second, third := 0, 1, 2
	if inverse {
		first, third = third, first
	}
	p.rounds += 2
	all := func(f func(t track) error) error {
		for _, t := range tracks {
			if err := f(t); err != nil {
				return err
			}
		}
		return nil
	}
	var r, c int
	switch p.index {
	case first:
		a, b := p.shared(second), p.shared(third)
		err := all(func(t track) error { return t.start(p, s, inverse, a, b) })
		if err != nil {
			return err
		}
		for _, t := range tracks {
			t.redraw(s, a, b)
		}
		return nil
	case second:
		r, c = p.shared(first), p.shared(third)
		err := p.beside(c == 1,
			func() error { return all(func(t track) error { return t.pass(p, s, inverse, r, c) }) },
			func() error { return all(func(t track) error { return t.take(p, r == 1) }) })
		if err != nil {
			return err
		}
	default:
		r, c = p.shared(first), p.shared(second)
		err := all(func(t track) error {
			if err := t.take(p, c == 1); err != nil {
				return err
			}
			t.unmask(s, inverse, r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	// The second round is between T and U. The summand that the other one does not have is
	// in column r.
	for _, t := range tracks {
		t.hide(s, inverse, r, c)
	}
	err := p.beside(c == 1,
		func() error { return all(func(t track) error { return t.give(p, c == 1) }) },
		func() error { return all(func(t track) error { return t.accept(p, c == 1) }) })
	if err != nil {
		return err
	}
	for _, t := range tracks {
		t.finish(c)
	}
	return nil
}

func (t *column[W]) start(p *Party, s *shuffle, inverse bool, a, b int) error {
	x := t.pool.get()
	if !s.empty {
		t.plus(x, t.own, t.next)
		for _, c := range []int{a, b} {
			t.masked(x, x, s.masks[c], t.plus)
			x = t.apply(s.orders[c], x, inverse)
		}
	}
	err := send(p, a == 1, x)
	t.pool.put(x)
	return err
}

func (t *column[W]) redraw(s *shuffle, a, b int) {
	for _, c := range []int{a, b} {
		t.set(c, t.drawn(s, c))
	}
	t.lent = false
}

// drawn returns random elements that the other party has too.
func (t *column[W]) drawn(s *shuffle, c int) []W {
	v := t.pool.get()
	if !s.empty {
		fill(v, s.masks[c])
	}
	return v
}

func (t *column[W]) pass(p *Party, s *shuffle, inverse bool, a, c int) error {
	y := t.pool.get()
	if !s.empty {
		t.masked(y, t.summands(c), s.masks[a], t.minus)
		y = t.apply(s.orders[a], y, inverse)
	}
	err := send(p, c == 1, y)
	t.pool.put(y)
	return err
}

func (t *column[W]) take(p *Party, next bool) error {
	t.coming = t.pool.get()
	return receive(p, next, t.coming)
}

func (t *column[W]) unmask(s *shuffle, inverse bool, b int) {
	if !s.empty {
		t.masked(t.coming, t.coming, s.masks[b], t.minus)
		t.coming = t.apply(s.orders[b], t.coming, inverse)
	}
}

func (t *column[W]) hide(s *shuffle, inverse bool, r, c int) {
	mask := t.drawn(s, r)
	if !s.empty {
		t.coming = t.apply(s.orders[c], t.coming, inverse)
		t.minus(t.coming, t.coming, mask)
	}
	t.set(r, mask)
}

func (t *column[W]) give(p *Party, next bool) error { return send(p, next, t.coming) }

func (t *column[W]) accept(p *Party, next bool) error {
	t.last = t.pool.get()
	return receive(p, next, t.last)
}

func (t *column[W]) finish(c int) {
	t.plus(t.last, t.last, t.coming)
	t.pool.put(t.coming)
	t.set(c, t.last)
	t.coming, t.last, t.lent = nil, nil, false
}

// beside sends to the next or the previous party while it receives.
func (p *Party) beside(next bool, send, receive func() error) error {
	if p.rehearsal != nil {
		return errors.Join(send(), receive())
	}
	s, _ := p.link(next)
	return s.Duplex(send, receive)
}

// Shuffle implements [engine.Sorter] in two rounds. For each element of each column, party 0
// sends a word, party 1 two and party 2 one.
func (p *Party) Shuffle(vs []Vec) ([]Vec, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	n := vs[0].Len()
	if n > maxLength {
		return nil, fmt.Errorf("rep3: an order of %d elements, of at most %d", n, maxLength)
	}
	tracks, err := lend(n, vs)
	if err != nil {
		return nil, err
	}
	if err := p.reorder(p.newShuffle(&pool[uint32]{n: n}), tracks, false); err != nil {
		return nil, err
	}
	return vecs(tracks), nil
}

// lend returns vectors of n numbers, which are not altered, as tracks.
func lend(n int, vs []Vec) ([]track, error) {
	tracks, pool := make([]track, len(vs)), &pool[uint64]{n: n}
	for i, v := range vs {
		if !v.Is(columns, n) {
			return nil, fmt.Errorf("rep3: columns of %d and %d elements to put in order", n, v.Len())
		}
		tracks[i] = &column[uint64]{own: v.Parts[0], next: v.Parts[1], pool: pool, lent: true}
	}
	return tracks, nil
}

// vecs returns tracks of lend as vectors.
func vecs(tracks []track) []Vec {
	vs := make([]Vec, len(tracks))
	for i, t := range tracks {
		t := t.(*column[uint64])
		vs[i] = Vec{Parts: [][]uint64{t.own, t.next}}
	}
	return vs
}

var _ engine.Sorter = (*Party)(nil)
