//go:build amd64 && !purego

package bitmatrix

import "github.com/dujiang-dev/dujiang/internal/cpu"

func (f *Folding) fold(dst []Elem, bits []uint64, n, k int) {
	if cpu.AVX2.Enabled() {
		var tables [groups * subsets][words]uint64
		var planes [Side][words]uint64
		for len(dst) >= words*Side {
			foldAVX2(&dst[0], &bits[k], 8*n, &f.at, &tables, &planes)
			dst, k = dst[words*Side:], k+words
		}
	}
	f.foldGeneric(dst, bits, n, k)
}

func squares(dst []Elem, src []byte, stride int) {
	var planes [2*Side*8 + 8]uint64 // aligned inside
	if n := len(dst) / SquareSide / 4; n > 0 && cpu.AVX512.Enabled() {
		squaresAVX512(&dst[0], &src[0], stride, n, &planes)
		dst, src = dst[4*SquareSide*n:], src[64*n:]
	}
	if n := len(dst) / SquareSide / 2; n > 0 && cpu.AVX2.Enabled() {
		squaresAVX2(&dst[0], &src[0], stride, n, &planes)
		dst, src = dst[2*SquareSide*n:], src[32*n:]
	}
	squaresGeneric(dst, src, stride)
}

func sums(sum []byte, rows *[LeafBits][]byte, leaves, x []byte, masks *[LeafBits]uint64) {
	whole := 0
	if n := len(x) / 32; n > 0 && cpu.AVX2.Enabled() {
		sumsAVX2(&sum[0], rows, &leaves[0], &x[0], masks, len(x), n)
		whole = 32 * n
	}
	sumsGeneric(sum, rows, leaves, x, masks, whole)
}
