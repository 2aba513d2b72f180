//go:build amd64 && !purego

package gf256

import "github.com/dujiang-dev/dujiang/internal/cpu"

// step is the number of bytes in a register.
const step = 32

func combine(dst []byte, src [][]byte, coeff []byte, lo, hi int) {
	if whole := (hi - lo) &^ (step - 1); whole > 0 && len(src) > 0 && cpu.AVX2.Enabled() {
		var buf [few]table
		tables := appendTables(buf[:0], coeff)
		combineAVX2(&dst[lo], &src[0], lo, &tables[0], len(src), whole)
		lo += whole
	}
	combineGeneric(dst, src, coeff, lo, hi)
}

// A table holds the products of a coefficient: by the numbers 0 to 15, and by
// those numbers times 16. A register of such a half is an index in one
// instruction, in constant time; memory is read at the same places always.
type table = [2][16]byte

// few is the number of coefficients for which tables need no allocation.
const few = 16

// appendTables appends the tables of all coefficients.
func appendTables(tables []table, coeff []byte) []table {
	for _, c := range coeff {
		var t table
		for i := range 16 {
			t[0][i] = byte(mulWord(uint64(i), c))
			t[1][i] = byte(mulWord(uint64(i)<<4, c))
		}
		tables = append(tables, t)
	}
	return tables
}
