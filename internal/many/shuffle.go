package many

import (
	"fmt"
	"math"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A shuffle is the product of the random permutations of all passes, each of which one party knows.
// Before and after each pass t + 1 parties have summands of the secrets: of numbers, and of bits
// the coefficients of x^0 whose sum the secret is. Who has the summand x of the permuter permutes
// it itself, by π. The summand r of an owner, which is random, is permuted as with a dealer's
// correlation [CGP20, share translation], for which the helper of the owner stands in:
//
//	permuter: π                 owner: r                     helper
//	   --- the stream of δ --->    <--- the stream of a --->
//	   ------------------------ ρ = π after δ is undone ---->
//	   <------ δ(r) - a -------
//	   <------------------- ρ(a) - b ------------------------
//	   ρ(δ(r) - a) + ρ(a) - b = π(r) - b,  which it adds to π(x); b is the helper's summand then
//
// All summands are divided among those who have one in the next pass: what both expand from the key
// of their link. Only the permuter sends the rest, to the next one; what a helper has is the sum
// of what it gives, and in the last pass its coins. So owners know their summands without a
// message, and all but the permuter's own summands, in one message a pass, is sent up to two rounds
// before. At the beginning the permuter and the t parties that follow have their shares, times
// public coefficients, and in the end those who have summands deal them to all.
//
// Of any t parties, in each pass, a unit is clean: the permuter or a pair, with none of them in it,
// for there are t + 1 units. Its summand is uniformly random for the t, since a clean unit of the
// pass before has given it a random part. Or it has the rest, as both are permuters: of that they
// do not see anything, and the random parts that go with it are all they have. What an owner
// and its helper send is hidden by a, and by what the helper gives to a clean unit. So all that the t
// parties see is uniformly random, whatever the secrets are. In the pass of which passes.go says that
// none of them permutes and no two are a pair, they have of each pair either δ or ρ, which are
// uniformly random and tell nothing of π, and nothing of a clean unit's summand before or after.
// They hence do not know the product [LWZ11, whose permutations t + 1 parties know, and whose
// summands no one else has].
//
// Memory is read in the order of permutations, by parties who know these. Whoever watches the
// caches of some parties can learn the order: of a permuter, or of an owner and its helper, in each
// pass.

// maxLength is the most elements of a shuffle, so that positions are of 32 bits.
const maxLength = math.MaxInt32

var _ engine.Shuffler = (*Party)(nil)

// Shuffle implements [engine.Shuffler], in two rounds more than there are passes.
func (p *Party) Shuffle(numbers, words []Vec) ([]Vec, []Vec, error) {
	n := 0
	for _, v := range append(append([]Vec(nil), numbers...), words...) {
		n = v.Len()
	}
	if n > maxLength {
		return nil, nil, fmt.Errorf("many: an order of %d elements, of at most %d", n, maxLength)
	}
	var columns []Vec
	var spaces []*space
	for i, vs := range [][]Vec{numbers, words} {
		space := []*space{p.numbers, p.bits}[i]
		for _, v := range vs {
			if !v.Is(space.columns, n) {
				return nil, nil, fmt.Errorf("many: shuffling columns of %d and %d elements", n, v.Len())
			}
			spaces, columns = append(spaces, space), append(columns, v)
		}
	}
	if len(columns) == 0 {
		return nil, nil, nil
	}
	s := p.newShuffle(n, spaces)
	for k := range len(s.turns) + 1 {
		if err := s.step(k, columns); err != nil {
			return nil, nil, err
		}
	}
	return s.deal(len(numbers))
}

// A shuffle is what a party needs for one.
type shuffle struct {
	*Party
	elements int
	spaces   []*space // of all columns
	turns    []*turn
	round    round
}

// A summand has columns of elements.
type summand [][]uint64

// A turn is a pass as one party sees it.
type turn struct {
	pass
	mine  summand  // of the permuter, or of an owner
	moved summand  // at the permuter: what it adds to its own summand after the permutation
	given summand  // what the permuter, or a helper, gives to those of the next pass, or in the end a helper has
	mask  summand  // a, at a helper
	order []uint32 // π at the permuter, and ρ at a helper, until the permuter hands on
}

// A round is what an exchange sends and receives, and what comes after it.
type round struct {
	out, in [][]letter
	after   []func() error
}

// newShuffle returns a shuffle of so many elements, and of columns of these spaces.
func (p *Party) newShuffle(elements int, spaces []*space) *shuffle {
	s := &shuffle{Party: p, elements: elements, spaces: spaces}
	for _, of := range p.passes {
		s.turns = append(s.turns, &turn{pass: of})
	}
	return s
}

// step is round k, of one more than there are passes: what owners send in one goes with what
// helpers send in the one before, and with what the permuter of that before hands on.
func (s *shuffle) step(k int, columns []Vec) error {
	last := len(s.turns) - 1
	s.round = round{out: make([][]letter, s.n), in: make([][]letter, s.n)}
	switch {
	case k == 0:
		s.enter(s.turns[0], columns)
	case k <= last:
		s.divide(s.turns[k-1], s.turns[k])
	case s.turns[last].helps(s.index):
		s.turns[last].given = s.draw(s.coins)
	}
	if k <= last {
		s.begin(s.turns[k])
	}
	if k > 0 {
		s.help(s.turns[k-1])
	}
	if k > 1 {
		s.hand(s.turns[k-2], s.turns[k-1])
	}
	if err := s.exchange(s.round.out, s.round.in, false); err != nil {
		return err
	}
	for _, f := range s.round.after {
		if err := f(); err != nil {
			s.cancel(err)
			return err
		}
	}
	return nil
}

// enter makes summands of shares.
func (s *shuffle) enter(t *turn, columns []Vec) {
	var points []uint64
	for k := range s.t + 1 {
		points = append(points, uint64((t.permuter+k)%s.n+1))
	}
	for k, point := range points {
		i := int(point) - 1
		var x summand
		if i == s.index {
			for c, v := range columns {
				z := s.spaces[c].new(s.elements)
				s.spaces[c].combine(z, []Vec{v}, s.spaces[c].lagrange(0, points)[k:k+1])
				x = append(x, z.Parts[0])
			}
		}
		s.sub(x, s.give(i, t, t.owners()))
		s.rest(i, t, x)
	}
}

// divide has those who have summands after a pass give parts of them to those of the next one.
func (s *shuffle) divide(t, next *turn) {
	owners := next.owners()
	t.given = s.give(t.permuter, next, owners)
	for _, pair := range t.pairs {
		if x := s.give(pair[1], next, append(owners, next.permuter)); x != nil {
			t.given = x
		}
	}
}

// give has party i give random parts to others, which are added to their summands of a turn. At
// party i it returns their sum.
func (s *shuffle) give(i int, t *turn, to []int) (sum summand) {
	for _, j := range to {
		switch {
		case i == s.index && j == s.index:
			part := s.draw(s.coins)
			sum, t.mine = s.add(sum, part), s.add(t.mine, s.clone(part))
		case i == s.index:
			sum = s.add(sum, s.draw(s.links[j].to))
		case j == s.index:
			t.mine = s.add(t.mine, s.draw(s.links[i].from))
		}
	}
	return sum
}

// rest has party i send x, which others have no part of, to the permuter of a turn.
func (s *shuffle) rest(i int, t *turn, x summand) {
	switch {
	case i == s.index && i == t.permuter:
		t.mine = s.add(t.mine, x)
	case i == s.index:
		s.send(t.permuter, x)
	case s.index == t.permuter:
		s.receive(i, func(x summand) { t.mine = s.add(t.mine, x) })
	}
}

// begin has the permuter send orders to helpers, and owners send summands to the permuter.
func (s *shuffle) begin(t *turn) {
	if s.index == t.permuter {
		t.order = s.permutation(s.coins)
	}
	for _, pair := range t.pairs {
		owner, helper := pair[0], pair[1]
		switch s.index {
		case owner:
			x := s.gather(t.mine, s.permutation(s.links[t.permuter].from))
			s.sub(x, s.draw(s.links[helper].to))
			s.send(t.permuter, x)
		case helper:
			t.mask = s.draw(s.links[owner].from)
			words := make([]uint64, (s.elements+1)/2)
			s.round.in[t.permuter] = append(s.round.in[t.permuter], letter{typeOrder, words})
			s.then(func() (err error) {
				t.order, err = s.parseOrder(words, t.permuter)
				return err
			})
		case t.permuter:
			order := behind(s.permutation(s.links[owner].to), t.order)
			s.round.out[helper] = append(s.round.out[helper], letter{typeOrder, orderWords(order)})
			s.receive(owner, func(x summand) { t.moved = s.add(t.moved, s.gather(x, order)) })
		}
	}
}

// help has helpers send what corrects the summands that the permuter got.
func (s *shuffle) help(t *turn) {
	for _, pair := range t.pairs {
		switch s.index {
		case pair[1]:
			x := s.gather(t.mask, t.order)
			s.sub(x, t.given)
			s.send(t.permuter, x)
		case t.permuter:
			s.receive(pair[1], func(x summand) { t.moved = s.add(t.moved, x) })
		}
	}
}

// permute returns what the permuter has after its pass, and nil at others.
func (s *shuffle) permute(t *turn) summand {
	if s.index != t.permuter {
		return nil
	}
	return s.add(s.gather(t.mine, t.order), t.moved)
}

// hand has the permuter of a pass send what it has to that of the next one, but for the parts that
// it gave.
func (s *shuffle) hand(t, next *turn) {
	x := s.permute(t)
	if x != nil {
		s.sub(x, t.given)
	}
	s.rest(t.permuter, next, x)
	t.mine, t.moved, t.given, t.mask, t.order = nil, nil, nil, nil, nil
}

// deal has all who have summands after the last pass deal them, and returns the sums: as many
// columns of numbers, and those of words.
func (s *shuffle) deal(numbers int) ([]Vec, []Vec, error) {
	t := s.turns[len(s.turns)-1]
	dealers, mine := []int{t.permuter}, s.permute(t)
	for _, pair := range t.pairs {
		dealers = append(dealers, pair[1])
		if s.index == pair[1] {
			mine = t.given
		}
	}
	var parcels []*parcel
	parts := [][2]int{{0, numbers}, {numbers, len(s.spaces)}}
	for _, of := range parts {
		if of[0] == of[1] {
			continue
		}
		space := s.spaces[of[0]]
		c := &parcel{space: space, n: s.elements * (of[1] - of[0]), dealers: dealers}
		if mine != nil {
			c.secret = space.new(c.n)
			for k, column := range mine[of[0]:of[1]] {
				copy(c.secret.Parts[0][k*s.elements:], column)
			}
		}
		parcels = append(parcels, c)
	}
	if err := s.Party.deal(parcels...); err != nil {
		return nil, nil, err
	}
	var vs [2][]Vec
	for i, of := range parts {
		if of[0] == of[1] {
			continue
		}
		all := parcels[0].space.sum(parcels[0].shares)
		parcels = parcels[1:]
		for k := range of[1] - of[0] {
			vs[i] = append(vs[i], all.Slice(k*s.elements, (k+1)*s.elements))
		}
	}
	return vs[0], vs[1], nil
}

// send has columns sent to another party in this round.
func (s *shuffle) send(to int, x summand) {
	for c, column := range x {
		s.round.out[to] = append(s.round.out[to], letter{s.spaces[c].typ, column})
	}
}

// receive has columns received from another party in this round, and then what is done with them.
func (s *shuffle) receive(from int, then func(x summand)) {
	x := s.new()
	for c, column := range x {
		s.round.in[from] = append(s.round.in[from], letter{s.spaces[c].typ, column})
	}
	s.then(func() error {
		then(x)
		return nil
	})
}

// then has f called after this round.
func (s *shuffle) then(f func() error) { s.round.after = append(s.round.after, f) }

func (s *shuffle) new() summand {
	x := make(summand, len(s.spaces))
	for c := range x {
		x[c] = make([]uint64, s.elements)
	}
	return x
}

func (s *shuffle) clone(x summand) summand {
	copied := make(summand, len(x))
	for c, column := range x {
		copied[c] = slices.Clone(column)
	}
	return copied
}

// draw returns random columns of a stream.
func (s *shuffle) draw(g *prg.PRG) summand {
	x := s.new()
	if s.rehearsal == nil {
		for c, words := range x {
			s.spaces[c].uniform(column(words), g)
		}
	}
	return x
}

// add returns the sum of x and y, of which nil is zero, in the memory of x or y.
func (s *shuffle) add(x, y summand) summand {
	if x == nil {
		return y
	}
	for c, column := range y {
		if s.spaces[c] == s.numbers {
			field.AddVec(x[c], x[c], column)
		} else {
			xor(x[c], column)
		}
	}
	return x
}

// sub takes y away from x, where nil is zero.
func (s *shuffle) sub(x, y summand) {
	for c, column := range y {
		if s.spaces[c] == s.numbers {
			field.SubVec(x[c], x[c], column)
		} else {
			xor(x[c], column)
		}
	}
}

func xor(x, y []uint64) {
	for i, w := range y {
		x[i] ^= w
	}
}

// gather returns the elements of x at the places of an order.
func (s *shuffle) gather(x summand, order []uint32) summand {
	moved := s.new()
	if s.rehearsal == nil {
		for c, column := range x {
			engine.Gather(moved[c], column, order)
		}
	}
	return moved
}

// permutation returns a uniformly random one of a stream.
func (s *shuffle) permutation(g *prg.PRG) []uint32 {
	order := make([]uint32, s.elements)
	if s.rehearsal == nil {
		g.Permute(order)
	}
	return order
}

// behind returns the order that makes of elements in the first order those in the second one.
func behind(first, second []uint32) []uint32 {
	at := make([]uint32, len(first))
	for i, place := range first {
		at[place] = uint32(i)
	}
	order := make([]uint32, len(second))
	engine.Gather(order, at, second)
	return order
}

// orderWords returns an order as it is sent, two places a word.
func orderWords(order []uint32) []uint64 {
	words := make([]uint64, (len(order)+1)/2)
	for i, place := range order {
		words[i/2] |= uint64(place) << (32 * (i % 2))
	}
	return words
}

// parseOrder is the inverse of orderWords, for what a party sent.
func (s *shuffle) parseOrder(words []uint64, from int) ([]uint32, error) {
	order := make([]uint32, s.elements)
	if s.rehearsal != nil {
		return order, nil
	}
	seen := make([]bool, s.elements)
	for i := range order {
		place := uint32(words[i/2] >> (32 * (i % 2)))
		if int64(place) >= int64(s.elements) || seen[place] {
			return nil, engine.At(from, fmt.Errorf("%w: an order is no permutation", session.ErrPeer))
		}
		order[i], seen[place] = place, true
	}
	if s.elements%2 == 1 && words[s.elements/2]>>32 != 0 {
		return nil, engine.At(from, fmt.Errorf("%w: something is left over behind an order", session.ErrPeer))
	}
	return order, nil
}
