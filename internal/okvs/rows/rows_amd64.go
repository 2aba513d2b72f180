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

func backSubstitute(store, values []Block, rows []uint64, order []uint32) {
	if cpu.AVX2.Enabled() {
		backSubstituteAVX2(&store[0], &values[0], &rows[0], &order[0], len(order))
	} else {
		backSubstituteGeneric(store, values, rows, order)
	}
}
