//go:build amd64 && !purego

package rows

import "github.com/dujiang-dev/dujiang/internal/cpu"

func place(dst []uint64, h []Block, bins, sparse uint64) {
	if cpu.AVX512.Enabled() {
		placeAVX512(&dst[0], &h[0], len(h), bins, sparse)
	} else {
		placeGeneric(dst, h, bins, sparse)
	}
}

func gather(dst, store []Block, rows []uint64) {
	if cpu.AVX2.Enabled() {
		gatherAVX2(&dst[0], &store[0], &rows[0], len(rows))
	} else {
		gatherGeneric(dst, store, rows)
	}
}

func tabulate(table, columns []Block) {
	if cpu.AVX2.Enabled() {
		tabulateAVX2(&table[0], &columns[0], len(columns)/8)
	} else {
		tabulateGeneric(table, columns)
	}
}

func addDense(dst, h, table []Block) {
	if cpu.AVX2.Enabled() {
		addDenseAVX2(&dst[0], &h[0], &table[0], len(h), len(table)/256)
	} else {
		addDenseGeneric(dst, h, table)
	}
}

func backSubstitute(store, values []Block, rows []uint64, order []uint32) {
	if cpu.AVX2.Enabled() {
		backSubstituteAVX2(&store[0], &values[0], &rows[0], &order[0], len(order))
	} else {
		backSubstituteGeneric(store, values, rows, order)
	}
}
