//go:build !amd64 || purego

package bitmatrix

func (f *Folding) fold(dst []Elem, bits []uint64, n, k int) { f.foldGeneric(dst, bits, n, k) }

func squares(dst []Elem, src []byte, stride int) { squaresGeneric(dst, src, stride) }

func sums(sum []byte, rows *[LeafBits][]byte, leaves, x []byte, masks *[LeafBits]uint64) {
	sumsGeneric(sum, rows, leaves, x, masks, 0)
}
