package ot

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

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
	var r Room
	m := r.shape(s)
	for c := range chunks {
		nodes, _ := grow(nil, roots[c], c, keys)
		r.fold(c, &nodes, 0, nil, make([]byte, m.size), new([chunkBits]uint64))
	}
	for j := range columns {
		columns[j] = m.column(make([]prg.Block, s.rowBlocks()), j)
	}
	return columns
}

// recheck makes the check at the end of a message, of values and the seed "r", what
// it is when all before it is as it is now. change, unless nil, changes the sums of
// column j at the points x.
func recheck(t *testing.T, s Shape, keys *[Base][2]prg.Block, values []prg.Block, msg []byte, change func(j int, sum *[points]prg.Block, x [points]prg.Block)) {
	t.Helper()
	chal, err := newOracle("extension challenge", nil)
	if err != nil {
		t.Fatal(err)
	}
	end := len(msg) - points*prg.Size - sha256.Size
	x := challenge(chal, msg[:end])
	sum := checkSum(slices.Concat(values, maskOf(testSeed("r"))), x)
	copy(msg[end:], appendBlocks(nil, sum[:]...))
	var sums []byte
	for j, col := range rerun(t, s, keys, values) {
		sum := checkSum(col, x)
		if change != nil {
			change(j, &sum, x)
		}
		sums = appendBlocks(sums, sum[:]...)
	}
	digest := sha256.Sum256(sums)
	copy(msg[end+points*prg.Size:], digest[:])
}
