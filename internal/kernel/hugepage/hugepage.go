// Package hugepage allocates large vectors that are read at random.
//
// A vector of tens of megabytes has more pages of 4 KiB than the processor's
// translation buffers have entries, so that every random access misses them as
// well as the caches. [Slice] asks the system for large pages, on Linux by
// madvise(2), which works unless an administrator has switched it off. It is
// advice: nothing depends on it but time.
package hugepage

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

// Slice returns n zero elements, collected as garbage like any others.
func Slice[T any](n int) []T {
	s := make([]T, n)
	advise(s)
	return s
}

// Blocks returns n zero blocks.
func Blocks(n int) []aes128.Block { return Slice[aes128.Block](n) }

// Words returns the memory of b as two words for each block, or as many in other
// memory. They hold anything. b must not be used any more.
func Words(b []aes128.Block) []uint64 { return words(b) }
