package rlwe

import "math/bits"

// bias makes errors positive: it is above the absolute value of all of them.
const bias = 64

// bodies sets numbers to the bodies of values: those of x + error + v 2^delta,
// where x has residues of coefficients and errors are in two's complement. It is
// what round, place and addSmall do together, in one reduction.
func (p *Params) bodies(numbers []uint64, x poly, errors, values []uint64) {
	switch {
	case p.drop < 7 || p.delta < 8: // bias would not be small beside them
		for i, v := range values {
			numbers[i] = p.round(p.place(p.addSmall(p.compose(x, i), errors[i]), v))
		}
	case len(p.limbs) == 1:
		p.bodies1(numbers, x, errors, values)
	default:
		p.bodies2(numbers, x, errors, values)
	}
}

// bodies1 is bodies modulo one prime. The sum of coefficient, error and bias, and
// message is less than 2q: a message is at most q - 7/8 2^delta.
func (p *Params) bodies1(numbers, x, errors, values []uint64) {
	q, delta, drop, span := p.q.lo, p.delta&63, p.drop&63, p.span
	back := p.half().lo - bias
	n := len(values)
	numbers, x, errors = numbers[:n], x[:n], errors[:n]
	for i, v := range values {
		y := subtract(x[i]+(errors[i]+bias)+v<<delta, q)
		numbers[i] = subtract((y+back)>>drop, span)
	}
}

// bodies2 is bodies modulo two primes.
func (p *Params) bodies2(numbers, x, errors, values []uint64) {
	n := len(values)
	x0, x1 := x[:n], x[p.n:][:n]
	numbers, errors = numbers[:n], errors[:n]
	q0, q1, qInv, q0Inv := p.limbs[0].q, p.limbs[1].q, p.limbs[1].qInv, p.q0Inv
	q, back := p.q, p.half().sub(uint128{0, bias})
	delta, drop, span := p.delta, p.drop, p.span
	for i, v := range values {
		// compose
		d, b := bits.Sub64(x1[i], x0[i], 0)
		h, l := bits.Mul64(d+q1&-b, q0Inv)
		m, _ := bits.Mul64(l*qInv, q1)
		t, b := bits.Sub64(h, m, 0)
		hi, lo := bits.Mul64(q0, t+q1&-b)
		lo, c := bits.Add64(lo, x0[i], 0)
		hi += c
		lo, c = bits.Add64(lo, errors[i]+bias, 0)
		hi += c
		// place
		if delta < 64 {
			lo, c = bits.Add64(lo, v<<(delta&63), 0)
			hi += v>>1>>(^delta&63) + c
		} else {
			hi += v << (delta & 63)
		}
		l, b = bits.Sub64(lo, q.lo, 0)
		h, b = bits.Sub64(hi, q.hi, b)
		lo, c = bits.Add64(l, q.lo&-b, 0)
		hi = h + q.hi&-b + c
		// round
		lo, c = bits.Add64(lo, back.lo, 0)
		hi += back.hi + c
		if drop < 64 {
			lo = lo>>(drop&63) | hi<<1<<(^drop&63)
		} else {
			lo = hi >> (drop & 63)
		}
		numbers[i] = subtract(lo, span)
	}
}

// flooded sets numbers to the bodies of x from coefficient at on with flooding
// noise from the words w, two for each: uniform on 2^FloodBits numbers around zero, from as many random
// bits. It is compose, flooding and round.
func (p *Params) flooded(numbers []uint64, x poly, at int, w []uint64) {
	if len(p.limbs) == 1 {
		for i := range numbers {
			numbers[i] = p.round(p.compose(x, at+i).add(p.flooding(w[2*i], w[2*i+1])).reduce(p.q))
		}
		return
	}
	width := uint(p.noise.flood)
	m := uint128{0, 1}.shl(width).sub(uint128{0, 1})
	offset := p.q.sub(uint128{0, 1}.shl(width - 1)) // -2^(width-1)
	n := len(numbers)
	x0, x1 := x[at:][:n], x[p.n+at:][:n]
	w = w[:2*n]
	q0, q1, qInv, q0Inv := p.limbs[0].q, p.limbs[1].q, p.limbs[1].qInv, p.q0Inv
	q, half, drop, span := p.q, p.half(), p.drop, p.span
	for i := range numbers {
		// flooding
		lo, c := bits.Add64(w[2*i+1]&m.lo, offset.lo, 0)
		hi := w[2*i]&m.hi + offset.hi + c
		l, b := bits.Sub64(lo, q.lo, 0)
		h, b := bits.Sub64(hi, q.hi, b)
		lo, c = bits.Add64(l, q.lo&-b, 0)
		hi = h + q.hi&-b + c
		// compose, added
		d, b := bits.Sub64(x1[i], x0[i], 0)
		h, l = bits.Mul64(d+q1&-b, q0Inv)
		k, _ := bits.Mul64(l*qInv, q1)
		t, b := bits.Sub64(h, k, 0)
		h, l = bits.Mul64(q0, t+q1&-b)
		lo, c = bits.Add64(lo, l, 0)
		hi += h + c
		lo, c = bits.Add64(lo, x0[i], 0)
		hi += c
		l, b = bits.Sub64(lo, q.lo, 0)
		h, b = bits.Sub64(hi, q.hi, b)
		lo, c = bits.Add64(l, q.lo&-b, 0)
		hi = h + q.hi&-b + c
		// round
		lo, c = bits.Add64(lo, half.lo, 0)
		hi += half.hi + c
		if drop < 64 {
			lo = lo>>(drop&63) | hi<<1<<(^drop&63)
		} else {
			lo = hi >> (drop & 63)
		}
		numbers[i] = subtract(lo, span)
	}
}
