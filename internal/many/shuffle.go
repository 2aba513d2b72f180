package many

import (
	"fmt"
	"math"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A shuffle is the product of random permutations, each of which one committee of t + 1 parties
// knows [LWZ11]. For every t parties there is a committee that none of them is in, so they do not
// know the product. One committee follows the other:
//
//	The members of the first one have summands of the secrets: their shares, times public
//	coefficients. Of bits it is the coefficients of x^0 whose sum the secret is.
//	All members permute their summands, by the stream that their committee has.
//	Who is not in the next committee divides its summands among all members of that:
//	what they expand from the key that each has with it, and for one of those who are new
//	the difference, which is sent.
//	The members of the last one deal their summands to all parties, whose sums of these
//	are the new shares.
//
// Of the t + 1 summands, t parties lack one at least at any time. Who leaves and is none of these
// t gives them uniformly random parts: one part goes to a member that is none of them either,
// and hides the rest. So all that they see is uniformly random, whatever the secrets are. When a
// committee permutes that none of them is in they have no summand, and what they get later are
// random parts of what was permuted: they see nothing of its permutation.
//
// Memory is read in the order of permutations, by parties who know these. Whoever watches the
// caches of t + 1 machines can learn the order.

// maxLength is the most elements of a shuffle, so that positions are of 32 bits.
const maxLength = math.MaxInt32

// A shuffler is a party of so many that their committees are few enough.
type shuffler struct{ *Party }

var _ engine.Shuffler = shuffler{}

// Shuffler returns p with a method for shuffles, or nil if its committees are too many.
func (p *Party) Shuffler() engine.Shuffler {
	if p.committees == nil {
		return nil
	}
	return shuffler{p}
}

// A track is a column that is shuffled: what a member of a committee has of it, a summand of
// each element, or memory.
type track struct {
	space         *space
	values, spare []uint64
}

// Shuffle implements [engine.Shuffler], in as many rounds as there are committees.
func (s shuffler) Shuffle(numbers, words []Vec) ([]Vec, []Vec, error) {
	n := 0
	for _, v := range append(append([]Vec(nil), numbers...), words...) {
		n = v.Len()
	}
	tracks := make([]*track, 0, len(numbers)+len(words))
	for i, vs := range [][]Vec{numbers, words} {
		space := []*space{s.numbers, s.bits}[i]
		for _, v := range vs {
			if !v.Is(space.columns, n) || n > maxLength {
				return nil, nil, fmt.Errorf("many: shuffling columns of %d and %d elements", n, v.Len())
			}
			tracks = append(tracks, &track{space, s.summands(space, v), make([]uint64, n)})
		}
	}
	if len(tracks) == 0 {
		return nil, nil, nil
	}
	order := make([]uint32, n)
	for k, c := range s.committees {
		if k > 0 {
			if err := s.pass(tracks, s.committees[k-1], c); err != nil {
				return nil, nil, err
			}
		}
		if c.has(s.index) && s.rehearsal == nil {
			s.orders[k].Permute(order)
			for _, t := range tracks {
				engine.Gather(t.spare, t.values, order)
				t.values, t.spare = t.spare, t.values
			}
		}
	}
	return s.finish(n, tracks[:len(numbers)], tracks[len(numbers):])
}

// summands returns this party's summands of v, if it is in the first committee.
func (p *Party) summands(s *space, v Vec) []uint64 {
	var points []uint64
	at := -1
	for k, i := range p.committees[0].members() {
		points = append(points, uint64(i+1))
		if i == p.index {
			at = k
		}
	}
	z := s.new(v.Len())
	if at >= 0 {
		s.combine(z, []Vec{v}, s.lagrange(0, points)[at:at+1])
	}
	return z.Parts[0]
}

// pass has the members of a committee that are not in the next one leave, in one round. Those
// who send and those who receive are as many.
func (p *Party) pass(tracks []*track, from, to committee) error {
	leaving, entering := (from &^ to).members(), (to &^ from).members()
	out, in := make([][]letter, p.n), make([][]letter, p.n)
	if !from.has(p.index) {
		for _, t := range tracks {
			clear(t.values)
		}
	}
	before := -1 // whom this party hears from
	for k, i := range leaving {
		switch heir := entering[k]; {
		case i == p.index:
			for _, t := range tracks {
				for _, j := range to.members() {
					if j != heir {
						p.part(t, p.links[j].to, t.less)
					}
				}
				out[heir] = append(out[heir], letter{t.space.typ, t.values})
			}
		case heir == p.index:
			before = i
		case to.has(p.index):
			for _, t := range tracks {
				p.part(t, p.links[i].from, t.plus)
			}
		}
	}
	if before >= 0 {
		for _, t := range tracks {
			in[before] = append(in[before], letter{t.space.typ, t.spare})
		}
	}
	if err := p.exchange(out, in, false); err != nil {
		return err
	}
	if before >= 0 {
		for _, t := range tracks {
			t.plus()
		}
	}
	return nil
}

// part expands what one party gives to another, and combines it with the values of t.
func (p *Party) part(t *track, g *prg.PRG, combine func()) {
	if p.rehearsal == nil {
		t.space.uniform(column(t.spare), g)
		combine()
	}
}

// plus adds the spare values to those of t, and less takes them away.
func (t *track) plus() {
	if t.space.typ == typeNumber {
		field.AddVec(t.values, t.values, t.spare)
		return
	}
	for i, w := range t.spare {
		t.values[i] ^= w
	}
}

func (t *track) less() {
	if t.space.typ == typeNumber {
		field.SubVec(t.values, t.values, t.spare)
		return
	}
	t.plus()
}

// finish returns shares of what the last committee has, in one round.
func (p *Party) finish(n int, numbers, words []*track) ([]Vec, []Vec, error) {
	last := p.committees[len(p.committees)-1]
	parcels := make([]*parcel, 0, 2)
	for _, tracks := range [][]*track{numbers, words} {
		if len(tracks) == 0 {
			continue
		}
		s := tracks[0].space
		c := &parcel{space: s, n: n * len(tracks), first: last.lowest(), dealers: p.t + 1}
		if last.has(p.index) {
			c.secret = s.new(c.n)
			for k, t := range tracks {
				copy(c.secret.Parts[0][k*n:], t.values)
			}
		}
		parcels = append(parcels, c)
	}
	if err := p.deal(parcels...); err != nil {
		return nil, nil, err
	}
	split := func(tracks []*track) []Vec {
		if len(tracks) == 0 {
			return nil
		}
		all := tracks[0].space.sum(parcels[0].shares)
		parcels = parcels[1:]
		vs := make([]Vec, len(tracks))
		for k := range vs {
			vs[k] = all.Slice(k*n, (k+1)*n)
		}
		return vs
	}
	shuffledNumbers := split(numbers)
	return shuffledNumbers, split(words), nil
}
