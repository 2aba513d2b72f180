package oblivious

// addAtGeneric is the reference for the kernels. It is compiled everywhere, and
// runs where no kernel can.
func addAtGeneric(b []Block, place uint32, v Block) {
	for i := range b {
		// All ones if i is the place: only then does one below zero have its
		// highest bit set, since both are less than 2^63.
		m := -((uint64(i) ^ uint64(place) - 1) >> 63)
		b[i].Lo ^= v.Lo & m
		b[i].Hi ^= v.Hi & m
	}
}
