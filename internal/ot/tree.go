package ot

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Delta is cut into chunks of four bits, the small fields of [Roy22]. For each
// chunk the receiver grows a tree of 16 leaves, and the sender learns all of
// them except the one whose number is the chunk: the puncturable PRF of
// [Roy22, Fig. 13]. Larger chunks halve the corrections that are sent for every
// doubling of the computation; at four bits neither shows beside what follows.
const (
	chunkBits = bitmatrix.LeafBits
	leaves    = bitmatrix.Leaves
	chunks    = Base / chunkBits
	treeSize  = chunkBits * 2 * prg.Size // the message of one tree
	tagSize   = 2 * prg.Size             // what a leaf is checked by
)

// grow makes the leaves of chunk c from root and appends the masked sums of
// every level to msg. Level l decides bit 3-l of a leaf's number.
func grow(msg []byte, root prg.Block, c int, keys *[Base][2]prg.Block) ([leaves]prg.Block, []byte) {
	var nodes, next [leaves]prg.Block
	nodes[0] = root
	for level := range chunkBits {
		n := 1 << level
		sums := prg.Double(next[:2*n], nodes[:n])
		k := &keys[chunkBits*c+chunkBits-1-level]
		msg = appendBlocks(msg, sums[0].Xor(k[0]), sums[1].Xor(k[1]))
		nodes = next
	}
	return nodes, msg
}

// prune returns what the sender knows of the tree of chunk c, in the order that
// makes the choice invisible: leaf y of the result is leaf y ^ chunk of the
// tree, so that the unknown one is always leaf 0, which stays meaningless. Its
// keys are those of the sides away from the unknown leaf.
func prune(msg []byte, delta prg.Block, c int, keys *[Base]prg.Block) [leaves]prg.Block {
	var nodes, next [leaves]prg.Block
	var sides [2]prg.Block
	for level := range chunkBits {
		n := 1 << level
		sums := prg.Double(next[:2*n], nodes[:n])
		j := chunkBits*c + chunkBits - 1 - level
		m := bit(delta, j)
		// The children of a node are exchanged where the path goes right.
		for i := 0; i < 2*n; i += 2 {
			l, r := next[i], next[i+1]
			next[i], next[i+1] = choose(l, r, m), choose(r, l, m)
		}
		setBytes(sides[:], msg[2*prg.Size*level:][:2*prg.Size])
		// The sibling of the unknown child is what is missing in the sum of
		// its side. That sum holds a meaningless child of node 0 instead,
		// which is next[1].
		side := choose(sides[1], sides[0], m)
		sum := choose(sums[1], sums[0], m)
		next[1] = next[1].Xor(side).Xor(keys[j]).Xor(sum)
		nodes = next
	}
	return nodes
}

// A leaf is the seed of a stream. Its first tagSize bytes identify the leaf in
// the check, the others are its row.
func leafTag(leaf prg.Block) (tag [tagSize]byte) {
	leafStream(leaf).Counter(tag[:], 0)
	return tag
}

func leafStream(leaf prg.Block) *aes128.Cipher { return aes128.New(leaf.Bytes()) }

// leafRow sets part to what the row of a leaf has from a byte on, at the beginning of a block.
func leafRow(part []byte, stream *aes128.Cipher, from int) {
	stream.Counter(part, uint64((tagSize+from)/prg.Size))
}
