package he

import (
	"fmt"
	"iter"
)

// encode turns the rows of a contributor into chunks of coefficients, which it
// emits in order.
func (p *Plan) encode(contributor int, rows iter.Seq2[[]float64, error], emit func([]uint64) error) error {
	pack := &packer{layout: &p.layout, size: p.params.N(), emit: emit}
	counters := make([]wide, len(p.bases))
	vector := make([]wide, len(p.vectors))
	units := make([]int64, len(p.spec.Fields))
	scales := make([]float64, len(units))
	for i := range scales {
		scales[i] = p.spec.Fields[i].scale()
	}
	flip := newFlipper()
	n := 0
	for row, err := range rows {
		if err != nil {
			return err
		}
		if n == p.spec.Rows {
			return fmt.Errorf("%w: there are more than %d rows", ErrRange, n)
		}
		if err := p.units(units, scales, row, n); err != nil {
			return err
		}
		offset := 0
		for _, b := range p.blocks {
			b.update(counters[offset:offset+b.n], units, place{contributor, n})
			offset += b.n
		}
		if len(vector) > 0 {
			for i, f := range p.vectors {
				vector[i] = wide{0, uint64(units[f] - p.lo[f])}
				if n := p.vectorCoins[i]; n > 0 {
					vector[i].lo += flip.heads(n)
				}
			}
			coef, shift := p.layout.rowAt(n)
			if err := pack.put(&p.layout.row, coef, shift, vector); err != nil {
				return err
			}
		}
		n++
	}
	if len(vector) > 0 && n != p.spec.Rows {
		return fmt.Errorf("%w: there are %d rows, and vectors of %d", ErrRange, n, p.spec.Rows)
	}
	i := 0
	for _, b := range p.blocks {
		for range b.n {
			counters[i].add(int64(flip.heads(b.coins)) - b.coins/2)
			i++
		}
	}
	for i := range counters {
		counters[i].sub(p.bases[i])
		if counters[i].negative() || counters[i].big().Cmp(p.ranges[i]) > 0 {
			panic("he: internal error: a counter is out of its range")
		}
	}
	if err := pack.put(&p.layout.scalars, p.layout.scalarsAt(), 0, counters); err != nil {
		return err
	}
	clear(counters)
	if err := pack.reach(p.layout.coefs - 1); err != nil { // checks
		return err
	}
	return pack.flush()
}

// units checks a row and sets dst to it in units, of which there are scales in one.
func (p *Plan) units(dst []int64, scales, row []float64, n int) error {
	if len(row) != len(dst) {
		return fmt.Errorf("%w: row %d has %d numbers, and there are %d fields", ErrRange, n, len(row), len(dst))
	}
	for i, x := range row {
		u, err := toUnits(x, scales[i])
		switch f := &p.spec.Fields[i]; {
		case err == errDecimals:
			return fmt.Errorf("%w: field %q in row %d %w", ErrRange, f.Name, n, err)
		case err != nil || u < p.lo[i] || u > p.hi[i]:
			return fmt.Errorf("%w: field %q in row %d is not between %v and %v", ErrRange, f.Name, n, f.Min, f.Max)
		}
		dst[i] = u
	}
	return nil
}
