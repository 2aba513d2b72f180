package psi

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// pieced returns tags in pieces.
func pieced(own, peers []prg.Block) tags {
	return tags{slices.Collect(slices.Chunk(own, tagChunk)), slices.Collect(slices.Chunk(peers, tagChunk))}
}

// Tags in many buckets, in several passes over the other side's, in memory that
// held something else, by several workers: every match is found once.
func TestMatchManyTags(t *testing.T) {
	for _, test := range []struct{ n, m, common int }{
		{1 << 17, 1 << 17, 1 << 16}, {1 << 17, 3, 2}, {3, minSlab + 5000, 3}, {5, 3 * minSlab, 4}, {2 * bucketItems, 2*minSlab + 1, bucketItems},
	} {
		for _, width := range []int{82, 128} {
			all := prg.Expand([16]byte{byte(width)}, test.n+test.m-test.common)
			for i := range all {
				all[i] = and(all[i], lowBits(width))
			}
			// The last of own are the first of the others, or the last, in the same
			// order.
			own, common, rest := all[:test.n], all[test.n-test.common:test.n], all[test.n:]
			for first, theirs := range map[int][]prg.Block{0: slices.Concat(common, rest), len(rest): slices.Concat(rest, common)} {
				used := prg.Expand([16]byte{1}, test.n+2)
				var room hugepage.Room
				room.Give(used[:1], used[1:])
				m := newMatcher(pieced(own, theirs), width, 3, &room)
				seen := make([]bool, test.m)
				require.NoError(t, m.match(noStep, func(j, i int) {
					if seen[j] || i != test.n-test.common+j-first {
						t.Errorf("%d and %d tags: %d is %d", test.n, test.m, j, i)
					}
					seen[j] = true
				}))
				for j, found := range seen {
					if found != (j >= first && j < first+test.common) {
						t.Fatalf("%d and %d tags: number %d is found: %v", test.n, test.m, j, found)
					}
				}
			}
		}
	}
}

// Tags that no random ones are: of equal low or high words, zero, and the greatest,
// where there are such and where there are none, in one bucket and in many.
func TestMatchUnusualTags(t *testing.T) {
	unusual := []prg.Block{{}, {Hi: 1}, {Hi: 2}, {Lo: 1}, {Lo: 1, Hi: 1}, {Lo: 1, Hi: 2}, {Lo: 1<<64 - 1}, {Lo: 1<<64 - 1, Hi: 1<<64 - 1}}
	random := prg.Expand([16]byte{3}, 4*tableItems)
	for i := range random {
		random[i].Lo |= 1 << 63 // half of the buckets have none
	}
	for _, common := range [][]prg.Block{nil, random} {
		for some := range 1 << len(unusual) {
			if len(common) > 0 && some%37 > 0 {
				continue // as it takes long
			}
			own, want := slices.Clone(common), 0
			for i, tag := range unusual {
				if some>>i&1 == 1 {
					own = append(own, tag)
					want++
				}
			}
			m := newMatcher(pieced(own, unusual), 128, 1, new(hugepage.Room))
			require.NoError(t, m.match(noStep, func(j, i int) {
				require.Equal(t, unusual[j], own[i])
				want--
			}))
			require.Zero(t, want)
		}
	}
}

func TestMatchIsInterrupted(t *testing.T) {
	tags := prg.Expand([16]byte{1}, 4*bucketItems)
	ctx, cancel := context.WithCancel(t.Context())
	m := newMatcher(pieced(tags, tags), 128, 2, new(hugepage.Room))
	found := 0
	err := m.match(func(int) error { return ctx.Err() }, func(int, int) {
		found++
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, found, len(tags))
}
