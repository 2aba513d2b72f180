//go:build !amd64 || purego

package rows

func place(dst []uint64, h []Block, bins, sparse uint64) { placeGeneric(dst, h, bins, sparse) }

func gather(dst, store []Block, rows []uint64) { gatherGeneric(dst, store, rows) }

func backSubstitute(store, values []Block, rows []uint64, order []uint32) {
	backSubstituteGeneric(store, values, rows, order)
}
