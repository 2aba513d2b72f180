package psi

import (
	"encoding/binary"
	"math/bits"
)

// tagSize returns the length in bytes of a tag for sets of n and m items, so
// that any two of the n·m pairs of different items have equal tags with
// probability at most 2^-41. It is at least 8, which the table below needs.
func tagSize(n, m int) int {
	return max(minTag, (41+ceilLog2(n)+ceilLog2(m)+7)/8)
}

// minTag is the least size of a tag.
const minTag = 8

func ceilLog2(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// A tagTable finds tags of a fixed size by their value. The tags are uniform, so
// their first bytes are their own hash: the upper bits choose the slot, and the
// lower 32 stand in it beside the index, so that a slot of another tag is
// recognised without a look at that. What is looked up and where therefore
// depends on secrets of the party that looks.
type tagTable struct {
	size  int
	tags  []byte
	slots []uint64 // lower bits of a tag's hash, index of the tag plus one; or zero
	shift uint     // of the hash, to a slot
}

// newTagTable indexes the given tags, size bytes each, laid end to end. Tables
// are at most two thirds full.
func newTagTable(tags []byte, size int) *tagTable {
	n := len(tags) / size
	log := bits.Len(uint(n + n/2))
	t := &tagTable{size: size, tags: tags, slots: make([]uint64, 1<<log), shift: uint(64 - log)}
	mask := len(t.slots) - 1
	for i := range n {
		hash := binary.LittleEndian.Uint64(tags[i*size:])
		slot := int(hash>>t.shift) & mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = hash<<32 | uint64(i) + 1
	}
	return t
}

// lookups is the number of tags that are looked up together. Their slots and
// candidates are loaded one right after the other, so that the processor waits
// for memory once and not for each.
const lookups = 16

// match calls found with the index of each of the given tags that is in the
// table, and its index there.
func (t *tagTable) match(tags []byte, found func(j, i int)) {
	mask := len(t.slots) - 1
	var hashes, entries [lookups]uint64
	for base, n := 0, len(tags)/t.size; base < n; base += lookups {
		batch := min(lookups, n-base)
		for k := range batch {
			hashes[k] = binary.LittleEndian.Uint64(tags[(base+k)*t.size:])
			entries[k] = t.slots[int(hashes[k]>>t.shift)&mask]
		}
		for k := range batch {
			slot := int(hashes[k]>>t.shift) & mask
			for entry := entries[k]; entry != 0; entry = t.slots[slot] {
				if i := int(uint32(entry)) - 1; entry>>32 == hashes[k]&0xffffffff && t.equal(i, tags[(base+k)*t.size:]) {
					found(base+k, i)
					break
				}
				slot = (slot + 1) & mask
			}
		}
	}
}

// equal reports whether tag i of the table is the first of tags. A tag has
// between 8 and 16 bytes, so two words cover it.
func (t *tagTable) equal(i int, tags []byte) bool {
	a, b := t.tags[i*t.size:(i+1)*t.size], tags[:t.size]
	return binary.LittleEndian.Uint64(a) == binary.LittleEndian.Uint64(b) &&
		binary.LittleEndian.Uint64(a[t.size-8:]) == binary.LittleEndian.Uint64(b[t.size-8:])
}
