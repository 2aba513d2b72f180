package hugepage

import (
	"fmt"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/exconv"
)

func TestBlocks(t *testing.T) {
	const size = 2 << 20 // of a large page
	for _, n := range []int{0, 1, 1000, size / aes128.Size, 2*size/aes128.Size - 1, 2 * size / aes128.Size, 3*size/aes128.Size + 17} {
		b := Blocks(n)
		if len(b) != n {
			t.Fatalf("%d blocks, want %d", len(b), n)
		}
		for i := range b {
			if b[i] != (aes128.Block{}) {
				t.Fatalf("%d blocks: block %d is not zero", n, i)
			}
			b[i] = aes128.Block{Lo: uint64(i), Hi: ^uint64(i)}
		}
		// Advice after use changes no contents.
		if n > 0 {
			advise(b)
		}
		for i := range b {
			if b[i] != (aes128.Block{Lo: uint64(i), Hi: ^uint64(i)}) {
				t.Fatalf("%d blocks: block %d has changed", n, i)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		w := Words(Blocks(n))
		if len(w) != 2*n {
			t.Fatalf("%d words of %d blocks", len(w), n)
		}
		for i := range w {
			w[i] = uint64(i)
		}
	}
}

// BenchmarkExpandPairs is the use that large pages are for.
func BenchmarkExpandPairs(b *testing.B) {
	const n = 1_362_000
	words := make([]aes128.Block, exconv.Words*n)
	aes128.New([16]byte{1}).CounterBlocks(words, 0)
	s := exconv.NewSegments(n)
	for _, huge := range []bool{false, true} {
		alloc := func(n int) []aes128.Block { return make([]aes128.Block, n) }
		if huge {
			alloc = Blocks
		}
		x, even, odd := alloc(2*n), alloc(n), alloc(n)
		for i := range x {
			x[i].Lo = 1
		}
		b.Run(fmt.Sprintf("huge=%v", huge), func(b *testing.B) {
			for b.Loop() {
				s.ExpandPairs(even, odd, x, words)
			}
		})
	}
}
