package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Sorting goes by two bits of the keys at a time, the lowest first [HICT14]. From the bits
// come the places to go to, one inner product for each element; keys, row numbers and places
// are shuffled together, and places are opened [AHIKNT22]: what is seen is a uniformly
// random permutation, whatever the keys are. Last, all columns follow the row numbers, in
// the same way.
//
// Places and the digits that they come from are modulo 2^32, which halves the messages and the
// memory that permutations jump about in.

// errOrder says that what was opened is no order: a party did not follow the protocol, or the
// shares of an input do not fit together.
var errOrder = fmt.Errorf("%w: the places that were opened are no permutation: the shares of an input do not fit together, or a party deviates", session.ErrPeer)

// Sort implements [engine.Sorter]. It takes seven rounds for each two bits, six for
// a last one, and five more.
func (p *Party) Sort(n int, planes Vec, bits int, vs []Vec) ([]Vec, error) {
	w := engine.Words(n)
	if n < 0 || n > maxLength || bits < 0 || bits > 64 || !planes.Is(columns, bits*w) {
		return nil, fmt.Errorf("rep3: sorting %d elements by %d bits of %d words", n, bits, planes.Len())
	}
	payload, err := lend(n, vs)
	if err != nil {
		return nil, err
	}
	short := &pool[uint32]{n: n}
	r := p.newRecords(short, planes, bits)
	for low := 0; low < bits; low += 2 {
		r.shrink(low)
		if err := p.pass(short, r, low, min(2, bits-low)); err != nil {
			return nil, err
		}
	}
	if len(payload) == 0 {
		return nil, nil
	}
	// The rows of sorted elements are opened in a random order, which the payload is then
	// taken out of.
	s, rows := p.newShuffle(short), r.numbers()
	if err := p.reorder(s, []track{rows}, false); err != nil {
		return nil, err
	}
	order, err := p.openOrder(rows)
	if err != nil {
		return nil, err
	}
	for _, t := range payload {
		t.follow(order, false)
	}
	if err := p.reorder(s, payload, true); err != nil {
		return nil, err
	}
	return vecs(payload), nil
}

// pass sorts records by the one or two bits of their keys from bit low up.
func (p *Party) pass(short *pool[uint32], r *records, low, digits int) error {
	ones, err := p.digits(short, r, low, digits)
	if err != nil {
		return err
	}
	var both *column[uint32]
	if digits == 2 {
		if both, err = p.product(ones[0], ones[1]); err != nil {
			return err
		}
	} else {
		for range 2 {
			none := short.new(false)
			clear(none.own)
			clear(none.next)
			ones = append(ones, none)
		}
		both = ones[2]
	}
	places, err := p.places(ones[0], ones[1], both)
	if err != nil {
		return err
	}
	drop(append(ones[:2], both)...)
	s := p.newShuffle(short)
	if err := p.reorder(s, append([]track{places}, r.tracks()...), false); err != nil {
		return err
	}
	order, err := p.openOrder(places)
	if err != nil {
		return err
	}
	for _, t := range r.tracks() {
		t.follow(order, true)
	}
	drop(places)
	short.put(order, s.orders[0], s.orders[1])
	return nil
}

// digits returns bits of keys as numbers modulo 2^32, in two rounds. They are u + w - 2uw, of
// which party 0 knows u and the others w, as in [Party.Numbers]. Of the summands of u and of
// w one is zero at least, so that less is to be multiplied than of others.
func (p *Party) digits(short *pool[uint32], r *records, low, digits int) ([]*column[uint32], error) {
	p.rounds++
	us := make([]*column[uint32], digits)
	for d := range us {
		u := short.new(false)
		us[d] = u
		switch p.index {
		case 0:
			fill(u.own, p.ownInput)
			r.known(u.next, low+d)
			u.minus(u.next, u.next, u.own)
			if err := send(p, toNext, u.next); err != nil {
				return nil, err
			}
		case 1:
			// In the other column is w, and no summand of u.
			r.known(u.next, low+d)
		case 2:
			r.known(u.own, low+d)
			fill(u.next, p.nextInput)
		}
	}
	if p.index == 1 {
		for _, u := range us {
			if err := receive(p, fromPrev, u.own); err != nil {
				return nil, err
			}
		}
	}
	zs := make([]*column[uint32], digits)
	for d, u := range us {
		z := short.new(false)
		zs[d] = z
		p.zeroHalves(z)
		if p.index != 0 {
			for i, x := range u.own {
				z.own[i] += x * u.next[i]
			}
		}
	}
	if err := p.exchangeHalves(zs...); err != nil {
		return nil, err
	}
	for d, u := range us {
		for c, sum := range [][]uint32{u.own, u.next} {
			z := zs[d].summands(c)[:len(sum)]
			for i, x := range sum {
				z[i] = x - 2*z[i]
			}
		}
	}
	drop(us...)
	return zs, nil
}

// product returns the products of x and y modulo 2^32 [AFLNO16].
func (p *Party) product(x, y *column[uint32]) (*column[uint32], error) {
	z := x.pool.new(false)
	p.zeroHalves(z)
	own := z.own
	a, b, c, d := x.own[:len(own)], x.next[:len(own)], y.own[:len(own)], y.next[:len(own)]
	for i := range own {
		own[i] += a[i]*(c[i]+d[i]) + b[i]*c[i]
	}
	return z, p.exchangeHalves(z)
}

// zeroHalves sets the own summands of z to this party's part of a sharing of zeros modulo 2^32.
func (p *Party) zeroHalves(z *column[uint32]) {
	if p.rehearsal != nil {
		return
	}
	fill(z.own, p.ownMask)
	z.masked(z.own, z.own, p.nextMask, z.minus)
}

// exchangeHalves sends the own summands to the previous party, and has the next ones of the
// next party, all in one round.
func (p *Party) exchangeHalves(zs ...*column[uint32]) error {
	p.rounds++
	return p.both(func() error {
		for _, z := range zs {
			if err := send(p, toPrev, z.own); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		for _, z := range zs {
			if err := receive(p, fromNext, z.next); err != nil {
				return err
			}
		}
		return nil
	})
}

// places returns where elements go that have the bits a and b, the lower one first, and the
// product of which is both: the inner product, over all four digits, of whether an element
// has that digit, f, and of how many come before it if it does, g. As f is 1 - a - b + ab,
// a - ab, b - ab and ab, that is
//
//	g_0 + a(g_1 - g_0) + b(g_2 - g_0) + ab(g_0 - g_1 - g_2 + g_3)
func (p *Party) places(a, b, both *column[uint32]) (*column[uint32], error) {
	z := a.pool.new(false)
	p.zeroHalves(z)
	if p.rehearsal == nil {
		var counts [columns]count
		for c := range counts {
			counts[c].start(p.one(c), a.summands(c), b.summands(c), both.summands(c))
		}
		own, next := &counts[0], &counts[1]
		sums := z.own
		aOwn, bOwn, bothOwn := a.own[:len(sums)], b.own[:len(sums)], both.own[:len(sums)]
		aNext, bNext, bothNext := a.next[:len(sums)], b.next[:len(sums)], both.next[:len(sums)]
		for i := range sums {
			own.add(aOwn[i], bOwn[i], bothOwn[i])
			next.add(aNext[i], bNext[i], bothNext[i])
			sums[i] += own.g[0] +
				aOwn[i]*(own.g[1]+next.g[1]) + aNext[i]*own.g[1] +
				bOwn[i]*(own.g[2]+next.g[2]) + bNext[i]*own.g[2] +
				bothOwn[i]*(own.g[3]+next.g[3]) + bothNext[i]*own.g[3]
		}
	}
	return z, p.exchangeHalves(z)
}

// one returns the summand of the public number one that is in that column.
func (p *Party) one(c int) uint32 {
	if c == 0 && p.index == 0 || c == 1 && p.index == Parties-1 {
		return 1
	}
	return 0
}

// A count has a summand of each factor of the sum that says where an element goes: g_0,
// g_1 - g_0, g_2 - g_0 and g_0 - g_1 - g_2 + g_3.
type count struct {
	one uint32
	g   [4]uint32
}

// start begins before the first one of elements with such bits.
func (c *count) start(one uint32, a, b, both []uint32) {
	var sumA, sumB, sumBoth uint32
	b, both = b[:len(a)], both[:len(a)]
	for i := range a {
		sumA += a[i]
		sumB += b[i]
		sumBoth += both[i]
	}
	// How many have the digits 0, 1 and 2.
	none := uint32(len(a))*one - sumA - sumB + sumBoth
	first, second := sumA-sumBoth, sumB-sumBoth
	// Places are from zero: the one of an element itself does not count.
	c.one = one
	c.g = [4]uint32{-one, none, none + first, second - none}
}

// add counts an element.
func (c *count) add(a, b, both uint32) {
	c.g[0] += c.one - a - b + both
	c.g[1] += 2*a + b - 2*both - c.one
	c.g[2] += a + 2*b - 2*both - c.one
	c.g[3] += c.one - 2*a - 2*b + 4*both
}

// openOrder opens a permutation to everybody, as Reveal opens numbers. A rehearsal has none.
func (p *Party) openOrder(t *column[uint32]) ([]uint32, error) {
	order := t.pool.get()
	err := p.agreeing(func(next bool) error {
		if next {
			return nil
		}
		return send(p, toPrev, t.next)
	}, func(next bool) error {
		if !next {
			return nil
		}
		return receive(p, fromNext, order)
	})
	if err != nil {
		return nil, err
	}
	if p.rehearsal != nil {
		return nil, nil
	}
	t.plus(order, order, t.own)
	t.plus(order, order, t.next)
	seen := make([]bool, len(order))
	for _, place := range order {
		if int64(place) >= int64(len(seen)) || seen[place] {
			p.cancel(errOrder)
			return nil, errOrder
		}
		seen[place] = true
	}
	return order, nil
}
