package psi

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A matcher finds the tags that are on both sides, by a hash join in two steps.
// The tags are uniform, so they are their own hash: the upper bits of the low
// word choose a bucket, and the following ones a slot in the table of a bucket. A
// bucket of this side's becomes such a table, in which the other side's tags are
// looked up. Tags are copied to their buckets whole, so that a table and all that
// it refers to stay in a second-level cache; tags left where they were would miss
// it, and the translation buffers, with every match [SKN94].
//
// What is looked up, and where, depends on secrets of the party that looks.
//
// [SKN94] Shatdal, Kant, Naughton: Cache Conscious Algorithms for Relational
// Query Processing. VLDB 1994.
type matcher struct {
	tags
	workers int
	room    *hugepage.Room
	// Where the parts of a tag are in its low word.
	bucketBits, bucketShift int
}

const (
	tableItems    = 1 << 13 // in a bucket, about, until there are maxBucketBits
	maxBucketBits = 11      // more streams at once would miss translation buffers
	minSlab       = 1 << 16 // of the other side's tags that are looked up in a pass
)

// newMatcher makes a matcher of tags of width bits, at least 41.
func newMatcher(tags tags, width, workers int, room *hugepage.Room) *matcher {
	m := &matcher{tags: tags, workers: workers, room: room}
	top := min(width, 64)
	m.bucketBits = min(max(bits.Len(uint(total(tags.own)/tableItems)), 1)-1, maxBucketBits, top-32)
	m.bucketShift = top - m.bucketBits
	return m
}

// match calls found with the numbers of each tag of the other side and the equal
// one of this. Calls do not overlap. It takes 20 bytes for each of this side's
// tags, and as much for as many of the other side's.
//
// It calls step with as many steps in all as [matcher.steps] says, which can end it.
func (m *matcher) match(step func(int) error, found func(j, i int)) error {
	var own, theirs buckets
	if err := m.partition(&own, step, m.own); err != nil {
		return err
	}
	slab := max(len(m.own), minSlab/tagChunk)
	first := 0
	for pieces := range slices.Chunk(m.peers, slab) {
		if err := m.partition(&theirs, step, pieces); err != nil {
			return err
		}
		if err := m.join(step, &own, &theirs, func(j, i int) { found(first+j, i) }); err != nil {
			return err
		}
		first += slab * tagChunk
	}
	return nil
}

// steps returns the number of steps: for each tag of either side one in the first
// part, and for one of the other side another in the second.
func (m *matcher) steps() int { return total(m.own) + 2*total(m.peers) }

// buckets are tags, and their numbers, in the order of buckets: bucket b starts at
// starts[b].
type buckets struct {
	tags    []prg.Block
	numbers []uint32
	starts  []int
}

// bucket returns the tags of bucket i and their numbers.
func (b *buckets) bucket(i int) ([]prg.Block, []uint32) {
	lo, hi := b.starts[i], b.starts[i+1]
	return b.tags[lo:hi], b.numbers[lo:hi]
}

// partition makes buckets of tags, which come in pieces of a few thousand.
func (m *matcher) partition(b *buckets, step func(int) error, pieces [][]prg.Block) error {
	count := make([]int, 1<<m.bucketBits+1)
	for _, tags := range pieces {
		if err := step(0); err != nil {
			return err
		}
		for i := range tags {
			count[tags[i].Lo>>m.bucketShift+1]++
		}
	}
	for i := range 1 << m.bucketBits {
		count[i+1] += count[i]
	}
	b.starts = count
	next := slices.Clone(count)
	if n := count[1<<m.bucketBits]; n > len(b.tags) {
		b.tags, b.numbers = m.room.Take(n), hugepage.Slice[uint32](n)
	}
	number, shift := uint32(0), m.bucketShift
	to, numbers := b.tags, b.numbers[:len(b.tags)]
	for _, tags := range pieces {
		for i := range tags {
			at := &next[tags[i].Lo>>shift]
			k := *at
			*at = k + 1
			to[k], numbers[k] = tags[i], number
			number++
		}
		if err := step(len(tags)); err != nil {
			return err
		}
	}
	return nil
}

// join matches buckets.
func (m *matcher) join(step func(int) error, own, theirs *buckets, found func(j, i int)) error {
	var next atomic.Int64
	var finding sync.Mutex
	workers := max(min(m.workers, 1<<m.bucketBits), 1)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			var t tagTable
			var twins []twin
			report := func() {
				finding.Lock()
				defer finding.Unlock()
				for _, p := range twins {
					found(int(p.peer), int(p.own))
				}
			}
			for {
				b := int(next.Add(1)) - 1
				if b >= 1<<m.bucketBits {
					return
				}
				tags, numbers := own.bucket(b)
				t.fill(tags, numbers, m.bucketShift)
				others, theirNumbers := theirs.bucket(b)
				for len(others) > 0 {
					n := min(len(others), lookups)
					twins = t.lookup(twins[:0], others[:n], theirNumbers)
					report()
					if errs[w] = step(n); errs[w] != nil {
						return
					}
					others, theirNumbers = others[n:], theirNumbers[n:]
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A twin has the numbers of equal tags.
type twin struct{ own, peer uint32 }

// A tagTable finds the tags of a bucket. It has them sorted by some of their bits, the
// slot, and for each slot where its tags start.
type tagTable struct {
	starts      []uint32
	tags        []prg.Block // and one behind, of any value
	numbers     []uint32
	left, right int // shifts of a tag's low word, to a slot
	hits        [lookups]hit
	rest        [lookups]rest
}

// A hit is a tag of a bucket and one of those to look up, with equal low words.
type hit struct{ at, tag uint32 }

// A rest is where there is more to compare a tag with.
type rest struct{ tag, lo, hi uint32 }

// lookups is how many tags are looked up together.
const lookups = 1 << 10

// slot returns the slot of a tag.
func (t *tagTable) slot(tag prg.Block) int { return int(tag.Lo << (t.left & 63) >> (t.right & 63)) }

// fill makes t the table of a bucket's tags, of which bits from shift on are equal.
// There are half as many slots as tags, or up to as many.
func (t *tagTable) fill(tags []prg.Block, numbers []uint32, shift int) {
	log := max(bits.Len(uint(len(tags))), 2) - 1
	t.left, t.right = 64-shift, 64-log
	t.starts = resized(t.starts, 1<<log+1)
	clear(t.starts)
	for _, tag := range tags {
		t.starts[t.slot(tag)+1]++
	}
	sum := uint32(0)
	for i, n := range t.starts[1:] {
		t.starts[i+1], sum = sum, sum+n
	}
	t.tags, t.numbers = resized(t.tags, len(tags)+1), resized(t.numbers, len(tags))
	for i, tag := range tags {
		at := &t.starts[t.slot(tag)+1]
		t.tags[*at], t.numbers[*at] = tag, numbers[i]
		*at++
	}
}

// resized returns a slice of n elements that hold anything, s if it has room.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// lookup appends the numbers of each tag in t that is equal to one of others, of
// which there are at most lookups. Each of them is compared with the first tag of its
// slot, or the one behind it, and with more only if there are. What comes out
// of it is added up and not branched on, as a branch would be mispredicted for half of
// the tags.
func (t *tagTable) lookup(twins []twin, others []prg.Block, theirs []uint32) []twin {
	starts, tags := t.starts, t.tags
	hits, more := 0, 0
	for j, tag := range others[:min(len(others), lookups)] {
		slot := t.slot(tag)
		lo, hi := starts[slot], starts[slot+1]
		differs := tags[lo].Lo ^ tag.Lo
		t.hits[hits&(lookups-1)] = hit{lo, uint32(j)}
		hits += int(1 - (differs|-differs)>>63)
		t.rest[more&(lookups-1)] = rest{uint32(j), lo + 1, hi}
		more += int((uint64(lo) + 1 - uint64(hi)) >> 63) // 1 if lo + 1 < hi
	}
	compare := func(at, tag uint32) {
		if int(at) < len(t.numbers) && tags[at] == others[tag] {
			twins = append(twins, twin{t.numbers[at], theirs[tag]})
		}
	}
	for _, h := range t.hits[:hits] {
		compare(h.at, h.tag)
	}
	for _, r := range t.rest[:more] {
		low := others[r.tag].Lo
		for at := r.lo; at < r.hi; at++ {
			if tags[at].Lo == low {
				compare(at, r.tag)
			}
		}
	}
	return twins
}
