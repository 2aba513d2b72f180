//go:build (amd64 || arm64 || 386 || wasm || riscv64 || loong64) && !purego

package ring64

import "unsafe"

// Bytes returns the words of w in little-endian order: on this machine, the memory of w
// itself. buf, of eight bytes for each word, is not used; see the safe twin.
func Bytes(w []uint64, buf []byte) []byte { return view(w) }

// Fill fills w with little-endian words that read puts in the bytes that it is given. buf
// is not used.
func Fill(w []uint64, buf []byte, read func(b []byte) error) error { return read(view(w)) }

func view(w []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 8*len(w))
}
