package rep3

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
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
	n int
	// Of k_i and of k_(i+1).
	orders [columns][]uint32
	masks  [columns]*prg.PRG
}

// newShuffle returns a new random order, without a message.
func (p *Party) newShuffle(n int) (*shuffle, error) {
	if n < 0 || n > maxLength {
		return nil, fmt.Errorf("rep3: an order of %d elements, of at most %d", n, maxLength)
	}
	s := &shuffle{n: n}
	own, next := p.Seeds()
	for c, seed := range [][prg.Size]byte{own, next} {
		s.masks[c] = prg.New(seed)
		if p.rehearsal == nil {
			s.orders[c] = permutation(s.masks[c], n)
		}
	}
	return s, nil
}

// permutation returns a uniformly random permutation [Knu98, algorithm P]. Whether a word is
// rejected says nothing of the ones that are used.
func permutation(g *prg.PRG, n int) []uint32 {
	order := make([]uint32, n)
	var words [maskChunk]uint64
	left := words[:0]
	for i := range order {
		k := uint64(i + 1)
		for {
			if len(left) == 0 {
				left = words[:min(n-i, maskChunk)]
				g.Uint64s(left)
			}
			// The upper word is uniform below k, without the 2^64 mod k lowest of the lower
			// words [Lem19].
			hi, lo := bits.Mul64(left[0], k)
			left = left[1:]
			if lo >= k || lo >= -k%k {
				order[i] = order[hi]
				order[hi] = uint32(i)
				break
			}
		}
	}
	return order
}

// A track is a column under way.
type track struct {
	own, next []uint64
	kind      kind
}

// A kind says how summands add up.
type kind uint8

const (
	sums      kind = iota // modulo 2^64
	xors                  // words of bits, by exclusive or
	halves                // modulo 2^32, in words of which the upper halves are zero
	xorHalves             // of 32 bits, by exclusive or, in such words
)

// packed reports whether two elements go into a word of a message.
func (k kind) packed() bool { return k >= halves }

// plus sets z to a + b, and minus to a - b.
func (k kind) plus(z, a, b []uint64) {
	a, b = a[:len(z)], b[:len(z)]
	switch k {
	case sums:
		for i := range z {
			z[i] = a[i] + b[i]
		}
	case halves:
		for i := range z {
			z[i] = uint64(uint32(a[i] + b[i]))
		}
	case xors, xorHalves:
		for i := range z {
			z[i] = a[i] ^ b[i]
		}
	}
}

func (k kind) minus(z, a, b []uint64) {
	a, b = a[:len(z)], b[:len(z)]
	switch k {
	case sums:
		for i := range z {
			z[i] = a[i] - b[i]
		}
	case halves:
		for i := range z {
			z[i] = uint64(uint32(a[i] - b[i]))
		}
	case xors, xorHalves:
		for i := range z {
			z[i] = a[i] ^ b[i]
		}
	}
}

// words returns how many words n elements take in messages.
func (k kind) words(n int) int {
	if k.packed() {
		return n/2 + n%2
	}
	return n
}

// pack returns what elements are in messages, in the same memory.
func (k kind) pack(v []uint64) []uint64 {
	if !k.packed() {
		return v
	}
	n := len(v)
	for i := 0; i+1 < n; i += 2 {
		v[i/2] = v[i] | v[i+1]<<32
	}
	if n%2 == 1 {
		v[n/2] = v[n-1]
	}
	return v[:k.words(n)]
}

// unpack undoes pack: v has the memory of all elements, and the words of the message first.
func (k kind) unpack(v []uint64) {
	if !k.packed() {
		return
	}
	n := len(v)
	if n%2 == 1 {
		v[n-1] = uint64(uint32(v[n/2]))
	}
	for i := n/2 - 1; i >= 0; i-- {
		w := v[i]
		v[2*i], v[2*i+1] = uint64(uint32(w)), w>>32
	}
}

// fill returns random elements.
func (k kind) fill(g *prg.PRG, n int) []uint64 {
	v := ring64.Unset(n)
	g.Uint64s(v[:k.words(n)])
	k.unpack(v)
	return v
}

// masked sets z to x plus random elements, or minus them, which are those of fill. It takes
// no memory for them. z may be x.
func (k kind) masked(z, x []uint64, g *prg.PRG, minus bool) {
	var masks [maskChunk]uint64
	for len(z) > 0 {
		n := min(len(z), maskChunk)
		m := masks[:n]
		g.Uint64s(m[:k.words(n)])
		k.unpack(m)
		if minus {
			k.minus(z[:n], x[:n], m)
		} else {
			k.plus(z[:n], x[:n], m)
		}
		z, x = z[n:], x[n:]
	}
}

// apply returns v in the order, or in the inverse one.
func apply(order []uint32, v []uint64, inverse bool) []uint64 {
	z := ring64.Unset(len(v))
	if inverse {
		for i, from := range order {
			z[from] = v[i]
		}
		return z
	}
	for i, from := range order {
		z[i] = v[from]
	}
	return z
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
		if len(t.own) != s.n || len(t.next) != s.n {
			return fmt.Errorf("rep3: columns of %d elements in an order of %d", len(t.own), s.n)
		}
	}
	// S, T and U of the comment above.
	first, second, third := 0, 1, 2
	if inverse {
		first, third = third, first
	}
	p.rounds += 2
	switch p.index {
	case first:
		return p.reorderFirst(s, tracks, inverse, second, third)
	case second:
		return p.reorderSecond(s, tracks, inverse, first, third)
	}
	return p.reorderThird(s, tracks, inverse, first, second)
}

// column returns the summand of t that is in that column.
func (t *track) column(c int) *[]uint64 {
	if c == 0 {
		return &t.own
	}
	return &t.next
}

func (p *Party) reorderFirst(s *shuffle, tracks []track, inverse bool, second, third int) error {
	a, b := p.shared(second), p.shared(third)
	for _, t := range tracks {
		if p.rehearsal == nil {
			x := ring64.Unset(s.n)
			t.kind.plus(x, t.own, t.next)
			for _, c := range []int{a, b} {
				t.kind.masked(x, x, s.masks[c], false)
				x = apply(s.orders[c], x, inverse)
			}
			if err := p.send(a == 1, t.kind.pack(x)); err != nil {
				return err
			}
		} else if err := p.send(a == 1, make([]uint64, t.kind.words(s.n))); err != nil {
			return err
		}
	}
	for i := range tracks {
		t := &tracks[i]
		for _, c := range []int{a, b} {
			*t.column(c) = t.kind.fill(s.masks[c], s.n)
		}
	}
	return nil
}

func (p *Party) reorderSecond(s *shuffle, tracks []track, inverse bool, first, third int) error {
	a, c := p.shared(first), p.shared(third)
	received := make([][]uint64, len(tracks))
	err := p.beside(c == 1, func() error {
		for _, t := range tracks {
			y := ring64.Unset(s.n)
			if p.rehearsal == nil {
				t.kind.masked(y, *t.column(c), s.masks[a], true)
				y = apply(s.orders[a], y, inverse)
			}
			if err := p.send(c == 1, t.kind.pack(y)); err != nil {
				return err
			}
		}
		return nil
	}, func() (err error) {
		for i, t := range tracks {
			if received[i], err = p.receiveTrack(a == 1, t.kind, s.n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.reshare(s, tracks, received, inverse, a, c)
}

func (p *Party) reorderThird(s *shuffle, tracks []track, inverse bool, first, second int) error {
	b, c := p.shared(first), p.shared(second)
	received := make([][]uint64, len(tracks))
	for i, t := range tracks {
		y, err := p.receiveTrack(c == 1, t.kind, s.n)
		if err != nil {
			return err
		}
		if p.rehearsal == nil {
			t.kind.masked(y, y, s.masks[b], true)
			y = apply(s.orders[b], y, inverse)
		}
		received[i] = y
	}
	return p.reshare(s, tracks, received, inverse, b, c)
}

// reshare is the second round between T and U: the summand that the other party does not
// have is in column r.
func (p *Party) reshare(s *shuffle, tracks []track, terms [][]uint64, inverse bool, r, c int) error {
	for i := range tracks {
		t := &tracks[i]
		mask := t.kind.fill(s.masks[r], s.n)
		if p.rehearsal == nil {
			terms[i] = apply(s.orders[c], terms[i], inverse)
			t.kind.minus(terms[i], terms[i], mask)
		}
		*t.column(r) = mask
	}
	received := make([][]uint64, len(tracks))
	err := p.beside(c == 1, func() error {
		for i, t := range tracks {
			message := terms[i]
			if t.kind.packed() {
				message = append([]uint64(nil), message...)
			}
			if err := p.send(c == 1, t.kind.pack(message)); err != nil {
				return err
			}
		}
		return nil
	}, func() (err error) {
		for i, t := range tracks {
			if received[i], err = p.receiveTrack(c == 1, t.kind, s.n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range tracks {
		t := &tracks[i]
		t.kind.plus(terms[i], terms[i], received[i])
		*t.column(c) = terms[i]
	}
	return nil
}

// receiveTrack returns n elements that the next or the previous party sends.
func (p *Party) receiveTrack(next bool, k kind, n int) ([]uint64, error) {
	v := ring64.Unset(n)
	if err := p.receive(next, v[:k.words(n)]); err != nil {
		return nil, err
	}
	k.unpack(v)
	return v, nil
}

// beside sends to the next or the previous party while it receives.
func (p *Party) beside(next bool, send, receive func() error) error {
	if p.rehearsal != nil {
		if err := send(); err != nil {
			return err
		}
		return receive()
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
	tracks, err := tracksOf(n, vs)
	if err != nil {
		return nil, err
	}
	s, err := p.newShuffle(n)
	if err != nil {
		return nil, err
	}
	if err := p.reorder(s, tracks, false); err != nil {
		return nil, err
	}
	return vecs(tracks), nil
}

// tracksOf returns vectors of n numbers, which are not altered, as tracks.
func tracksOf(n int, vs []Vec) ([]track, error) {
	tracks := make([]track, len(vs))
	for i, v := range vs {
		if !v.Is(columns, n) {
			return nil, fmt.Errorf("rep3: columns of %d and %d elements to put in order", n, v.Len())
		}
		tracks[i] = track{own: v.Parts[0], next: v.Parts[1]}
	}
	return tracks, nil
}

func vecs(tracks []track) []Vec {
	vs := make([]Vec, len(tracks))
	for i, t := range tracks {
		vs[i] = Vec{Parts: [][]uint64{t.own, t.next}}
	}
	return vs
}

var _ engine.Sorter = (*Party)(nil)
