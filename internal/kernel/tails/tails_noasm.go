//go:build !amd64 || purego

package tails

func sample([]uint64, []uint64) (done int) { return 0 }
