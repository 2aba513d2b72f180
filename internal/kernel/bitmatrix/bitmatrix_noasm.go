//go:build !amd64 || purego

package bitmatrix

func (f *Folding) fold(dst []Elem, bits []uint64, n, k int) { f.foldGeneric(dst, bits, n, k) }
