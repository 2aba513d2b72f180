package ring64

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"

// Products of matrices take half of the multiplications [Win68, Shmuel Winograd: A New
// Algorithm for Inner Product, IEEE Transactions on Computers C-17, 1968]: of two terms,
//
//	x_0·y_0 + x_1·y_1 = (x_0 + y_1)(x_1 + y_0) - x_0·x_1 - y_0·y_1
//
// and what is taken away is the same for a row of x and for a column of y. Additions are
// cheaper on vectors, even if there are more of them.

const (
	// tileRows and tileColumns are what a kernel computes at once of a product.
	tileRows, tileColumns = 3, 8
	// tileTerms is how many terms of each inner product: eight words for each of them fill
	// the first-level cache. They are read in order, so that some that come from the second
	// one cost less than more passes over the result.
	tileTerms = 512
	// blockRows is how many rows are worked on before the next columns: as many terms of
	// each of them stay in the second-level cache.
	blockRows = 48
)

// A Matrix is one of words that others are multiplied by from the left, in an order that
// suits the kernels: panels of tileColumns columns, filled up by zeros, row after row.
type Matrix struct {
	rows, columns int
	terms         int // rows, filled up to an even number by zeros
	panels        []uint64
	pairs         []uint64 // of each column, the sum of products of two elements
}

// NewMatrix returns a matrix whose rows are as many words of y each.
func NewMatrix(rows, columns int, y []uint64) *Matrix {
	m := &Matrix{rows: rows, columns: columns, terms: rows + rows%2}
	m.panels = make([]uint64, (columns+tileColumns-1)/tileColumns*tileColumns*m.terms)
	m.pairs = make([]uint64, columns)
	for lo := 0; lo < columns; lo += tileColumns {
		panel := m.panels[lo*m.terms:]
		width := min(tileColumns, columns-lo)
		for r := range rows {
			copy(panel[tileColumns*r:], y[columns*r+lo:][:width])
		}
		pairs := m.pairs[lo:][:width]
		for r := 0; r < m.terms; r += 2 {
			upper, lower := panel[tileColumns*r:][:width], panel[tileColumns*(r+1):][:width]
			for c := range pairs {
				pairs[c] += upper[c] * lower[c]
			}
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
	if m.terms != m.rows {
		even := make([]uint64, rows*m.terms)
		for r := range rows {
			copy(even[r*m.terms:], x[r*m.rows:][:m.rows])
		}
		x = even
	}
	for r := range rows {
		var pairs uint64
		for x := x[r*m.terms:][:m.terms]; len(x) > 0; x = x[2:] {
			pairs += x[0] * x[1]
		}
		z := z[r*m.columns:][:len(m.pairs)]
		for c, p := range m.pairs {
			z[c] -= pairs + p
		}
	}
	for lo := 0; lo < m.terms; lo += tileTerms {
		terms := min(tileTerms, m.terms-lo)
		for row := 0; row < rows; row += blockRows {
			m.addBlock(z, row, min(row+blockRows, rows), lo, terms, x)
		}
	}
}

// addBlock adds to rows first to last - 1 of z what comes of so many terms, from lo, of each
// inner product.
func (m *Matrix) addBlock(z []uint64, first, last, lo, terms int, x []uint64) {
	// Rows and columns beyond the end are computed aside.
	var aside [tileRows][tileColumns]uint64
	for column := 0; column < m.columns; column += tileColumns {
		y := m.panels[column*m.terms+tileColumns*lo:][:tileColumns*terms]
		width := min(tileColumns, m.columns-column)
		for row := first; row < last; row += tileRows {
			var zs, xs [tileRows][]uint64
			whole := width == tileColumns && row+tileRows <= last
			for r := range tileRows {
				at := min(row+r, last-1)
				xs[r] = x[at*m.terms+lo:][:terms]
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
