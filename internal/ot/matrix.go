package ot

import (
	"encoding/binary"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A Room is the memory of extensions that follow each other. The zero value is ready. It
// is not safe for concurrent use.
type Room struct {
	matrix matrix
	msg    []byte
	input  []byte
	leaves []byte // a tile of a tree's
	sum    []byte // the same tile of their sum
}

// Clear overwrites what is secret in r.
func (r *Room) Clear() {
	clear(r.matrix.all[:cap(r.matrix.all)])
	clear(r.input[:cap(r.input)])
	clear(r.leaves)
	clear(r.sum)
}

// shape returns the room's matrix for an extension. Its rows hold anything.
func (r *Room) shape(s Shape) *matrix {
	m := &r.matrix
	m.size = prg.Size * s.rowBlocks()
	if cap(m.all) < Base*m.size {
		m.all = hugepage.Slice[byte](Base * m.size)
	}
	m.all = m.all[:Base*m.size]
	return m
}

// A matrix has one row of bytes for each bit of delta.
type matrix struct {
	all  []byte
	size int // of a row
}

func (m *matrix) row(j int) []byte { return m.all[j*m.size:][:m.size:m.size] }

// bits returns the part of row j that is of the bits.
func (m *matrix) bits(j int, s Shape) []byte {
	return m.row(j)[prg.Size*s.Values:][:prg.Size*s.bitBlocks()]
}

// column returns row j as blocks, in col. The rows are the columns of [Roy22].
func (m *matrix) column(col []prg.Block, j int) []prg.Block {
	setBytes(col, m.row(j))
	return col
}

// at returns block i of row j.
func (m *matrix) at(j, i int) prg.Block {
	b := m.all[j*m.size+prg.Size*i:][:prg.Size]
	return prg.Block{Lo: binary.LittleEndian.Uint64(b), Hi: binary.LittleEndian.Uint64(b[8:])}
}

// tile is how many bytes of a row are made at once: the leaves stay in the first-level cache.
const tile = 1 << 10

// fold sets the rows of chunk c to the sums of the rows of all leaves whose number has the
// row's bit, and adds x to those whose mask is all ones. It sets sum, unless it is nil, to x
// and the rows of all leaves [Roy22, section 3.1, with the sums of both halves reused]. Leaf 0 is
// in no row; where first is 1 it is unknown, and sum has to be nil.
func (r *Room) fold(c int, nodes *[leaves]prg.Block, first int, sum, x []byte, masks *[chunkBits]uint64) {
	if r.leaves == nil {
		r.leaves, r.sum = make([]byte, leaves*tile), make([]byte, tile)
	}
	var streams [leaves]aes128.Cipher // not on the heap
	for k := first; k < leaves; k++ {
		streams[k] = *leafStream(nodes[k])
	}
	for lo := 0; lo < len(x); lo += tile {
		hi := min(lo+tile, len(x))
		n := hi - lo
		tiles := r.leaves[:leaves*n]
		for k := first; k < leaves; k++ {
			leafRow(tiles[k*n:][:n], &streams[k], lo)
		}
		var rows [chunkBits][]byte
		for b := range rows {
			rows[b] = r.matrix.row(chunkBits*c + b)[lo:hi]
		}
		to := r.sum[:n]
		if sum != nil {
			to = sum[lo:hi]
		}
		bitmatrix.Sums(to, &rows, tiles, x[lo:hi], masks)
	}
}

// correlations joins the shares for each bit of delta to those for delta as an
// element of the field, whose bits are the coefficients of powers of x. It appends those of
// the bits to dst.
func (m *matrix) correlations(dst []prg.Block, s Shape) (values, bits []prg.Block) {
	values = make([]prg.Block, s.Values)
	for j := Base - 1; j >= 0; j-- {
		for i := range values {
			values[i] = timesX(values[i]).Xor(m.at(j, i))
		}
	}
	n := len(dst)
	all := Base * s.bitBlocks()
	bits = slices.Grow(dst, all)[:n+all]
	bitmatrix.Squares(bits[n:], m.all[prg.Size*s.Values:], m.size)
	return values, bits[:n+s.Bits]
}
