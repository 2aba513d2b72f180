package ring64

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"

const (
	// tileRows and tileColumns are what a kernel computes at once of a product.
	tileRows, tileColumns = 3, 8
	// tileTerms is how many terms of each inner product: eight words for each of
	// them stay in the first-level cache while they are used for many rows.
	tileTerms = 256
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
	// Rows and columns beyond the end are computed aside.
	var aside [tileRows][tileColumns]uint64
	for column := 0; column < m.columns; column += tileColumns {
		panel := m.panels[column*m.rows:]
		width := min(tileColumns, m.columns-column)
		for lo := 0; lo < m.rows; lo += tileTerms {
			terms := min(tileTerms, m.rows-lo)
			y := panel[tileColumns*lo:][:tileColumns*terms]
			for row := 0; row < rows; row += tileRows {
				var zs, xs [tileRows][]uint64
				whole := width == tileColumns && row+tileRows <= rows
				for r := range tileRows {
					last := min(row+r, rows-1)
					xs[r] = x[last*m.rows+lo:][:terms]
					if whole {
						zs[r] = z[last*m.columns+column:][:tileColumns]
					} else {
						aside[r] = [tileColumns]uint64{}
						zs[r] = aside[r][:]
					}
				}
				tile(&zs, &xs, y)
				if whole {
					continue
				}
				for r := range min(tileRows, rows-row) {
					for c, sum := range aside[r][:width] {
						z[(row+r)*m.columns+column+c] += sum
					}
				}
			}
		}
	}
}
