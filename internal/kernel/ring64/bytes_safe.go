//go:build !(amd64 || arm64 || 386 || wasm || riscv64 || loong64) || purego

package ring64

import "encoding/binary"

// Bytes returns the words of w in little-endian order, in buf.
func Bytes(w []uint64, buf []byte) []byte {
	for i, x := range w {
		binary.LittleEndian.PutUint64(buf[8*i:], x)
	}
	return buf[:8*len(w)]
}

// Fill fills w with little-endian words that read puts in the bytes that it is given,
// which are those of buf.
func Fill(w []uint64, buf []byte, read func(b []byte) error) error {
	if err := read(buf[:8*len(w)]); err != nil {
		return err
	}
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(buf[8*i:])
	}
	return nil
}

// Unset returns n words of any values, for what is written whole before it is read.
func Unset(n int) []uint64 { return make([]uint64, n) }
