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
// word choose a bucket, and the following 32 bits, the check, stand beside the
// tag's number in the bucket's entries. A bucket of this side's becomes a table
// in which the checks of the other side's are looked up. It is small enough for
// a second-level cache, where one table of all tags would miss that and the
// translation buffers with every tag [SKN94]. Whole tags are compared only where
// checks are equal.
//
// What is looked up, and where, depends on secrets of the party that looks.
//
// [SKN94] Shatdal, Kant, Naughton: Cache Conscious Algorithms for Relational
// Query Processing. VLDB 1994.
type matcher struct {
	own     []prg.Block
	peers   [][]prg.Block // of tagChunk tags each, the last excepted
	width   int           // of a tag in bits
	workers int
	free    [][]prg.Block // memory to use
	// Where the parts of a tag are in its low word.
	bucketBits, bucketShift, checkShift int
}

const (
	bucketItems   = 1 << 14 // in a bucket, about, until there are maxBucketBits
	maxBucketBits = 11      // more streams at once would miss translation buffers
	minSlab       = 1 << 16 // of the other side's tags that are looked up in a pass
)

func newMatcher(own []prg.Block, peers [][]prg.Block, width, workers int) *matcher {
	m := &matcher{own: own, peers: peers, width: width, workers: workers}
	top := min(width, 64)
	m.bucketBits = min(max(bits.Len(uint(len(own)/bucketItems)), 1)-1, maxBucketBits, top-32)
	m.bucketShift = top - m.bucketBits
	m.checkShift = m.bucketShift - 32
	return m
}

// match calls found with the numbers of each tag of the other side and the equal
// one of this. Calls do not overlap. It takes 8 bytes for each of this side's
// tags, and as much for as many of the other side's.
//
// It calls step with as many steps in all as [matcher.steps] says, which can end it.
func (m *matcher) match(step func(int) error, found func(j, i int)) error {
	var own, theirs buckets
	if err := m.partition(&own, step, slices.Collect(slices.Chunk(m.own, tagChunk))); err != nil {
		return err
	}
	slab := max((len(m.own)+tagChunk-1)/tagChunk, minSlab/tagChunk)
	first := 0
	for pieces := range slices.Chunk(m.peers, slab) {
		if err := m.partition(&theirs, step, pieces); err != nil {
			return err
		}
		if err := m.join(step, &own, &theirs, pieces, func(j, i int) { found(first+j, i) }); err != nil {
			return err
		}
		first += slab * tagChunk
	}
	return nil
}

// steps returns the number of steps: for each tag of either side one in the first
// part, and for one of the other side another in the second.
func (m *matcher) steps() int {
	n := len(m.own)
	for _, tags := range m.peers {
		n += 2 * len(tags)
	}
	return n
}

// An entry is a check in the upper half and the number of a tag in the lower.
type entry = uint64

// buckets are entries in the order of buckets: bucket b starts at starts[b].
type buckets struct {
	entries []entry
	starts  []int
}

// partition makes the entries of tags, which come in pieces of a few thousand.
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
	if n := count[1<<m.bucketBits]; n > len(b.entries) {
		b.entries = m.entries(n)
	}
	number := entry(0)
	for _, tags := range pieces {
		for i := range tags {
			lo := tags[i].Lo
			at := &next[lo>>m.bucketShift]
			b.entries[*at] = lo>>m.checkShift<<32 | number
			*at++
			number++
		}
		if err := step(len(tags)); err != nil {
			return err
		}
	}
	return nil
}

// entries returns room for n entries or more.
func (m *matcher) entries(n int) []entry {
	for i, blocks := range m.free {
		if n <= 2*len(blocks) {
			m.free = slices.Delete(m.free, i, i+1)
			return hugepage.Words(blocks)
		}
	}
	return hugepage.Slice[entry](n)
}

// join matches buckets, where theirs are of pieces.
func (m *matcher) join(step func(int) error, own, theirs *buckets, pieces [][]prg.Block, found func(j, i int)) error {
	var next atomic.Int64
	var finding sync.Mutex
	workers := max(min(m.workers, 1<<m.bucketBits), 1)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			var t tagTable
			var candidates, matches []candidate
			report := func() {
				matches = matches[:0]
				for _, c := range candidates {
					if m.own[c.own] == pieces[c.peer/tagChunk][c.peer%tagChunk] {
						matches = append(matches, c)
					}
				}
				candidates = candidates[:0]
				finding.Lock()
				defer finding.Unlock()
				for _, c := range matches {
					found(int(c.peer), int(c.own))
				}
			}
			for errs[w] == nil {
				b := int(next.Add(1)) - 1
				if b >= 1<<m.bucketBits {
					return
				}
				t.fill(own.entries[own.starts[b]:own.starts[b+1]])
				for part := range slices.Chunk(theirs.entries[theirs.starts[b]:theirs.starts[b+1]], bucketItems) {
					candidates = t.lookup(part, candidates)
					report()
					if errs[w] = step(len(part)); errs[w] != nil {
						return
					}
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

// A candidate is a pair of tags with equal checks in the same bucket.
type candidate struct{ own, peer uint32 }

// A tagTable finds the entries of a bucket by their checks, whose upper bits
// choose the slot. What is in a slot is an entry with one added, or zero.
type tagTable struct {
	slots []entry
	shift int // of an entry, to a slot
}

// fill makes t the table of entries. It is at most two thirds full.
func (t *tagTable) fill(entries []entry) {
	log := max(bits.Len(uint(len(entries)+len(entries)/2)), 1)
	t.shift = 64 - log
	if cap(t.slots) < 1<<log {
		t.slots = make([]entry, 1<<log)
	} else {
		t.slots = t.slots[:1<<log]
		clear(t.slots)
	}
	mask := len(t.slots) - 1
	for _, e := range entries {
		slot := int(e >> t.shift)
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = e + 1 // no carry: numbers are below 2^32 - 1
	}
}

// lookup appends the pairs of an entry in t and one of those given that have
// equal checks.
func (t *tagTable) lookup(entries []entry, pairs []candidate) []candidate {
	mask := len(t.slots) - 1
	for _, e := range entries {
		for slot := int(e >> t.shift); t.slots[slot] != 0; slot = (slot + 1) & mask {
			if found := t.slots[slot] - 1; (found^e)>>32 == 0 {
				pairs = append(pairs, candidate{uint32(found), uint32(e)})
			}
		}
	}
	return pairs
}
