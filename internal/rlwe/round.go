package rlwe

import "math/bits"

// bodies sets numbers to the bodies of values: those of x + error + v 2^delta,
// where x has residues of coefficients and errors are in two's complement.
func (p *Params) bodies(numbers []uint64, x poly, errors, values []uint64) {
	var y wide
	delta, q := p.delta, p.q
	for at := 0; at < len(values); at += run {
		n := min(run, len(values)-at)
		e := errors[at:][:n]
		for i, v := range values[at:][:n] {
			// The sum is less than Q, since messages are at most Q - 7/8 2^delta.
			// Only beside zero it can be negative.
			m := uint128{0, v}.shl(delta)
			lo, c := bits.Add64(m.lo, e[i], 0)
			hi := m.hi + -(e[i] >> 63) + c
			sign := -(hi >> 63)
			y.lo[i], c = bits.Add64(lo, q.lo&sign, 0)
			y.hi[i] = hi + q.hi&sign + c
		}
		p.round(numbers[at:][:n], x, at, &y)
	}
	y.clear()
}

// flooded sets numbers to the bodies of x + noise from coefficient at on, a run at
// most, with flooding noise from the words w.
func (p *Params) flooded(numbers []uint64, x poly, at int, w []uint64) {
	var y wide
	p.flooding(&y, w[:2*len(numbers)])
	p.round(numbers, x, at, &y)
	y.clear()
}

// flooding sets y to noise mod Q that is uniform on 2^FloodBits numbers around
// zero, from as many of the 128 random bits of two words each.
func (p *Params) flooding(y *wide, w []uint64) {
	q, width := p.q, uint(p.noise.flood)
	m := uint128{0, 1}.shl(width).sub(uint128{0, 1})
	offset := q.sub(uint128{0, 1}.shl(width - 1)) // -2^(width-1)
	for i := range min(run, len(w)/2) {
		lo, c := bits.Add64(w[2*i+1]&m.lo, offset.lo, 0)
		hi := w[2*i]&m.hi + offset.hi + c
		l, b := bits.Sub64(lo, q.lo, 0)
		h, b := bits.Sub64(hi, q.hi, b)
		l, c = bits.Add64(l, q.lo&-b, 0)
		y.lo[i], y.hi[i] = l, h+q.hi&-b+c
	}
}

// round sets numbers, a run at most, to the bodies of x + y from coefficient at on
// of x: it drops the lowest bits. y is used up.
func (p *Params) round(numbers []uint64, x poly, at int, y *wide) {
	n := len(numbers)
	p.addTo(y, x, at, n)
	hi, lo := y.hi[:n], y.lo[:n]
	q, half, drop, span := p.q, p.half(), p.drop, p.span
	for i := range numbers {
		l, b := bits.Sub64(lo[i], q.lo, 0)
		h, b := bits.Sub64(hi[i], q.hi, b)
		l, c := bits.Add64(l, q.lo&-b, 0)
		h += q.hi&-b + c
		l, c = bits.Add64(l, half.lo, 0)
		h += half.hi + c
		if drop < 64 {
			l = l>>(drop&63) | h<<1<<(^drop&63)
		} else {
			l = h >> (drop & 63)
		}
		numbers[i] = subtract(l, span)
	}
}
