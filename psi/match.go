package psi

import (
	"encoding/binary"
	"math/bits"
)

// tagSize returns the length in bytes of a tag for sets of n and m items, so
// that any two of the n·m pairs of different items have equal tags with
// probability at most 2^-41. It is at least 8, which the table below needs.
func tagSize(n, m int) int {
	return max(8, (41+ceilLog2(n)+ceilLog2(m)+7)/8)
}

func ceilLog2(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// A tagTable finds tags of a fixed size by their value. The tags are uniform, so
// their first bytes are their own hash.
type tagTable struct {
	size  int
	tags  []byte
	slots []uint32 // index of a tag plus one, or zero
	shift uint     // of the hash, to a slot
}

// newTagTable indexes the given tags, size bytes each, laid end to end. Tables
// are at most two thirds full.
func newTagTable(tags []byte, size int) *tagTable {
	n := len(tags) / size
	log := bits.Len(uint(n + n/2))
	t := &tagTable{size: size, tags: tags, slots: make([]uint32, 1<<log), shift: uint(64 - log)}
	for i := range n {
		slot := t.slot(t.tag(i))
		for t.slots[slot] != 0 {
			slot = (slot + 1) & (len(t.slots) - 1)
		}
		t.slots[slot] = uint32(i) + 1
	}
	return t
}

func (t *tagTable) tag(i int) []byte { return t.tags[i*t.size : (i+1)*t.size] }

func (t *tagTable) slot(tag []byte) int {
	return int(binary.BigEndian.Uint64(tag) >> t.shift)
}

// find returns the index of tag, or -1.
func (t *tagTable) find(tag []byte) int {
	for slot := t.slot(tag); t.slots[slot] != 0; slot = (slot + 1) & (len(t.slots) - 1) {
		i := int(t.slots[slot]) - 1
		if string(t.tag(i)) == string(tag) {
			return i
		}
	}
	return -1
}
