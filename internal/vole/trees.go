package vole

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/oblivious"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// treeSize is the size of the message of one tree: the masked sums of the left
// and of the right nodes of every level, and the correction of the leaf.
func (p *plan) treeSize() int { return prg.Size * (2*p.depth() + 1) }

// grow makes one tree from nodes[0], with its leaves in last and the other levels
// in the two buffers. It calls sums with those of every level. A level may have a
// node more than the levels below need; it counts in the sums, and has no
// children.
func (p *plan) grow(nodes, next, last []prg.Block, sums func(level int, s [2]prg.Block, nodes []prg.Block)) {
	for l, n := range p.levels[:p.depth()] {
		if l == p.depth()-1 {
			next = last
		}
		s := prg.Double(next[:2*n], nodes[:n])
		sums(l, s, next[:2*n])
		nodes, next = next, nodes
	}
}

// scratch returns a buffer for the nodes of one tree.
func (p *plan) scratch() []prg.Block { return make([]prg.Block, p.leaves) }

// vectors are where a party's leaves go: the first m to first, the others to
// parity, in which lanes vectors stand interleaved and the leaves are the last.
type vectors struct {
	p             *plan
	first, parity []prg.Block
	lanes         int
}

// vectors makes room for them. They hold anything: all places are those of leaves.
func (p *plan) vectors(lanes int) (v vectors, err error) {
	v = vectors{p: p, lanes: lanes}
	if v.first, err = p.take(p.m); err != nil {
		return v, err
	}
	v.parity, err = p.take(p.vectorLen(lanes))
	return v, err
}

// split returns how many of the leaves of tree k belong to first, and where the
// tree begins in first and in parity.
func (v *vectors) split(k int) (n, first, parity int) {
	at := k * v.p.leaves
	return min(max(v.p.m-at, 0), v.p.leaves), min(at, v.p.m), max(at-v.p.m, 0)
}

// leaves returns where to make the leaves of tree k: the place where they
// belong, if that is one, and otherwise spare.
func (v *vectors) leaves(k int, spare []prg.Block) (leaves []prg.Block, direct bool) {
	n, first, parity := v.split(k)
	switch {
	case n == v.p.leaves:
		return v.first[first:][:n:n], true
	case n == 0 && v.lanes == 1:
		return v.parity[parity:][:v.p.leaves:v.p.leaves], true
	}
	return spare[:v.p.leaves], false
}

// store puts leaves that were made elsewhere where they belong. If parity has two
// lanes, the other gets zeros, and the noise v at the place.
func (v *vectors) store(k int, leaves []prg.Block, place uint32, noise prg.Block) {
	n, first, parity := v.split(k)
	copy(v.first[first:], leaves[:n])
	if leaves = leaves[n:]; v.lanes == 1 {
		copy(v.parity[parity:], leaves)
		return
	}
	// A place in first is beyond the end here, also if the difference wraps.
	oblivious.Pairs(v.parity[2*parity:][:2*len(leaves)], leaves, place-uint32(n), noise)
}

// clearLow clears the lowest bits of b.
func clearLow(b []prg.Block) {
	for i := range b {
		b[i].Lo &^= 1
	}
}

// sendTrees grows all trees and writes their messages: [BCGIKRS19, the
// distributed setup of a puncturable PRF]. Path bit n of the receiver is a
// choice bit with correlation pad[n]; the correction of tree k is masked by
// value[k], or by delta if the noise is binary. Leaves go where the vectors say.
func (p *plan) sendTrees(msg []byte, roots, pads, values []prg.Block, delta prg.Block, v vectors) error {
	// The two keys of a choice are hashes of b and b + delta. They need
	// tweaked correlation robustness, since the receiver may have chosen where
	// its corrections go [GKWY20].
	key := [2][]prg.Block{make([]prg.Block, len(pads)), make([]prg.Block, len(pads))}
	prg.HashTCCR(key[0], pads, 0)
	for i, b := range pads {
		key[1][i] = b.Xor(delta)
	}
	prg.HashTCCR(key[1], key[1], 0)
	depth, size := p.depth(), p.treeSize()
	return p.parallel(p.noise, func(lo, hi int) error {
		nodes, next, spare := p.scratch(), p.scratch(), p.scratch()
		for k := lo; k < hi; k++ {
			m := msg[k*size : k*size : (k+1)*size]
			nodes[0] = roots[k]
			var total prg.Block
			leaves, direct := v.leaves(k, spare)
			p.grow(nodes, next, leaves, func(l int, s [2]prg.Block, _ []prg.Block) {
				i := k*depth + l
				m = aes128.AppendBlocks(m, []prg.Block{s[0].Xor(key[0][i]), s[1].Xor(key[1][i])})
				total = s[0].Xor(s[1])
			})
			mask := delta
			if p.binary {
				clearLow(leaves)
				total.Lo &^= 1
			} else {
				mask = values[k]
			}
			aes128.AppendBlocks(m, []prg.Block{total.Xor(mask)})
			if !direct {
				v.store(k, leaves, 0, prg.Block{})
			}
			if err := p.report(1); err != nil {
				return err
			}
		}
		return nil
	})
}

// recvTrees grows the receiver's trees. Its leaves are those of the sender
// except that at place[k] of tree k, where the noise is, it has the sender's
// plus delta times the noise. pads are the correlations of the path's bits and
// values those of the noise, which goes to the vectors' other lane. done is
// called with the leaves of every tree. No memory access depends on a place.
func (p *plan) recvTrees(msg []byte, places []uint32, pads, noise, values []prg.Block, v vectors, done func(tree int, leaves []prg.Block)) error {
	keys := make([]prg.Block, len(pads))
	prg.HashTCCR(keys, pads, 0)
	depth, size := p.depth(), p.treeSize()
	return p.parallel(p.noise, func(lo, hi int) error {
		nodes, next, spare := p.scratch(), p.scratch(), p.scratch()
		sent := make([]prg.Block, size/prg.Size)
		for k := lo; k < hi; k++ {
			aes128.SetBytes(sent, msg[k*size:][:size])
			place := places[k]
			// The node on the path to the place holds garbage in every level,
			// and so have its children. The sum of the level's other side
			// tells what the path's sibling should be.
			nodes[0] = prg.Block{}
			var total prg.Block
			leaves, direct := v.leaves(k, spare)
			p.grow(nodes, next, leaves, func(l int, s [2]prg.Block, level []prg.Block) {
				on := place >> (depth - 1 - l)
				other := -uint64(^on & 1) // all ones if the sibling is a right child
				fix := choose(sent[2*l], sent[2*l+1], other).Xor(choose(s[0], s[1], other)).Xor(keys[k*depth+l])
				oblivious.AddAt(level, on^1, fix)
				total = s[0].Xor(s[1]).Xor(fix)
			})
			fix := sent[2*depth]
			if p.binary {
				// The lowest bit of the sender's is one if it is honest. It is
				// what makes the noise one, and nothing that it may choose.
				clearLow(leaves)
				total.Lo &^= 1
				fix.Lo |= 1
			} else {
				fix = fix.Xor(values[k])
			}
			oblivious.AddAt(leaves, place, fix.Xor(total))
			done(k, leaves)
			if !direct {
				var value prg.Block
				if !p.binary {
					value = noise[k]
				}
				v.store(k, leaves, place, value)
			}
			if err := p.report(1); err != nil {
				return err
			}
		}
		return nil
	})
}

// choose returns b if mask is all ones, and a if it is zero.
func choose(a, b prg.Block, mask uint64) prg.Block {
	return prg.Block{Lo: a.Lo ^ (a.Lo^b.Lo)&mask, Hi: a.Hi ^ (a.Hi^b.Hi)&mask}
}
