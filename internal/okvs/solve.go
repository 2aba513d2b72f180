package okvs

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// A solver encodes one bin. Rows and columns have numbers of 16 bits, and the
// arrays all numbers that there are, so that no index needs a check; of each
// only the first part is ever touched.
type solver struct {
	rows [1 << 16]uint64 // three columns each
	// cols has in its upper half how many unpeeled rows select the column, and
	// in its lower half the XOR of their numbers: when one is left, its number.
	cols  [1 << 16]uint32
	queue [1 << 16]uint16 // columns that at some time had one row left
	// order has the peeled rows, and in its upper half the column each solves.
	order [1 << 16]uint32
	gap   []uint16
	table [rows.MaxDense * 32]Block // of the dense columns
}

var solvers = sync.Pool{New: func() any { return new(solver) }}

// release gives s back, without what it knows about the items.
func (s *solver) release(p *Params) {
	clear(s.rows[:p.capacity])
	clear(s.cols[:p.sparse])
	clear(s.queue[:p.sparse+1]) // peel writes one place ahead
	clear(s.order[:p.capacity])
	clear(s.gap)
	clear(s.table[:rows.Table(p.dense)])
	solvers.Put(s)
}

const oneRow = 1 << 16

// solve writes the store of a bin to out. On entry, out begins with the hashed
// keys of the values. It overwrites values.
func (s *solver) solve(p *Params, coins *aes128.Cipher, bin int, values, out []Block) error {
	n := len(values)
	hashes := out[:n]
	rows.Place(s.rows[:n], hashes, p.bins, p.sparse)
	peeled, err := s.triangulate(p, hashes)
	if err != nil {
		return err
	}

	// The rest of the bin's randomness goes where the hashes are not: the dense
	// columns. Blocks are numbered over the whole store.
	counter := uint64(bin) * uint64(p.binSize())
	dense := out[p.sparse:]
	p.fill(coins, dense, counter+uint64(p.sparse))
	if len(s.gap) > 0 {
		if err := s.solveGap(p, coins, counter, hashes, values, dense, peeled); err != nil {
			return err
		}
	}

	// Move the dense part to the other side of the equations; then the hashes
	// are used up, and all sparse columns become random.
	table := s.table[:rows.Table(p.dense)]
	rows.Tabulate(table, dense)
	rows.AddDense(values, hashes, table)
	p.fill(coins, out[:p.sparse], counter)
	// Last peeled row first: the columns of a row other than its own are free, or
	// solved before [RR22, Fig. 1, step 6].
	rows.BackSubstitute(out[:p.sparse], values, s.rows[:n], s.order[:peeled])
	return nil
}

// triangulate is [RR22, Fig. 1, step 2]: it orders the rows such that each has a
// column that no later one selects, and leaves over the gap. It returns the
// number of ordered rows.
func (s *solver) triangulate(p *Params, hashes []Block) (peeled int, err error) {
	n := len(hashes)
	s.gap = s.gap[:0]
	clear(s.cols[:p.sparse])
	for i, row := range s.rows[:n] {
		for range 3 {
			c := &s.cols[uint16(row)]
			*c = (*c + oneRow) ^ uint32(i)
			row >>= 16
		}
	}
	tail := 0
	for c, x := range s.cols[:p.sparse] {
		s.queue[uint16(tail)] = uint16(c)
		tail += isOne(x)
	}
	for head := 0; ; {
		head, tail, peeled = s.peel(head, tail, peeled)
		if peeled+len(s.gap) == n {
			return peeled, nil
		}
		// Only columns of two rows or more are left. Take one of the lightest,
		// peel one of its rows, and give the others to the gap.
		if tail, err = s.split(p, hashes, tail, peeled); err != nil {
			return 0, err
		}
	}
}

// isOne returns 1 if one row is left in the column, and 0 otherwise.
func isOne(col uint32) int { return int((uint64(col>>16^1) - 1) >> 63) }

// peel takes columns from the queue until it is empty. The queue is first in,
// first out, so that consecutive steps seldom depend on each other.
func (s *solver) peel(head, tail, peeled int) (int, int, int) {
	for head < tail {
		c := s.queue[uint16(head)]
		head++
		x := s.cols[c]
		if x>>16 != 1 {
			continue // its row was peeled by another column
		}
		r := uint32(uint16(x))
		s.order[uint16(peeled)] = uint32(c)<<16 | r
		peeled++
		tail = s.remove(r, tail)
	}
	return head, tail, peeled
}

// remove takes a row out of its columns, and queues those that have one left.
func (s *solver) remove(r uint32, tail int) int {
	row := s.rows[uint16(r)]
	a, b, c := uint16(row), uint16(row>>16), uint16(row>>32)
	x := (s.cols[a] - oneRow) ^ r
	y := (s.cols[b] - oneRow) ^ r
	z := (s.cols[c] - oneRow) ^ r
	s.cols[a], s.cols[b], s.cols[c] = x, y, z
	s.queue[uint16(tail)] = a
	tail += isOne(x)
	s.queue[uint16(tail)] = b
	tail += isOne(y)
	s.queue[uint16(tail)] = c
	tail += isOne(z)
	return tail
}

// split moves all but one of the rows of a lightest column to the gap, and thus
// queues the column for the row that remains. It scans everything, but at most
// g^ times.
func (s *solver) split(p *Params, hashes []Block, tail, peeled int) (int, error) {
	best := -1
	for c, x := range s.cols[:p.sparse] {
		if x>>16 >= 2 && (best < 0 || x>>16 < s.cols[best]>>16) {
			best = c
		}
	}
	extra := int(s.cols[best]>>16) - 1
	if len(s.gap)+extra > p.gap {
		return 0, failure(hashes)
	}
	removed := make([]bool, len(hashes))
	for _, o := range s.order[:peeled] {
		removed[uint16(o)] = true
	}
	for _, r := range s.gap {
		removed[r] = true
	}
	for r, row := range s.rows[:len(hashes)] {
		in := uint16(row) == uint16(best) || uint16(row>>16) == uint16(best) || uint16(row>>32) == uint16(best)
		if extra > 0 && in && !removed[r] {
			extra--
			s.gap = append(s.gap, uint16(r))
			tail = s.remove(uint32(r), tail)
		}
	}
	return tail, nil
}

// failure tells the caller's mistake from bad luck.
func failure(hashes []Block) error {
	seen := make(map[Block]struct{}, len(hashes))
	for _, h := range hashes {
		seen[h] = struct{}{}
	}
	if len(seen) < len(hashes) {
		return ErrDuplicate
	}
	return ErrUnsolvable
}
