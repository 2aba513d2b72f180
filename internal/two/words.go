package two

import "encoding/binary"

// These loops are most of what is local in a multiplication. Each slice is cut to its
// length before, so that bounds are checked once.

// encode sets b to the words w, which take 8 bytes each.
func encode(b []byte, w []uint64) {
	for i, x := range w {
		binary.LittleEndian.PutUint64(b[8*i:8*i+8], x)
	}
}

// decode is the inverse of encode.
func decode(w []uint64, b []byte) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i : 8*i+8])
	}
}

// mask sets dst to what is sent of a factor: its share less that of its mask.
func (k kind) mask(dst, x, a []uint64) {
	dst, a = dst[:len(x)], a[:len(x)]
	if k == words {
		for i, w := range x {
			dst[i] = w ^ a[i]
		}
		return
	}
	for i, w := range x {
		dst[i] = w - a[i]
	}
}

// finish sets z to this party's share of the products of x and y, given what the other
// party sent: with e = x - a and f = y - b, xy = ab + eb + fa + ef [Bea91]. The first party
// adds the last one.
func (k kind) finish(z, opened, x, y []uint64, t triples, first bool) {
	n := len(z)
	es, fs := opened[:n], opened[n:][:n]
	x, y, a, b, c := x[:n], y[:n], t.a[:n], t.b[:n], t.c[:n]
	var public uint64
	if first {
		public--
	}
	if k == words {
		for i := range z {
			e, f := es[i]^x[i]^a[i], fs[i]^y[i]^b[i]
			z[i] = c[i] ^ e&(b[i]^f&public) ^ f&a[i]
		}
		return
	}
	for i := range z {
		e, f := es[i]+x[i]-a[i], fs[i]+y[i]-b[i]
		z[i] = c[i] + e*(b[i]+f&public) + f*a[i]
	}
}
