//go:build !amd64 || purego

package rows

func place(dst []uint64, h []Block, bins, sparse uint64) { placeGeneric(dst, h, bins, sparse) }

func gather(dst, store []Block, rows []uint64) { gatherGeneric(dst, store, rows) }

func tabulate(table, columns []Block) { tabulateGeneric(table, columns) }

func addDense(dst, h, table []Block) { addDenseGeneric(dst, h, table) }

func backSubstitute(store, values []Block, rows []uint64, order []uint32) {
	backSubstituteGeneric(store, values, rows, order)
}
