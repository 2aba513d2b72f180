package ot

import (
	"crypto/sha256"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

func sha(b []byte) [32]byte { return sha256.Sum256(b) }

// maskOf returns the mask that [Extend] draws from seed.
func maskOf(seed [SeedSize]byte) []prg.Block {
	coins := expandSeed(seed)
	coins.Blocks(make([]prg.Block, chunks))
	return []prg.Block{coins.Block(), coins.Block()}
}

// rerun returns the columns of the receiver's matrix for values and the seed "r".
func rerun(t *testing.T, s Shape, keys *[Base][2]prg.Block, values []prg.Block) (columns [Base][]prg.Block) {
	t.Helper()
	coins := expandSeed(testSeed("r"))
	roots := make([]prg.Block, chunks)
	coins.Blocks(roots)
	m := newMatrix(s)
	f := newFolder(prg.Size * s.rowBlocks())
	u := make([]byte, prg.Size*s.rowBlocks())
	for c := range chunks {
		nodes, _ := grow(nil, roots[c], c, keys)
		f.leaf = func(x int, row []byte) { leafRow(row, nodes[x]) }
		f.rows = [chunkBits][]byte(m[chunkBits*c:])
		f.sum(chunkBits, 0, u)
	}
	for j := range columns {
		columns[j] = m.column(make([]prg.Block, s.rowBlocks()), j)
	}
	return columns
}
