package ring64

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"

const (
	// tileRows and tileColumns are what a kernel computes at once of a product.
	tileRows, tileColumns = 3, 8
	// tileTerms is how many terms of each inner product: eight words for each of
	// them stay in the first-level cache while they are used for many rows.
	tileTerms = 256
	// blockRows is how many rows are worked on before the next columns: as many terms of
	// each of them stay in the second-level cache.
	blockRows = 96
)

// A Matrix is one of words that others are multiplied by from the left, in an order that
// suits the kernels: panels of tileColumns columns, filled up by zeros, row after row.
type Matrix struct {
	rows, columns int
	panels        []uint64
}

// NewMatrix returns a matrix whose rows are as many words of y each.
func NewMatrix(rows, columns int, y []uint64) *Matrix {
	m := &Matrix{rows: rows, columns: columns}
	m.panels = make([]uint64, (columns+tileColumns-1)/tileColumns*tileColumns*rows)
	for lo := 0; lo < columns; lo += tileColumns {
		panel := m.panels[lo*rows:]
		width := min(tileColumns, columns-lo)
		for r := range rows {
			copy(panel[tileColumns*r:], y[columns*r+lo:][:width])
		}
	}
	return m
}

// AddProduct adds to z the product of the matrix of so many rows, x, and m.
func (m *Matrix) AddProduct(z []uint64, rows int, x []uint64) {
	if len(z) != rows*m.columns || len(x) != rows*m.rows {
		panic("ring64: internal error: matrices do not fit")
	}
	race.Write(z)
	race.Read(x)
	for lo := 0; lo < m.rows; lo += tileTerms {
		terms := min(tileTerms, m.rows-lo)
		for row := 0; row < rows; row += blockRows {
			m.addBlock(z, row, min(row+blockRows, rows), lo, terms, x)
		}
	}
}

// addBlock adds to rows first to last - 1 of z so many terms, from lo, of each inner product.
func (m *Matrix) addBlock(z []uint64, first, last, lo, terms int, x []uint64) {
	// Rows and columns beyond the end are computed aside.
	var aside [tileRows][tileColumns]uint64
	for column := 0; column < m.columns; column += tileColumns {
		y := m.panels[column*m.rows+tileColumns*lo:][:tileColumns*terms]
		width := min(tileColumns, m.columns-column)
		for row := first; row < last; row += tileRows {
			var zs, xs [tileRows][]uint64
			whole := width == tileColumns && row+tileRows <= last
			for r := range tileRows {
				at := min(row+r, last-1)
				xs[r] = x[at*m.rows+lo:][:terms]
				if whole {
					zs[r] = z[at*m.columns+column:][:tileColumns]
				} else {
					aside[r] = [tileColumns]uint64{}
					zs[r] = aside[r][:]
				}
			}
			tile(&zs, &xs, y)
			if whole {
				continue
			}
			for r := range min(tileRows, last-row) {
				for c, sum := range aside[r][:width] {
					z[(row+r)*m.columns+column+c] += sum
				}
			}
		}
	}
}
