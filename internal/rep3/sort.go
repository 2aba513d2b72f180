package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Sorting goes by two bits of the keys at a time, the lowest first [HICT14]. From the bits
// come the places to go to, one inner product for each element; keys, row numbers and places
// are shuffled together, and places are opened [AHIKNT22]: what is seen is a uniformly
// random permutation, whatever the keys are. Last, all columns follow the row numbers, in
// the same way.
//
// Places and the digits that they come from are modulo 2^32, which halves the messages.

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
	payload, err := tracksOf(n, vs)
	if err != nil {
		return nil, err
	}
	keys := p.records(n, planes, bits)
	for low := 0; low < bits; low += 2 {
		if err := p.pass(n, keys, low, min(2, bits-low)); err != nil {
			return nil, err
		}
	}
	if len(payload) == 0 {
		return nil, nil
	}
	// The rows of sorted elements are opened in a random order, which the payload is then
	// taken out of.
	s, err := p.newShuffle(n)
	if err != nil {
		return nil, err
	}
	rows := []track{rowsOf(keys)}
	if err := p.reorder(s, rows, false); err != nil {
		return nil, err
	}
	order, err := p.openOrder(rows[0])
	if err != nil {
		return nil, err
	}
	for i := range payload {
		payload[i].own = apply(order, payload[i].own, false)
		payload[i].next = apply(order, payload[i].next, false)
	}
	if err := p.reorder(s, payload, true); err != nil {
		return nil, err
	}
	return vecs(payload), nil
}

// records returns tracks with the keys of n rows, in the first one, and the numbers of the
// rows, in the upper halves of the same words if those are free, and otherwise in a second
// track.
func (p *Party) records(n int, planes Vec, bits int) []track {
	w := engine.Words(n)
	gather := func(part []uint64) []uint64 {
		words := make([]uint64, 64*w)
		for i := range w {
			block := (*[64]uint64)(words[64*i:])
			for k := range bits {
				block[k] = part[k*w+i]
			}
			bitmatrix.Transpose(block)
		}
		return words[:n]
	}
	keys := track{own: gather(planes.Parts[0]), next: gather(planes.Parts[1]), kind: xors}
	if bits <= 32 {
		if part := p.first(vecs([]track{keys})[0]); part != nil {
			for i := range part {
				part[i] ^= uint64(i) << 32
			}
		}
		return []track{keys}
	}
	rows := track{own: make([]uint64, n), next: make([]uint64, n), kind: xorHalves}
	if part := p.first(vecs([]track{rows})[0]); part != nil {
		for i := range part {
			part[i] = uint64(i)
		}
	}
	return []track{keys, rows}
}

// rowsOf returns the numbers of the rows of records.
func rowsOf(records []track) track {
	if len(records) == 2 {
		return records[1]
	}
	upper := func(words []uint64) []uint64 {
		z := ring64.Unset(len(words))
		for i, w := range words {
			z[i] = w >> 32
		}
		return z
	}
	return track{own: upper(records[0].own), next: upper(records[0].next), kind: xorHalves}
}

// pass sorts records by the one or two bits of their keys from bit low up.
func (p *Party) pass(n int, records []track, low, digits int) error {
	ones, err := p.digits(n, records[0], low, digits)
	if err != nil {
		return err
	}
	var both track
	if digits == 2 {
		if both, err = p.products(ones[0], ones[1]); err != nil {
			return err
		}
	} else {
		ones = append(ones, zeros(n))
		both = zeros(n)
	}
	places, err := p.places(n, ones[0], ones[1], both)
	if err != nil {
		return err
	}
	s, err := p.newShuffle(n)
	if err != nil {
		return err
	}
	tracks := append([]track{places}, records...)
	if err := p.reorder(s, tracks, false); err != nil {
		return err
	}
	order, err := p.openOrder(tracks[0])
	if err != nil {
		return err
	}
	for i, t := range tracks[1:] {
		records[i].own, records[i].next = apply(order, t.own, true), apply(order, t.next, true)
	}
	return nil
}

func zeros(n int) track {
	return track{own: make([]uint64, n), next: make([]uint64, n), kind: halves}
}

// digits returns bits of keys as numbers modulo 2^32, in two rounds; see [Party.Numbers].
func (p *Party) digits(n int, keys track, low, digits int) ([]track, error) {
	first, second := p.pair(Vec{Parts: [][]uint64{keys.own, keys.next}}, false)
	take := func(words []uint64) []uint64 {
		z := ring64.Unset(digits * n)
		for d := range digits {
			for i, w := range words {
				z[d*n+i] = w >> (low + d) & 1
			}
		}
		return z
	}
	u, err := p.inputHalves(digits*n, func() []uint64 { return take(first) })
	if err != nil {
		return nil, err
	}
	w := p.known(digits*n, take(second))
	z, err := p.products(u, track{own: w.Parts[0], next: w.Parts[1], kind: halves})
	if err != nil {
		return nil, err
	}
	for _, c := range [][3][]uint64{{z.own, u.own, w.Parts[0]}, {z.next, u.next, w.Parts[1]}} {
		z, u, w := c[0], c[1], c[2]
		for i := range z {
			z[i] = uint64(uint32(u[i] + w[i] - 2*z[i]))
		}
	}
	all := make([]track, digits)
	for d := range all {
		all[d] = track{own: z.own[d*n : (d+1)*n], next: z.next[d*n : (d+1)*n], kind: halves}
	}
	return all, nil
}

// inputHalves is [Party.Input] for n numbers modulo 2^32 of party 0.
func (p *Party) inputHalves(n int, values func() []uint64) (track, error) {
	p.rounds++
	v := zeros(n)
	switch p.index {
	case 0:
		v.own = halves.fill(p.ownInput, n)
		halves.minus(v.next, values(), v.own)
		return v, p.send(toNext, halves.pack(append([]uint64(nil), v.next...)))
	case 1:
		var err error
		v.own, err = p.receiveTrack(fromPrev, halves, n)
		return v, err
	}
	v.next = halves.fill(p.nextInput, n)
	return v, nil
}

// products returns the products of x and y modulo 2^32 [AFLNO16].
func (p *Party) products(x, y track) (track, error) {
	z := p.zeroHalves(len(x.own))
	a, b, c, d := x.own, x.next[:len(z)], y.own[:len(z)], y.next[:len(z)]
	for i := range z {
		z[i] = uint64(uint32(z[i] + a[i]*(c[i]+d[i]) + b[i]*c[i]))
	}
	return p.exchangeHalves(z)
}

// zeroHalves returns this party's part of a sharing of zeros modulo 2^32.
func (p *Party) zeroHalves(n int) []uint64 {
	z := halves.fill(p.ownMask, n)
	halves.masked(z, z, p.nextMask, true)
	return z
}

// exchangeHalves sends own to the previous party, in one round, and returns what it is with
// what the next one sends.
func (p *Party) exchangeHalves(own []uint64) (track, error) {
	p.rounds++
	z := track{own: own, kind: halves}
	err := p.both(func() error {
		return p.send(toPrev, halves.pack(append([]uint64(nil), own...)))
	}, func() (err error) {
		z.next, err = p.receiveTrack(fromNext, halves, len(own))
		return err
	})
	return z, err
}

// places returns where elements go that have the bits a and b, the lower one first, and the
// product of which is both: the inner product, over all four digits, of whether an element
// has that digit, and of how many come before it if it does.
func (p *Party) places(n int, a, b, both track) (track, error) {
	z := p.zeroHalves(n)
	if p.rehearsal == nil {
		// Of the columns, and one as a share.
		parts := [columns][3][]uint64{{a.own, b.own, both.own}, {a.next, b.next, both.next}}
		var one [columns]uint64
		if p.index == 0 {
			one[0] = 1
		}
		if p.index == Parties-1 {
			one[1] = 1
		}
		indicators := func(c, i int) [4]uint64 {
			a, b, both := parts[c][0][i], parts[c][1][i], parts[c][2][i]
			return [4]uint64{one[c] - a - b + both, a - both, b - both, both}
		}
		var counts [columns][4]uint64
		for c := range counts {
			var total [4]uint64
			for i := range n {
				for k, f := range indicators(c, i) {
					total[k] += f
				}
			}
			// Places are from zero: the one of an element itself does not count.
			before := -one[c]
			for k, t := range total {
				counts[c][k] = before
				before += t
			}
		}
		for i := range n {
			own, next := indicators(0, i), indicators(1, i)
			sum := z[i]
			for k := range own {
				counts[0][k] += own[k]
				counts[1][k] += next[k]
				sum += own[k]*(counts[0][k]+counts[1][k]) + next[k]*counts[0][k]
			}
			z[i] = uint64(uint32(sum))
		}
	}
	return p.exchangeHalves(z)
}

// openOrder opens a permutation to everybody. A rehearsal has none.
func (p *Party) openOrder(t track) ([]uint32, error) {
	p.rounds++
	var lacking []uint64
	err := p.both(func() error {
		return p.send(toPrev, t.kind.pack(append([]uint64(nil), t.next...)))
	}, func() (err error) {
		lacking, err = p.receiveTrack(fromNext, t.kind, len(t.own))
		return err
	})
	if err != nil || p.rehearsal != nil {
		return nil, err
	}
	t.kind.plus(lacking, lacking, t.own)
	t.kind.plus(lacking, lacking, t.next)
	order := make([]uint32, len(lacking))
	seen := make([]bool, len(lacking))
	for i, place := range lacking {
		if place >= uint64(len(seen)) || seen[place] {
			p.cancel(errOrder)
			return nil, errOrder
		}
		seen[place] = true
		order[i] = uint32(place)
	}
	return order, nil
}
