package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
)

// Masks depend on no input, so that they can be made before there is one. What is ready is
// taken in whole words, of 64 masks, in the order in which it was made; the rest of a word of
// which a call needs a part is never used. So which masks a call takes follows from the calls up
// to then and their lengths, which are the same at all parties.

// pieceWords is how many words Prepare makes at once, which bounds the memory that it takes
// beside what is ready.
const pieceWords = 1 << 14 / 64

// A pile has masks that are ready.
type pile struct {
	pieces []piece
	words  int // that are left
}

// A piece is masks as numbers, and their bits in planes. The first words are used up.
type piece struct {
	r    Vec
	bits []Vec
	used int
}

// add puts masks behind those that are left.
func (q *pile) add(r Vec, bits ...Vec) {
	q.pieces = append(q.pieces, piece{r: r, bits: bits})
	q.words += bits[0].Len()
}

// take moves the first words of q, of which there must be as many, to the beginning of r and
// of bits. They are no longer in q: each mask may be used once, as what is opened with a mask
// that was used before tells the difference of two secrets. Where r is shorter the rest of a
// word is thrown away.
func (q *pile) take(words int, r Vec, bits []Vec) {
	q.words -= words
	for at := 0; at < words; {
		from := &q.pieces[0]
		n := min(words-at, from.bits[0].Len()-from.used)
		move(r, 64*at, from.r, 64*from.used, 64*n)
		for k, plane := range from.bits {
			move(bits[k], at, plane, from.used, n)
		}
		at += n
		if from.used += n; from.used == from.bits[0].Len() {
			*from = piece{}
			q.pieces = q.pieces[1:]
		}
	}
}

// move copies n elements of src, or as many as dst has room for, and clears them there.
func move(dst Vec, to int, src Vec, from, n int) {
	for c, part := range src.Parts {
		copy(dst.Parts[c][to:], part[from:from+n])
		clear(part[from : from+n])
	}
}

func clearAll(v Vec) {
	for _, part := range v.Parts {
		clear(part)
	}
}

// drop leaves nothing in q.
func (q *pile) drop() {
	for _, from := range q.pieces {
		for _, plane := range from.bits {
			clearAll(plane)
		}
		clearAll(from.r)
	}
	*q = pile{}
}

// Prepare makes masks for comparisons and for bits as numbers, where fewer are ready.
func (p *Party) Prepare(d engine.Demand) error {
	if d.Comparisons < 0 || d.Bits < 0 {
		return fmt.Errorf("many: a demand of %d comparisons and %d bits", d.Comparisons, d.Bits)
	}
	for {
		words := min(engine.Words(d.Comparisons)-p.readyMasks.words, pieceWords)
		if words <= 0 {
			break
		}
		m, err := p.masks(64*words, 0)
		if err != nil {
			return err
		}
		p.readyMasks.add(m.r, m.bits...)
	}
	for {
		words := min(engine.Words(d.Bits)-p.readyBits.words, pieceWords)
		if words <= 0 {
			return nil
		}
		r, masks, err := p.bitMasks(sizes(64*words, 1))
		if err != nil {
			return err
		}
		p.readyBits.add(r, masks)
	}
}

// takeMasks returns n masks for this once, without what is for divisions: those that are ready,
// and what is missing is made.
func (p *Party) takeMasks(n int) (*mask, error) {
	w := engine.Words(n)
	ready := min(w, p.readyMasks.words)
	if ready == 0 {
		return p.masks(n, 0)
	}
	m := &mask{r: p.NewVec(n), bits: make([]Vec, field.Bits)}
	for k := range m.bits {
		m.bits[k] = p.NewBits(w)
	}
	p.readyMasks.take(ready, m.r, m.bits)
	if ready == w {
		return m, nil
	}
	missing, err := p.masks(n-64*ready, 0)
	if err != nil {
		return nil, err
	}
	copy(m.r.Parts[0][64*ready:], missing.r.Parts[0])
	for k, plane := range missing.bits {
		for c, part := range plane.Parts {
			copy(m.bits[k].Parts[c][ready:], part)
		}
	}
	return m, nil
}

// takeBitMasks returns what bitMasks does, for this once: masks that are ready, and what is
// missing is made.
func (p *Party) takeBitMasks(sizes []int) (r, masks Vec, err error) {
	ready := min(len(sizes), p.readyBits.words)
	if ready == 0 {
		return p.bitMasks(sizes)
	}
	r, masks = p.NewVec(64*ready), p.NewBits(len(sizes))
	p.readyBits.take(ready, r, []Vec{masks})
	// Words of which some bits are not used leave no gaps.
	numbers := r.Parts[0][:0]
	for i, size := range sizes[:ready] {
		numbers = append(numbers, r.Parts[0][64*i:64*i+size]...)
	}
	if ready == len(sizes) {
		return column(numbers), masks, nil
	}
	r, missing, err := p.bitMasks(sizes[ready:])
	if err != nil {
		return Vec{}, Vec{}, err
	}
	for c, part := range missing.Parts {
		copy(masks.Parts[c][ready:], part)
	}
	return engine.Concat(column(numbers), r), masks, nil
}

// sizes returns how many bits are in each word of so many planes of n bits.
func sizes(n, planes int) []int {
	w := engine.Words(n)
	all := make([]int, w*planes)
	for i := range all {
		all[i] = min(64, n-64*(i%w))
	}
	return all
}
