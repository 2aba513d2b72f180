package vole

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// treeSize is the size of the message of one tree: the masked sums of the left
// and of the right nodes of every level, and the correction of the leaf.
func (p *plan) treeSize() int { return prg.Size * (2*p.depth() + 1) }

// grow makes one tree from nodes[0]. It leaves the leaves in one of the two
// buffers, which it returns, and calls sums with those of every level. A level
// may have a node more than the leaves below need; it counts in the sums, and
// has no children.
func (p *plan) grow(nodes, next []prg.Block, sums func(level int, s [2]prg.Block, nodes []prg.Block)) []prg.Block {
	for l, n := range p.levels[:p.depth()] {
		s := prg.Double(next[:2*n], nodes[:n])
		sums(l, s, next[:2*n])
		nodes, next = next, nodes
	}
	return nodes[:p.leaves]
}

// scratch returns a buffer for the nodes of one tree.
func (p *plan) scratch() []prg.Block { return make([]prg.Block, p.leaves+2) }

// clearLow clears the lowest bits of b.
func clearLow(b []prg.Block) {
	for i := range b {
		b[i].Lo &^= 1
	}
}

// sendTrees grows all trees and writes their messages: [BCGIKRS19, the
// distributed setup of a puncturable PRF]. Path bit n of the receiver is a
// choice bit with correlation pad[n]; the correction of tree k is masked by
// value[k], or by delta if the noise is binary. leaf is called with the leaves
// of every tree.
func (p *plan) sendTrees(msg []byte, roots, pads, values []prg.Block, delta prg.Block, leaf func(tree int, leaves []prg.Block)) {
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
	p.parallel(p.noise, func(lo, hi int) {
		nodes, next := p.scratch(), p.scratch()
		for k := lo; k < hi; k++ {
			m := msg[k*size : k*size : (k+1)*size]
			nodes[0] = roots[k]
			var total prg.Block
			leaves := p.grow(nodes, next, func(l int, s [2]prg.Block, _ []prg.Block) {
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
			leaf(k, leaves)
		}
	})
}

// recvTrees grows the receiver's trees. Its leaves are those of the sender
// except that at place[k] of tree k, where the noise is, it has the sender's
// plus delta times the noise. pads are the correlations of the path's bits and
// values those of the noise. No memory access depends on a place.
func (p *plan) recvTrees(msg []byte, places []uint32, pads, values []prg.Block, leaf func(tree int, leaves []prg.Block)) {
	keys := make([]prg.Block, len(pads))
	prg.HashTCCR(keys, pads, 0)
	depth, size := p.depth(), p.treeSize()
	p.parallel(p.noise, func(lo, hi int) {
		nodes, next := p.scratch(), p.scratch()
		sent := make([]prg.Block, size/prg.Size)
		for k := lo; k < hi; k++ {
			aes128.SetBytes(sent, msg[k*size:][:size])
			place := places[k]
			// The node on the path to the place holds garbage in every level,
			// and so have its children. The sum of the level's other side
			// tells what the path's sibling should be.
			nodes[0] = prg.Block{}
			var total prg.Block
			leaves := p.grow(nodes, next, func(l int, s [2]prg.Block, level []prg.Block) {
				on := place >> (depth - 1 - l)
				other := -uint64(^on & 1) // all ones if the sibling is a right child
				fix := choose(sent[2*l], sent[2*l+1], other).Xor(choose(s[0], s[1], other)).Xor(keys[k*depth+l])
				addAt(level, on^1, fix)
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
			addAt(leaves, place, fix.Xor(total))
			leaf(k, leaves)
		}
	})
}

// choose returns b if mask is all ones, and a if it is zero.
func choose(a, b prg.Block, mask uint64) prg.Block {
	return prg.Block{Lo: a.Lo ^ (a.Lo^b.Lo)&mask, Hi: a.Hi ^ (a.Hi^b.Hi)&mask}
}

// equal returns all ones if i and j are equal, and zero otherwise.
func equal(i, j uint32) uint64 { return -((uint64(i^j) - 1) >> 63) }

// addAt adds v to b[place] without showing the place.
func addAt(b []prg.Block, place uint32, v prg.Block) {
	for i := range b {
		m := equal(uint32(i), place)
		b[i].Lo ^= v.Lo & m
		b[i].Hi ^= v.Hi & m
	}
}

// setAt sets b to v at the place and to zero elsewhere.
func setAt(b []prg.Block, place uint32, v prg.Block) {
	for i := range b {
		m := equal(uint32(i), place)
		b[i] = prg.Block{Lo: v.Lo & m, Hi: v.Hi & m}
	}
}
