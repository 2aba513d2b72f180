//go:build amd64 && !purego

package ring64

import "github.com/dujiang-dev/dujiang/internal/cpu"

// lanes is how many words the kernels take at once.
const lanes = 4

func product(z, t, a, b, c, d []uint64) {
	n := 0
	if cpu.AVX2.Enabled() && len(z) >= lanes {
		n = len(z) &^ (lanes - 1)
		productAVX2(&z[0], &t[0], &a[0], &b[0], &c[0], &d[0], n)
	}
	productGeneric(z[n:], t[n:], a[n:], b[n:], c[n:], d[n:])
}

func conjunction(z, t, a, b, c, d []uint64) {
	n := 0
	if cpu.AVX2.Enabled() && len(z) >= lanes {
		n = len(z) &^ (lanes - 1)
		conjunctionAVX2(&z[0], &t[0], &a[0], &b[0], &c[0], &d[0], n)
	}
	conjunctionGeneric(z[n:], t[n:], a[n:], b[n:], c[n:], d[n:])
}

func tile(z, x *[tileRows][]uint64, y []uint64) {
	if cpu.AVX2.Enabled() {
		tileAVX2(&z[0][0], &z[1][0], &z[2][0], &x[0][0], &x[1][0], &x[2][0], &y[0], len(x[0]))
	} else {
		tileGeneric(z, x, y)
	}
}
