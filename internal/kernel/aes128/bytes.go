//go:build (amd64 || arm64 || 386 || wasm || riscv64 || loong64) && !purego

package aes128

import "unsafe"

// View returns the bytes of blocks: on this machine, the memory of b itself. buf, of [Size]
// bytes for each block, is not used; see the safe twin.
func View(b []Block, buf []byte) []byte { return view(b) }

// Fill sets b from bytes that read puts where it is told. buf is not used.
func Fill(b []Block, buf []byte, read func(b []byte) error) error { return read(view(b)) }

func view(b []Block) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b))), Size*len(b))
}
