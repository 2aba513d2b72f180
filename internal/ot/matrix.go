package ot

import (
	"encoding/binary"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A matrix has one row of bytes for each bit of delta.
type matrix [Base][]byte

func newMatrix(s Shape) *matrix {
	m := new(matrix)
	size := prg.Size * s.rowBlocks()
	all := hugepage.Slice[byte](Base * size)
	for j := range m {
		m[j] = all[j*size:][:size:size]
	}
	return m
}

// column returns row j as blocks, in col. The rows are the columns of [Roy22].
func (m *matrix) column(col []prg.Block, j int) []prg.Block {
	setBytes(col, m[j])
	return col
}

// at returns block i of row j.
func (m *matrix) at(j, i int) prg.Block {
	return prg.Block{
		Lo: binary.LittleEndian.Uint64(m[j][prg.Size*i:]),
		Hi: binary.LittleEndian.Uint64(m[j][prg.Size*i+8:]),
	}
}

// add adds a row to row j if mask is all ones, and nothing if it is zero.
func (m *matrix) add(j int, row []byte, mask uint64) {
	for dst := m[j]; len(dst) >= 8; dst, row = dst[8:], row[8:] {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)^binary.LittleEndian.Uint64(row)&mask)
	}
}

// correlations joins the shares for each bit of delta to those for delta as an
// element of the field, whose bits are the coefficients of powers of x.
func (m *matrix) correlations(s Shape) (values, bits []prg.Block) {
	values = make([]prg.Block, s.Values)
	for j := Base - 1; j >= 0; j-- {
		for i := range values {
			values[i] = timesX(values[i]).Xor(m.at(j, i))
		}
	}
	bits = make([]prg.Block, 128*s.bitBlocks())
	for k := range s.bitBlocks() {
		square := (*[128]prg.Block)(bits[128*k:])
		for j := range square {
			square[j] = m.at(j, s.Values+k)
		}
		transpose(square)
	}
	return values, bits[:s.Bits]
}

// transpose exchanges bit i of block j with bit j of block i.
func transpose(a *[128]prg.Block) {
	for i := range 64 {
		a[i].Hi, a[i+64].Lo = a[i+64].Lo, a[i].Hi
	}
	mask := ^uint64(0)
	for s := 32; s > 0; s /= 2 {
		mask ^= mask << s // the low half of each 2s bits
		for i := range a {
			if i&s != 0 {
				continue
			}
			p, q := &a[i], &a[i+s]
			t := (p.Lo>>s ^ q.Lo) & mask
			p.Lo, q.Lo = p.Lo^t<<s, q.Lo^t
			t = (p.Hi>>s ^ q.Hi) & mask
			p.Hi, q.Hi = p.Hi^t<<s, q.Hi^t
		}
	}
}
