package okvs

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
)

// solveGap is [RR22, Fig. 1, steps 3 and 4]: it replaces the dense columns,
// which are random on entry, by a random solution of the gap's equations. It
// runs for about one bin in ten thousand, so it is written for clarity.
//
// The paper solves with all columns unknown. Here the free sparse columns are
// already decided, block c of the bin being block counter + c of fill; they move
// to the right-hand side.
func (s *solver) solveGap(p *Params, fill *aes128.Cipher, counter uint64, hashes, values, dense []Block, peeled int) error {
	var matrix [][]Block // B' = B - C F^-1 E, and the right-hand side as a last column
	for _, g := range s.gap {
		// left are the columns that the combination of rows still selects.
		left := make([]bool, p.sparse)
		equation := make([]Block, p.dense+1)
		add := func(r uint16) {
			for row, k := s.rows[r], 0; k < 3; k++ {
				left[uint16(row)] = !left[uint16(row)]
				row >>= 16
			}
			powers := make([]Block, p.dense)
			gf128.Powers(powers, hashes[r])
			for j, x := range append(powers, values[r]) {
				equation[j] = equation[j].Xor(x)
			}
		}
		add(g)
		// In peeling order, because a row's column is selected by no row that
		// was peeled later: once eliminated it does not come back.
		for _, o := range s.order[:peeled] {
			if left[o>>16] {
				add(uint16(o))
			}
		}
		var free [1]Block
		for c, selected := range left {
			if selected {
				fill.CounterBlocks(free[:], counter+uint64(c))
				equation[p.dense] = equation[p.dense].Xor(free[0])
			}
		}
		matrix = append(matrix, equation)
	}
	if !eliminate(matrix, dense) {
		return failure(hashes)
	}
	return nil
}

// eliminate sets x to the solution of the equations whose right-hand sides are
// in the last column of matrix, keeping of x what the equations leave free. It
// reports whether the equations are independent. It overwrites matrix.
func eliminate(matrix [][]Block, x []Block) bool {
	pivots := make([]int, len(matrix))
	for i, row := range matrix {
		// Gauss and Jordan: row i gets a one in some column, and every other row
		// a zero there.
		pivot := 0
		for pivot < len(x) && row[pivot] == (Block{}) {
			pivot++
		}
		if pivot == len(x) {
			return false
		}
		pivots[i] = pivot
		gf128.MulConst(row, row, gf128.Inv(row[pivot]))
		for j, other := range matrix {
			if j != i {
				gf128.MulConstAdd(other, row, other[pivot])
			}
		}
	}
	for _, pivot := range pivots {
		x[pivot] = Block{}
	}
	// With zeros at the pivots, the inner product is that of the free columns.
	solution := make([]Block, len(matrix))
	for i, row := range matrix {
		solution[i] = row[len(x)].Xor(gf128.Dot(row[:len(x)], x))
	}
	for i, pivot := range pivots {
		x[pivot] = solution[i]
	}
	return true
}
