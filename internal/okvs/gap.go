package okvs

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// An equation says what the dense columns whose bits are set add up to.
type equation struct {
	columns uint64
	value   Block
}

func (e *equation) add(f equation) {
	e.columns ^= f.columns
	e.value = e.value.Xor(f.value)
}

// denseRow returns the bits of a hashed key that rows.AddDense goes by.
func denseRow(h Block, dense int) uint64 {
	return (uint64(uint32(h.Lo)) | h.Hi<<32) << (64 - dense) >> (64 - dense)
}

// solveGap is [RR22, Fig. 1, steps 3 and 4]: it replaces the dense columns,
// which are random on entry, by a random solution of the gap's equations. It
// runs for about one bin in ten thousand, so it is written for clarity.
//
// The paper solves with all columns unknown. Here the free sparse columns are
// already decided, block c of the bin being block counter + c of the coins; they
// move to the right-hand side.
func (s *solver) solveGap(p *Params, coins *aes128.Cipher, counter uint64, hashes, values, dense []Block, peeled int) error {
	var matrix []equation // B' = B - C F^-1 E, and the right-hand side
	for _, g := range s.gap {
		// left are the columns that the combination of rows still selects.
		left := make([]bool, p.sparse)
		var sum equation
		add := func(r uint16) {
			for row, k := s.rows[r], 0; k < 3; k++ {
				left[uint16(row)] = !left[uint16(row)]
				row >>= 16
			}
			sum.add(equation{denseRow(hashes[r], p.dense), values[r]})
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
				p.fill(coins, free[:], counter+uint64(c))
				sum.value = sum.value.Xor(free[0])
			}
		}
		matrix = append(matrix, sum)
	}
	if !eliminate(matrix, dense) {
		return failure(hashes)
	}
	return nil
}

// eliminate sets x to the solution of the equations, keeping of x what they
// leave free. It reports whether they are independent. It overwrites matrix.
func eliminate(matrix []equation, x []Block) bool {
	pivots := make([]int, len(matrix))
	for i := range matrix {
		// Gauss and Jordan: row i gets a one in some column, and every other row
		// a zero there.
		row := matrix[i]
		if row.columns == 0 {
			return false
		}
		pivots[i] = bits.TrailingZeros64(row.columns)
		for j := range matrix {
			if j != i && matrix[j].columns>>pivots[i]&1 == 1 {
				matrix[j].add(row)
			}
		}
	}
	for i, row := range matrix {
		solution := row.value
		for rest := row.columns &^ (1 << pivots[i]); rest != 0; rest &= rest - 1 {
			// Only free columns are left in rest.
			solution = solution.Xor(x[bits.TrailingZeros64(rest)])
		}
		x[pivots[i]] = solution
	}
	return true
}
