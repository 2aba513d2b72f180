//go:build !amd64 || purego

package cpu

func detect() (avx2, vaes256, avx512, ifma bool) { return false, false, false, false }
