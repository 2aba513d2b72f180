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
