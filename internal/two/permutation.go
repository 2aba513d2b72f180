package two

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Shuffles of transfers are by a network of switches [Beneš, Optimal rearrangeable multistage
// connecting networks, Bell System Technical Journal 1964], of which the party that knows
// the permutation sets each by one transfer, all at once [MS13]. A switch has two wires in and two
// out, and the other party has a mask of each wire: r_0 and r_1 in, s_0 and s_1 out. With the choice
// c, that exchanges them if it is one, the first party learns
//
//	T = r_c - s_0, and thus -T = r_(1-c) - s_1, since s_0 + s_1 = r_0 + r_1
//
// which is one word where [MS13] has two. The masks are s_0 = r_0 - k_0 and s_1 = r_1 + k_0, with
// k_0 and k_1 hashes of the transfer's values, and the other party sends d = r_1 - r_0 + k_0 - k_1:
// then T is k_0, or k_1 + d. Of k_0 and k_1 one is not known to the first party, and masks d; so it
// sees random words, whatever the masks of the wires are, and d does not tell the choice, which
// the other party is told only behind a random one.
//
// Sums of T along the wires are Δ = π(a) - b, with the masks a at the beginning and b at the
// end. That all of a have the sum of all of b tells nothing: the first party sees random words,
// T and x - a, which its share is made of, and the share of the other one is what is missing to
// π(x).
//
// How long it takes to set the switches does not depend on the permutation, but for caches and for
// branches that are predicted.

// levels returns how many levels a network for n elements has, and how many switches each: the
// number of wires is a power of two, and those beyond n go from end to end.
func levels(n int) (levels, switches int) {
	l := bits.Len(uint(n - 1))
	return 2*l - 1, 1 << l / 2
}

// A wiring says which wires the switches of a level have. Blocks of wires, of as many as size,
// are networks of their own between their first and their last level, with two halves inside.
type wiring struct {
	size int
	last bool // where halves come together, and not where they part
}

// wiringOf returns the wiring of a level of so many.
func wiringOf(level, levels, switches int) wiring {
	depth := min(level, levels-1-level)
	return wiring{2 * switches >> depth, level > levels/2}
}

// wires returns the wires of a switch, in and out.
func (w wiring) wires(i int) (in0, in1, out0, out1 int) {
	half := w.size / 2
	start, i := i/half*w.size, i%half
	in0, in1, out0, out1 = start+2*i, start+2*i+1, start+i, start+half+i
	if w.last {
		return out0, out1, in0, in1
	}
	return in0, in1, out0, out1
}

// routes returns the choices of all switches, one byte each, that bring to wire i what is on wire
// permutation[i]. A path goes from one end to the other by one half and back by the other one, until
// it is closed.
func routes(permutation []uint32) [][]byte {
	count, switches := levels(len(permutation))
	choices := make([][]byte, count)
	for i := range choices {
		choices[i] = make([]byte, switches)
	}
	p, inverse, next := make([]uint32, 2*switches), make([]uint32, 2*switches), make([]uint32, 2*switches)
	copy(p, permutation)
	for i := len(permutation); i < len(p); i++ {
		p[i] = uint32(i)
	}
	for depth := range count / 2 {
		size := uint32(2 * switches >> depth)
		half := size / 2
		for start := uint32(0); start < uint32(len(p)); start += size {
			p, inverse, next := p[start:start+size], inverse[start:start+size], next[start:start+size]
			// Of the switches in this block.
			first, last := choices[depth][start/2:][:half], choices[count-1-depth][start/2:][:half]
			for i, from := range p {
				inverse[from] = uint32(i)
			}
			const unset = 2
			for i := range last {
				last[i] = unset
			}
			for i := range last {
				if last[i] != unset {
					continue
				}
				for out := uint32(2 * i); last[out/2] == unset; {
					// This wire comes by the first half, and the other one by the second.
					last[out/2] = byte(out & 1)
					in := p[out]
					first[in/2] = byte(in & 1)
					out = inverse[in^1] ^ 1
				}
			}
			for i, c := range last {
				next[i] = p[2*uint32(i)+uint32(c)] / 2
				next[half+uint32(i)] = p[2*uint32(i)+1-uint32(c)] / 2
			}
		}
		p, next = next, p
	}
	middle := choices[count/2]
	for i := range middle {
		middle[i] = byte(p[2*i] & 1)
	}
	return choices
}

// A network is what a party has on the wires, for each column: sums of T where it knows the
// permutation, and masks where the other one does.
type network struct{ sums, masks []*lines }

// lines are the wires before a level and behind it, of which the names change from level to
// level.
type lines struct {
	in, out []uint64
	xor     bool
}

// switching is how many switches are set at once, at most, and for two columns.
const switching = 1 << 14

// shuffles makes a shuffle.
func (m *transfers) shuffles(o order, t triples) error {
	m.p.private.Uint64s(t.a)
	permutation, a := o.seeded(t.a)
	count, switches := levels(o.rows)
	choices := routes(permutation)
	var n network
	for k := range o.inner + o.cols {
		line := func() *lines {
			return &lines{make([]uint64, 2*switches), make([]uint64, 2*switches), k >= o.inner}
		}
		n.sums, n.masks = append(n.sums, line()), append(n.masks, line())
		fill(n.masks[k].in[:o.rows], a)
	}
	// Corrections go in one message, also for many columns.
	most := min(switching, max(64, 2*switching/max(1, o.inner+o.cols)))
	for level := range count {
		w := wiringOf(level, count, switches)
		for lo := 0; lo < switches; lo += most {
			hi := min(lo+most, switches)
			if err := m.switches(w, n, lo, choices[level][lo:hi]); err != nil {
				return err
			}
		}
		for _, l := range append(n.sums[:len(n.sums):len(n.sums)], n.masks...) {
			l.in, l.out = l.out, l.in
		}
	}
	for k := range n.sums {
		copy(o.column(k, t.b), n.sums[k].in)
		copy(o.column(k, t.c), n.masks[k].in)
	}
	return nil
}

// switches goes through switches from number lo on, with this party's choices.
func (m *transfers) switches(w wiring, n network, lo int, choices []byte) error {
	count, columns := len(choices), len(n.sums)
	sent, received, at, err := m.transfer(count)
	if err != nil {
		return err
	}
	// Of each transfer the choice is random, and the other party exchanges its values where this
	// one needs the other choice.
	mine, theirs := make([]uint64, (count+63)/64), make([]uint64, (count+63)/64)
	for i, c := range choices {
		mine[i/64] |= (uint64(c) ^ received[i].Lo&1) << (i % 64)
	}
	if err := m.corrections(mine, theirs); err != nil {
		return err
	}
	k0, k1 := make([]prg.Block, count), make([]prg.Block, count)
	hash := func(dst, src []prg.Block, mask prg.Block, first uint64, k int) {
		for i, b := range src {
			dst[i] = b.Xor(mask)
		}
		// No two hashes have the same tweak; see batch.
		prg.HashTCCR(dst, dst, first+uint64(k/2)<<40)
	}
	out, back := make([]uint64, columns*count), make([]uint64, columns*count)
	for k, l := range n.masks {
		if k%2 == 0 {
			hash(k0, sent, prg.Block{}, at[0], k)
			hash(k1, sent, m.delta, at[0], k)
		}
		d := out[k*count:][:count]
		for i := range d {
			in0, in1, out0, out1 := w.wires(lo + i)
			exchange := -(theirs[i/64] >> (i % 64) & 1)
			known, other := word(&k0[i], k), word(&k1[i], k)
			differ := (known ^ other) & exchange
			known, other = known^differ, other^differ
			r0, r1 := l.in[in0], l.in[in1]
			if l.xor {
				l.out[out0], l.out[out1], d[i] = r0^known, r1^known, r1^r0^known^other
			} else {
				l.out[out0], l.out[out1], d[i] = r0-known, r1+known, r1-r0+known-other
			}
		}
	}
	if err := m.corrections(out, back); err != nil {
		return err
	}
	for k, l := range n.sums {
		if k%2 == 0 {
			hash(k0, received, prg.Block{}, at[1], k)
		}
		d := back[k*count:][:count]
		for i, c := range choices {
			in0, in1, out0, out1 := w.wires(lo + i)
			exchange := -uint64(c)
			x, y := l.in[in0], l.in[in1]
			differ := (x ^ y) & exchange
			x, y = x^differ, y^differ
			if l.xor {
				t := word(&k0[i], k) ^ d[i]&exchange
				l.out[out0], l.out[out1] = x^t, y^t
			} else {
				t := word(&k0[i], k) + d[i]&exchange
				l.out[out0], l.out[out1] = x+t, y-t
			}
		}
	}
	return nil
}
