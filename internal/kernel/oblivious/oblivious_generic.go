package oblivious

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

// equal returns all ones if i is the place, and zero otherwise: only one below
// zero has its highest bit set, since both are less than 2^63.
func equal(i int, place uint32) uint64 { return -((uint64(i) ^ uint64(place) - 1) >> 63) }

func addAtGeneric(b []Block, place uint32, v Block) {
	for i := range b {
		m := equal(i, place)
		b[i].Lo ^= v.Lo & m
		b[i].Hi ^= v.Hi & m
	}
}

func pairsGeneric(dst, src []Block, place uint32, v Block) {
	for i, x := range src {
		m := equal(i, place)
		dst[2*i] = Block{Lo: v.Lo & m, Hi: v.Hi & m}
		dst[2*i+1] = x
	}
}
