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
		z := (*[tileColumns]uint64)(z[r])
		y := y
		for _, f := range x[r] {
			v := (*[tileColumns]uint64)(y)
			for c := range z {
				z[c] += f * v[c]
			}
			y = y[tileColumns:]
		}
	}
}
