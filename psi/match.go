package psi

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A tagTable finds tags by their value. The tags are uniform, so they are their
// own hash: the low word chooses the slot by its upper bits, and its lower 32
// stand in the slot beside the index, so that a slot of another tag is
// recognised without a look at that. What is looked up, and where, depends on
// secrets of the party that looks.
type tagTable struct {
	tags  []prg.Block
	slots []uint64 // lower bits of a tag, index of the tag plus one; or zero
	shift uint     // of the low word, to a slot
}

// newTagTable indexes tags of the given number of bits. Tables are at most two
// thirds full.
func newTagTable(tags []prg.Block, width int) *tagTable {
	n := len(tags)
	log := bits.Len(uint(n + n/2))
	t := &tagTable{tags: tags, slots: make([]uint64, 1<<log), shift: uint(min(width, 64) - log)}
	mask := len(t.slots) - 1
	for i := range tags {
		slot := t.slot(&tags[i])
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = tags[i].Lo<<32 | uint64(i) + 1
	}
	return t
}

func (t *tagTable) slot(tag *prg.Block) int { return int(tag.Lo>>t.shift) & (len(t.slots) - 1) }

// lookups is the number of tags that are looked up together. Their slots are
// loaded one right after the other, so that the processor waits for memory once
// and not for each.
const lookups = 16

// match calls found with the position of each of the given tags that is in the
// table, and its index there.
func (t *tagTable) match(tags []prg.Block, found func(j, i int)) {
	mask := len(t.slots) - 1
	var entries [lookups]uint64
	for base := 0; base < len(tags); base += lookups {
		batch := tags[base:min(base+lookups, len(tags))]
		for k := range batch {
			entries[k] = t.slots[t.slot(&batch[k])]
		}
		for k := range batch {
			slot := t.slot(&batch[k])
			for entry := entries[k]; entry != 0; entry = t.slots[slot] {
				i := int(uint32(entry)) - 1
				if uint32(entry>>32) == uint32(batch[k].Lo) && t.tags[i] == batch[k] {
					found(base+k, i)
					break
				}
				slot = (slot + 1) & mask
			}
		}
	}
}
