package rows

import "math/bits"

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

func placeGeneric(dst []uint64, hashes []Block, bins, sparse uint64) {
	dst = dst[:len(hashes)]
	for i, h := range hashes {
		rest := h.Lo * bins
		a, _ := bits.Mul64(rest, sparse)
		b, rest := bits.Mul64(h.Hi, sparse-1)
		c, _ := bits.Mul64(rest, sparse-2)
		if b >= a {
			b++
		}
		lo, hi := min(a, b), max(a, b)
		if c >= lo {
			c++
		}
		if c >= hi {
			c++
		}
		dst[i] = a | b<<16 | c<<32
	}
}

func gatherGeneric(dst, store []Block, rows []uint64) {
	dst = dst[:len(rows)]
	for i, row := range rows {
		x, y, z := store[uint16(row)], store[uint16(row>>16)], store[uint16(row>>32)]
		dst[i] = Block{Lo: x.Lo ^ y.Lo ^ z.Lo, Hi: x.Hi ^ y.Hi ^ z.Hi}
	}
}

func tabulateGeneric(table, columns []Block) {
	for len(columns) > 0 {
		t := (*[256]Block)(table)
		t[0] = Block{}
		for i, c := range columns[:8] {
			for j, x := range t[:1<<i] {
				t[1<<i|j] = Block{Lo: x.Lo ^ c.Lo, Hi: x.Hi ^ c.Hi}
			}
		}
		table, columns = table[256:], columns[8:]
	}
}

func addDenseGeneric(dst, hashes, table []Block) {
	dst = dst[:len(hashes)]
	for i, h := range hashes {
		bits := uint64(uint32(h.Lo)) | h.Hi<<32
		lo, hi := dst[i].Lo, dst[i].Hi
		for t := table; len(t) >= 256; t = t[256:] {
			x := &t[uint8(bits)]
			lo, hi = lo^x.Lo, hi^x.Hi
			bits >>= 8
		}
		dst[i] = Block{Lo: lo, Hi: hi}
	}
}

func backSubstituteGeneric(store, values []Block, rows []uint64, order []uint32) {
	for i := len(order) - 1; i >= 0; i-- {
		r, c := uint16(order[i]), order[i]>>16
		row := rows[r]
		x, y, z := store[uint16(row)], store[uint16(row>>16)], store[uint16(row>>32)]
		v, own := values[r], store[c]
		// What the row's own column held is among x, y and z, and cancels.
		store[c] = Block{Lo: own.Lo ^ v.Lo ^ x.Lo ^ y.Lo ^ z.Lo, Hi: own.Hi ^ v.Hi ^ x.Hi ^ y.Hi ^ z.Hi}
	}
}
