package he

import (
	"fmt"
	"iter"
)

// encode turns the rows of a contributor into chunks of coefficients, which it
// emits in order.
func (p *Plan) encode(contributor int, rows iter.Seq2[[]float64, error], emit func([]uint64) error) error {
	e := p.newEncoder(contributor, emit)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := e.row(row); err != nil {
			return err
		}
	}
	return e.finish()
}

// An encoder encodes one row after the other. It is apart from the loop over the
// rows, whose body is a function that would load all of this for each of them.
type encoder struct {
	p           *Plan
	contributor int
	n           int // rows
	pack        packer
	counters    []wide  // the scalars
	vector      []wide  // of a row
	units       []int64 // the row
	scales      []float64
	flip        *flipper
	oneSlot     bool // rows take one slot
	plain       bool // rows are one number for one vector, without noise, and nothing else
}

func (p *Plan) newEncoder(contributor int, emit func([]uint64) error) *encoder {
	e := &encoder{
		p: p, contributor: contributor, flip: newFlipper(),
		pack:     packer{layout: &p.layout, size: p.params.N(), emit: emit},
		counters: make([]wide, len(p.bases)), vector: make([]wide, len(p.vectors)),
		units: make([]int64, len(p.spec.Fields)), scales: make([]float64, len(p.spec.Fields)),
		oneSlot: len(p.layout.row.slots) == 1,
	}
	for i := range e.scales {
		e.scales[i] = p.spec.Fields[i].scale()
	}
	e.plain = e.oneSlot && len(p.blocks) == 0 && len(p.spec.Fields) == 1 && len(p.vectors) == 1 && p.vectorCoins[0] == 0
	return e
}

// row adds a row.
func (e *encoder) row(row []float64) error {
	p := e.p
	if e.n == p.spec.Rows {
		return fmt.Errorf("%w: there are more than %d rows", ErrRange, e.n)
	}
	if len(row) != len(e.units) {
		return fmt.Errorf("%w: row %d has %d numbers, and there are %d fields", ErrRange, e.n, len(row), len(e.units))
	}
	for i, x := range row {
		// Most numbers are whole in units. What is so and in the range of its
		// field is right; what is not is for the rest to find out.
		y := x * e.scales[i]
		u := int64(y)
		if float64(u) != y || u < p.lo[i] || u > p.hi[i] {
			var err error
			if u, err = p.unit(i, x, e.scales[i], e.n); err != nil {
				return err
			}
		}
		e.units[i] = u
	}
	if e.plain {
		e.n++
		return e.pack.putRow(uint64(e.units[0] - p.lo[0]))
	}
	offset := 0
	for _, b := range p.blocks {
		b.update(e.counters[offset:offset+b.n], e.units, place{e.contributor, e.n})
		offset += b.n
	}
	if len(p.vectors) > 0 {
		if err := e.vectors(); err != nil {
			return err
		}
	}
	e.n++
	return nil
}

// vectors packs what belongs to vectors.
func (e *encoder) vectors() error {
	p := e.p
	if e.oneSlot {
		return e.pack.putRow(e.element(0))
	}
	for i := range e.vector {
		e.vector[i] = wide{0, e.element(i)}
	}
	coef, shift := p.layout.rowAt(e.n)
	return e.pack.put(&p.layout.row, coef, shift, e.vector)
}

// element returns the element of a vector, from zero on and with noise.
func (e *encoder) element(i int) uint64 {
	f := e.p.vectors[i]
	x := uint64(e.units[f] - e.p.lo[f])
	if coins := e.p.vectorCoins[i]; coins > 0 {
		x += e.flip.heads(coins)
	}
	return x
}

// finish adds what follows rows.
func (e *encoder) finish() error {
	p := e.p
	if len(p.vectors) > 0 && e.n != p.spec.Rows {
		return fmt.Errorf("%w: there are %d rows, and vectors of %d", ErrRange, e.n, p.spec.Rows)
	}
	i := 0
	for _, b := range p.blocks {
		for range b.n {
			e.counters[i].add(int64(e.flip.heads(b.coins)) - b.coins/2)
			i++
		}
	}
	for i, c := range e.counters {
		c.sub(p.bases[i])
		if c.negative() || c.big().Cmp(p.ranges[i]) > 0 {
			panic("he: internal error: a counter is out of its range")
		}
		e.counters[i] = c
	}
	if err := e.pack.put(&p.layout.scalars, p.layout.scalarsAt(), 0, e.counters); err != nil {
		return err
	}
	clear(e.counters)
	if err := e.pack.reach(p.layout.coefs - 1); err != nil { // checks
		return err
	}
	return e.pack.flush()
}

// unit returns a number of row n in units, or says what is wrong with it.
func (p *Plan) unit(field int, x, scale float64, n int) (int64, error) {
	u, err := toUnits(x, scale)
	switch f := &p.spec.Fields[field]; {
	case err == errDecimals:
		return 0, fmt.Errorf("%w: field %q in row %d %w", ErrRange, f.Name, n, err)
	case err != nil || u < p.lo[field] || u > p.hi[field]:
		return 0, fmt.Errorf("%w: field %q in row %d is not between %v and %v", ErrRange, f.Name, n, f.Min, f.Max)
	}
	return u, nil
}
