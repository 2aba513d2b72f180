//go:build !amd64 || purego

package gf256

func combine(dst []byte, src [][]byte, coeff []byte, lo, hi int) {
	combineGeneric(dst, src, coeff, lo, hi)
}
