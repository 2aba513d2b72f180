package two

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A kind is what triples are for.
type kind uint8

const (
	products kind = 1 // a·b = c for each element
	words    kind = 2 // a and b = c for each bit
	numbers  kind = 3 // a bit a, shared by exclusive or, that is c, shared as a number; no b
	matrices kind = 4 // the rows×inner matrix a times the inner×cols matrix b is c
	// The seeds a, a party's Δ for its permutation, b, and its share after the other one's, c, of
	// rows elements in inner columns of numbers and cols ones of words. See shuffle.go.
	shuffles kind = 5
)

// shaped reports whether each one of a kind has a shape, and is not counted by elements.
func (k kind) shaped() bool { return k == matrices || k == shuffles }

// An order is a number of triples of a kind, rows of them, or for matrices and shuffles a
// shape.
type order struct {
	kind              kind
	rows, inner, cols int
}

// sizes returns the lengths of a, b and c.
func (o order) sizes() (a, b, c int) {
	switch o.kind {
	case numbers:
		return o.rows, 0, o.rows
	case matrices:
		return o.rows * o.inner, o.inner * o.cols, o.rows * o.cols
	case shuffles:
		return shuffleSeeds, o.rows * (o.inner + o.cols), o.rows * (o.inner + o.cols)
	}
	return o.rows, o.rows, o.rows
}

// empty reports whether the triples of o have no elements.
func (o order) empty() bool {
	a, b, c := o.sizes()
	return a == 0 && b == 0 && c == 0
}

// triples are a party's shares of a, b and c. Each may be used once: with a mask that
// was used before, what is opened tells the difference of two secrets.
type triples struct{ a, b, c []uint64 }

// newTriples returns room for an order.
func newTriples(o order) triples {
	a, b, c := o.sizes()
	return triples{make([]uint64, a), make([]uint64, b), make([]uint64, c)}
}

// clear sets all of t to zeros, when it was used.
func (t triples) clear() {
	for _, part := range t.parts() {
		clear(*part)
	}
}

// slice returns the triples lo to hi - 1, which have no shape.
func (t triples) slice(lo, hi int) triples {
	s := triples{a: t.a[lo:hi], c: t.c[lo:hi]}
	if len(t.b) > 0 {
		s.b = t.b[lo:hi]
	}
	return s
}

// parts returns the vectors of t.
func (t *triples) parts() []*[]uint64 { return []*[]uint64{&t.a, &t.b, &t.c} }

// String returns the number of t, and nothing of its values.
func (t triples) String() string { return fmt.Sprintf("two.triples(%d)", len(t.c)) }

// Format implements [fmt.Formatter], so that no verb prints the values of t.
func (t triples) Format(f fmt.State, verb rune) { io.WriteString(f, t.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (t triples) LogValue() slog.Value { return slog.StringValue(t.String()) }

// A pile holds triples of one kind, of which the first ones are used up.
type pile struct {
	all  triples
	used int
}

func (p *pile) left() int { return len(p.all.c) - p.used }

// more returns room for n more triples, behind those that are left.
func (p *pile) more(o order) triples {
	var room triples
	rooms := room.parts()
	a, b, c := o.sizes()
	for i, part := range p.all.parts() {
		n := []int{a, b, c}[i]
		// What was used is overwritten, or else cleared; it must not come back.
		rest := copy(*part, (*part)[min(p.used, len(*part)):])
		clear((*part)[rest:])
		*part = slices.Grow((*part)[:rest], n)[:rest+n]
		*rooms[i] = (*part)[rest:]
	}
	p.used = 0
	return room
}

// take returns the next n triples, for this once. They are valid until the pile gets
// more.
func (p *pile) take(n int) triples {
	p.used += n
	return p.all.slice(p.used-n, p.used)
}

// A Stock is a party's half of prepared triples. The other party has the other half, and
// runs with both use them up together. It is of one run at a time: [Open] takes it over,
// and [Party.Leftover] gives it back.
type Stock struct {
	index int            // of the party
	id    [prg.Size]byte // of this state of both halves
	vectors
	shaped map[order][]triples // by shape; the last ones are used first
}

// vectors are the piles of triples that are counted one by one, by kind less one.
type vectors [numbers]pile

func (v *vectors) pile(k kind) *pile { return &v[k-1] }

// String returns the type of s, and nothing of its values.
func (s *Stock) String() string { return "two.Stock" }

// Format implements [fmt.Formatter], so that no verb prints the values of s.
func (s *Stock) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s *Stock) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Left returns what s has. What was made for Comparisons counts as Words.
func (s *Stock) Left() engine.Demand {
	d := engine.Demand{
		Products: s.pile(products).left(),
		Words:    s.pile(words).left(),
		Bits:     s.pile(numbers).left(),
	}
	for _, o := range s.shapes() {
		for range s.shaped[o] {
			if o.kind == shuffles {
				d.Shuffles = append(d.Shuffles, struct{ Rows, Numbers, Words int }{o.rows, o.inner, o.cols})
			} else {
				d.Matrices = append(d.Matrices, struct{ Rows, Inner, Columns int }{o.rows, o.inner, o.cols})
			}
		}
	}
	return d
}

// shapes returns the shapes of matrices and shuffles in s in an order of their own.
func (s *Stock) shapes() []order {
	var shapes []order
	for o, t := range s.shaped {
		if len(t) > 0 {
			shapes = append(shapes, o)
		}
	}
	slices.SortFunc(shapes, compareShapes)
	return shapes
}

func compareShapes(a, b order) int {
	return slices.Compare(a.shape(), b.shape())
}

// shape returns what tells a shape from others.
func (o order) shape() []int { return []int{int(o.kind), o.rows, o.inner, o.cols} }

// counts appends what s has.
func (s *Stock) counts(b []byte) []byte {
	for i := range s.vectors {
		b = binary.BigEndian.AppendUint64(b, uint64(s.vectors[i].left()))
	}
	for _, o := range s.shapes() {
		for _, n := range append(o.shape(), len(s.shaped[o])) {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
	}
	return b
}

// term is what both parties' stocks must have in common.
func (s *Stock) term() []byte { return s.counts(slices.Clone(s.id[:])) }

var errClaimed = errors.New("two: the stock is in use or was used up in another run")

// claiming is held while a stock changes hands, so that of two runs that begin at once
// only one gets it.
var claiming sync.Mutex

// claim returns what s has, for the run of a party, and leaves s with nothing. Nil has
// nothing.
func (s *Stock) claim(index int) (*Stock, error) {
	if s == nil {
		return &Stock{index: index}, nil
	}
	claiming.Lock()
	defer claiming.Unlock()
	if s.id == [prg.Size]byte{} {
		return nil, errClaimed
	}
	if s.index != index {
		return nil, fmt.Errorf("two: the stock of party %d at party %d", s.index, index)
	}
	taken := new(Stock)
	*taken, *s = *s, Stock{}
	return taken, nil
}

// take returns the triples of an order, for this once. It lets the source make what the
// stock lacks.
func (p *Party) take(o order) (triples, error) {
	if o.kind.shaped() {
		if have := p.stock.shaped[o]; len(have) > 0 {
			last := len(have) - 1
			t := have[last]
			have[last] = triples{}
			p.stock.shaped[o] = have[:last]
			return t, nil
		}
		t := newTriples(o)
		if o.empty() {
			return t, nil
		}
		return t, p.maker.make(o, t)
	}
	if err := p.ensure(o); err != nil {
		return triples{}, err
	}
	return p.stock.pile(o.kind).take(o.rows), nil
}

// ensure lets the source make what the stock lacks of an order of vectors.
func (p *Party) ensure(o order) error {
	pile := p.stock.pile(o.kind)
	missing := o.rows - pile.left()
	if missing <= 0 {
		return nil
	}
	missing = p.maker.batch(o.kind, missing)
	next := order{kind: o.kind, rows: missing}
	if err := p.maker.make(next, pile.more(next)); err != nil {
		// Half of what is there now is no triple.
		p.stock = &Stock{index: p.index}
		return err
	}
	return nil
}

// Prepare implements [engine.Party]: it makes triples for the demand, beside those that
// the stock has anyway. Only a dealer makes shuffles.
func (p *Party) Prepare(d engine.Demand) error {
	compared, each := engine.Words(d.Comparisons), engine.NegativeWords(64)
	if min(d.Products, d.Words, d.Bits, d.Comparisons) < 0 || compared > (math.MaxInt-d.Words)/each {
		return fmt.Errorf("two: a demand of %d products, %d words, %d bits and %d comparisons", d.Products, d.Words, d.Bits, d.Comparisons)
	}
	var shapes []order
	for _, m := range d.Matrices {
		o, err := shape(m.Rows, m.Inner, m.Columns)
		if err != nil {
			return err
		}
		shapes = append(shapes, o)
	}
	for _, s := range d.Shuffles {
		o, err := shuffleShape(s.Rows, s.Numbers, s.Words)
		if err != nil {
			return err
		}
		if o.rows > 1 && p.shuffles() {
			shapes = append(shapes, o)
		}
	}
	for _, o := range []order{
		{kind: products, rows: d.Products}, {kind: words, rows: d.Words + compared*each}, {kind: numbers, rows: d.Bits},
	} {
		if err := p.ensure(o); err != nil {
			return err
		}
	}
	if p.stock.shaped == nil {
		p.stock.shaped = make(map[order][]triples)
	}
	wanted := make(map[order]int)
	for _, o := range shapes {
		if wanted[o]++; o.empty() || wanted[o] <= len(p.stock.shaped[o]) {
			continue
		}
		t := newTriples(o)
		if err := p.maker.make(o, t); err != nil {
			return err
		}
		p.stock.shaped[o] = append(p.stock.shaped[o], t)
	}
	return nil
}

// Leftover returns the stock as this run leaves it, and lets the run go on without. Both
// parties must call it at the same place. In a rehearsal it is one that no run takes: anybody
// knows the triples.
func (p *Party) Leftover() *Stock {
	left := p.stock
	p.stock = &Stock{index: p.index}
	if p.rehearsal != nil {
		return new(Stock)
	}
	// Both halves get the same name, which no other stock has: the joint stream is of
	// this run and has not been at this place before.
	var fresh [prg.Size]byte
	p.joint.Bytes(fresh[:])
	sum := sha256.Sum256(left.counts(append([]byte("dujiang/two/stock"), fresh[:]...)))
	left.id = [prg.Size]byte(sum[:prg.Size])
	return left
}
