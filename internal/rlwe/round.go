package rlwe

import "math/bits"

// run is the number of coefficients that are rounded at a time.
const run = 64

// A wide is a run of numbers modulo Q.
type wide struct{ hi, lo [run]uint64 }

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
	clear(y.hi[:])
	clear(y.lo[:])
}

// flooded sets numbers to the bodies of x + noise from coefficient at on, a run at
// most, with noise from the words w, two for each.
func (p *Params) flooded(numbers []uint64, x poly, at int, w []uint64) {
	var y wide
	for i := range numbers {
		f := p.flooding(w[2*i], w[2*i+1])
		y.hi[i], y.lo[i] = f.hi, f.lo
	}
	p.round(numbers, x, at, &y)
	clear(y.hi[:])
	clear(y.lo[:])
}

// round sets numbers, a run at most, to the bodies of x + y from coefficient at on
// of x: it drops the lowest bits. y is used up.
func (p *Params) round(numbers []uint64, x poly, at int, y *wide) {
	n := len(numbers)
	switch x0 := x[at:][:n]; len(p.limbs) {
	case 1:
		for i, v := range x0 {
			y.lo[i] += v
		}
	case 2:
		x1 := x[p.n+at:][:n]
		l1, q0, inv := p.limbs[1], p.limbs[0].q, p.garner[0]
		for i, v := range x0 {
			hi, lo := bits.Mul64(q0, l1.quotient(x1[i], v, inv))
			lo, c := bits.Add64(lo, v, 0)
			hi += c
			y.lo[i], c = bits.Add64(y.lo[i], lo, 0)
			y.hi[i] += hi + c
		}
	case 3:
		x1, x2 := x[p.n+at:][:n], x[2*p.n+at:][:n]
		l1, l2, q0, q1, inv := p.limbs[1], p.limbs[2], p.limbs[0].q, p.limbs[1].q, p.garner
		for i, v := range x0 {
			t1 := l1.quotient(x1[i], v, inv[0])
			t2 := l2.quotient(l2.quotient(x2[i], v, inv[1]), t1, inv[2])
			z := garner3(v, t1, t2, q0, q1)
			var c uint64
			y.lo[i], c = bits.Add64(y.lo[i], z.lo, 0)
			y.hi[i] += z.hi + c
		}
	}
	q, half, drop, span := p.q, p.half(), p.drop, p.span
	for i := range numbers {
		z := uint128{y.hi[i], y.lo[i]}.reduce(q).add(half).shr(drop)
		numbers[i] = subtract(z.lo, span)
	}
}
