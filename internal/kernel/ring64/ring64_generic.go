package ring64

func productGeneric(z, t, a, b, c, d []uint64) {
	t, a, b, c, d = t[:len(z)], a[:len(z)], b[:len(z)], c[:len(z)], d[:len(z)]
	for i := range z {
		z[i] += a[i]*(c[i]+d[i]) + b[i]*c[i] - t[i]
	}
}

func conjunctionGeneric(z, t, a, b, c, d []uint64) {
	t, a, b, c, d = t[:len(z)], a[:len(z)], b[:len(z)], c[:len(z)], d[:len(z)]
	for i := range z {
		z[i] ^= a[i]&(c[i]^d[i]) ^ b[i]&c[i] ^ t[i]
	}
}

func tileGeneric(z, x *[tileRows][]uint64, y []uint64) {
	for r := range z {
		z, x := (*[tileColumns]uint64)(z[r]), x[r]
		for y := y; len(x) > 0; x, y = x[2:], y[2*tileColumns:] {
			f, g := x[0], x[1]
			v, w := (*[tileColumns]uint64)(y), (*[tileColumns]uint64)(y[tileColumns:])
			for c := range z {
				z[c] += (f + w[c]) * (g + v[c])
			}
		}
	}
}
