// Package hugepage allocates large vectors that are read at random.
//
// A vector of tens of megabytes has more pages of 4 KiB than the processor's
// translation buffers have entries, so that every random access misses them as
// well as the caches. [Blocks] asks the system for large pages, on Linux by
// madvise(2), which works unless an administrator has switched it off. It is
// advice: nothing depends on it but time.
package hugepage

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

// size is that of a large page.
const size = 2 << 20

// Blocks returns n zero blocks, collected as garbage like any others.
func Blocks(n int) []aes128.Block {
	b := make([]aes128.Block, n)
	if n >= 2*size/aes128.Size {
		advise(b)
	}
	return b
}
