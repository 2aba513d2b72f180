package psi

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"sync"
)

// digestSize is the number of bytes that stand for an item. Two different items
// among 2^32 on each side share them with probability 2^-64.
const digestSize = 16

type digest [digestSize]byte

// compare orders digests.
func (d *digest) compare(e *digest) int {
	a, b := binary.BigEndian.Uint64(d[:8]), binary.BigEndian.Uint64(e[:8])
	if a == b {
		a, b = binary.BigEndian.Uint64(d[8:]), binary.BigEndian.Uint64(e[8:])
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// A record is an item and the first of the rows it stands in.
type record struct {
	digest digest
	row    uint32
}

// A repeat is a further row of an item.
type repeat struct {
	item uint32 // index of its record
	row  uint32
}

// A Set is a party's input: hashes of items, and the rows they came from. It
// doesn't change, and can be used in any number of runs at the same time.
type Set struct {
	rows    int
	items   int      // different ones
	records []record // one for each different item, in the order of digests
	repeats []repeat // in the order of items
	file    *setFile // which has both instead, if it is not nil
	closed  bool
}

// blockRows is the number of rows that are collected in one piece of memory.
const blockRows = 1 << 15

// NewSet reads all items. Item number i, counted from zero, is row i in a
// [Result]. A nil item is a row without one: it takes a number and never matches,
// while an empty item is an item. Items may repeat. Each is hashed at once and
// not kept. An error from items ends the reading and is passed on, wrapped.
func NewSet(items iter.Seq2[[]byte, error]) (*Set, error) {
	set := &Set{}
	var blocks [][]record
	var block []record
	err := set.read(items, func(r record) error {
		if len(block) == cap(block) {
			if block != nil {
				blocks = append(blocks, block)
			}
			block = make([]record, 0, blockRows)
		}
		block = append(block, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	set.collect(append(blocks, block))
	return set, nil
}

// read counts the rows and calls add with a record for each that has an item.
func (s *Set) read(items iter.Seq2[[]byte, error], add func(record) error) error {
	prefix := newLabel("psi", "item", nil)
	buf := slices.Clone(prefix)
	for item, err := range items {
		if err != nil {
			return fmt.Errorf("reading item %d: %w", s.rows, err)
		}
		if uint64(s.rows) == maxItems {
			return fmt.Errorf("a set holds at most %d rows", uint32(maxItems))
		}
		row := uint32(s.rows)
		s.rows++
		if item == nil {
			continue
		}
		buf = append(buf[:len(prefix)], item...)
		sum := sha256.Sum256(buf)
		if err := add(record{digest(sum[:digestSize]), row}); err != nil {
			return err
		}
	}
	return nil
}

// Len returns the number of rows, including those without an item.
func (s *Set) Len() int { return s.rows }

// Items returns the number of different items, which is what the other party
// learns unless Config.PadTo hides it.
func (s *Set) Items() int { return s.items }

// String says how large s is. It shows no items.
func (s Set) String() string {
	return fmt.Sprintf("psi.Set of %d items in %d rows", s.items, s.rows)
}

// Format implements [fmt.Formatter], so that no verb prints the hashes of items,
// from which items can be guessed.
func (s Set) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// collect sorts all records by digest and row, and moves those of repeated
// items out.
func (s *Set) collect(blocks [][]record) {
	// Digests are uniform, so their first byte splits them evenly.
	var starts [257]int
	for _, block := range blocks {
		for i := range block {
			starts[int(block[i].digest[0])+1]++
		}
	}
	for i := range 256 {
		starts[i+1] += starts[i]
	}
	all := make([]record, starts[256])
	next := starts
	for k, block := range blocks {
		for i := range block {
			b := block[i].digest[0]
			all[next[b]] = block[i]
			next[b]++
		}
		blocks[k] = nil
	}
	var sorters sync.WaitGroup
	buckets := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		sorters.Go(func() {
			var sorter bucketSorter
			for b := range buckets {
				sorter.sort(all[starts[b]:starts[b+1]])
			}
		})
	}
	for b := range 256 {
		buckets <- b
	}
	close(buckets)
	sorters.Wait()

	s.records, s.repeats = split(all, 0, nil)
	s.items = len(s.records)
	if s.items < len(all)/2 {
		s.records = slices.Clone(s.records)
	}
}

// split moves the records of repeated items out of sorted ones, whose first item
// has a number.
func split(all []record, first int, repeats []repeat) ([]record, []repeat) {
	n := 0
	for i := range all {
		if n > 0 && all[i].digest == all[n-1].digest {
			repeats = append(repeats, repeat{uint32(first + n - 1), all[i].row})
			continue
		}
		all[n] = all[i]
		n++
	}
	return all[:n], repeats
}

// A bucketSorter sorts records whose digests have the first byte in common.
type bucketSorter struct {
	starts  []uint32 // of bins
	scratch []record
}

// sort sorts records, which came in the order of rows, by digest and row. The
// bytes of the digest behind the first spread them over bins of a few each.
func (s *bucketSorter) sort(records []record) {
	const maxBits, maxBin = 24, 32
	log := min(max(bits.Len(uint(len(records)))-2, 0), maxBits)
	bin := func(r *record) int { return int(uint64(binary.BigEndian.Uint32(r.digest[1:])) >> (32 - log)) }
	s.starts = append(s.starts[:0], make([]uint32, 1<<log+1)...)
	for i := range records {
		s.starts[bin(&records[i])+1]++
	}
	if slices.Max(s.starts) > maxBin { // many rows of one item
		slices.SortStableFunc(records, func(x, y record) int { return x.digest.compare(&y.digest) })
		return
	}
	for i := range 1 << log {
		s.starts[i+1] += s.starts[i]
	}
	s.scratch = append(s.scratch[:0], records...)
	for i := range s.scratch {
		b := bin(&s.scratch[i])
		records[s.starts[b]] = s.scratch[i]
		s.starts[b]++
	}
	for i := 1; i < len(records); i++ {
		r := records[i]
		j := i
		for ; j > 0 && r.digest.compare(&records[j-1].digest) < 0; j-- {
			records[j] = records[j-1]
		}
		records[j] = r
	}
}

// rowsOf returns all rows of the items that matched, in ascending order.
func (s *Set) rowsOf(matched bitmap) ([]int, error) {
	in := newBitmap(s.rows)
	record := func(i int, r *record) {
		if matched.get(i) {
			in.set(int(r.row))
		}
	}
	repeat := func(r repeat) {
		if matched.get(int(r.item)) {
			in.set(int(r.row))
		}
	}
	if s.file != nil {
		if err := s.file.each(record, repeat); err != nil {
			return nil, err
		}
	}
	for i := range s.records {
		record(i, &s.records[i])
	}
	for _, r := range s.repeats {
		repeat(r)
	}
	rows := make([]int, 0, in.count())
	for i, b := range in {
		for ; b != 0; b &= b - 1 {
			rows = append(rows, i<<3|bits.TrailingZeros8(b))
		}
	}
	return rows, nil
}

// bounds returns where each part of the records begins, and where the last ends. Of
// digests, which are uniform, each part has an equal share of all that there could
// be.
func (s *Set) bounds(parts int) ([]int, error) {
	bounds := make([]int, parts+1)
	bounds[parts] = s.items
	var failed error
	for i := 1; i < parts; i++ {
		bounds[i] = sort.Search(s.items, func(k int) bool {
			records, err := s.load(k, k+1)
			if err != nil {
				failed = err
				return true
			}
			part, _ := bits.Mul64(binary.BigEndian.Uint64(records[0].digest[:8]), uint64(parts))
			return part >= uint64(i)
		})
	}
	return bounds, failed
}

// load returns the records from number lo to hi, which must not be changed.
func (s *Set) load(lo, hi int) ([]record, error) {
	if s.file != nil {
		return s.file.load(lo, hi)
	}
	return s.records[lo:hi], nil
}

// items is what takes part in a run, or in a part of one: records, and the random
// digests that pad them.
type items struct {
	records []record
	padding []digest
}

// padded fills the records up with digests that no item has, except with
// probability 2^-128 each.
func padded(records []record, to int, seed [32]byte) *items {
	it := &items{records: records}
	if n := to - len(records); n > 0 {
		it.padding = make([]digest, n)
		// ChaCha8 is a stream cipher with an unpredictable output.
		random := rand.NewChaCha8(seed)
		for i := range it.padding {
			random.Read(it.padding[i][:])
		}
	}
	return it
}

// digest returns the digest of item i.
func (it *items) digest(i int) *digest {
	if n := len(it.records); i >= n {
		return &it.padding[i-n]
	}
	return &it.records[i].digest
}

// A bitmap holds a bit for each item, the least significant of a byte first.
type bitmap []byte

func newBitmap(n int) bitmap      { return make(bitmap, (n+7)/8) }
func (b bitmap) get(i int) bool   { return b[i>>3]>>(i&7)&1 == 1 }
func (b bitmap) set(i int)        { b[i>>3] |= 1 << (i & 7) }
func (b bitmap) clean(n int) bool { return n&7 == 0 || b[n>>3]>>(n&7) == 0 }

func (b bitmap) count() (n int) {
	for _, eight := range b {
		n += bits.OnesCount8(eight)
	}
	return n
}
