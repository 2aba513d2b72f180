package hugepage

import (
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// A Room is memory that its owner uses again, since the system takes as long to give
// out fresh memory as much of the work with it. The zero value is empty. It is not
// safe for concurrent use.
type Room struct {
	all  [][]aes128.Block // as it was allocated
	free [][]aes128.Block // pieces of that
}

// Take returns n blocks that may hold anything, of the smallest piece that is free and
// has as many, and otherwise new ones.
func (r *Room) Take(n int) []aes128.Block {
	best := -1
	for i, piece := range r.free {
		if n <= len(piece) && (best < 0 || len(piece) < len(r.free[best])) {
			best = i
		}
	}
	if best < 0 {
		r.all = append(r.all, Blocks(n))
		return r.all[len(r.all)-1]
	}
	piece := r.free[best]
	if r.free[best] = piece[n:]; n == len(piece) {
		r.free = slices.Delete(r.free, best, best+1)
	}
	return piece[:n:n]
}

// Give makes blocks free that were taken, and are not used any more.
func (r *Room) Give(pieces ...[]aes128.Block) { r.free = append(r.free, pieces...) }

// Reset makes everything free that was ever taken.
func (r *Room) Reset() { r.free = append(r.free[:0], r.all...) }
