//go:build !amd64 || purego

package bitpack

func unpackFast([]uint64, []byte, int, uint64) (done int, good bool)    { return 0, true }
func unpackAddFast([]uint64, []byte, int, uint64) (done int, good bool) { return 0, true }
func unpackSumFast([]uint64, []byte, int, uint64) (done int, good bool) { return 0, true }
func packFast([]byte, []uint64, int) (done int)                         { return 0 }
