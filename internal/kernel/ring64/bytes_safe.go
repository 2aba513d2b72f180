//go:build !(amd64 || arm64 || 386 || wasm || riscv64 || loong64) || purego

package ring64

import "encoding/binary"

// Bytes returns the words of w in little-endian order, in buf, which has as many bytes.
func Bytes[W Word](w []W, buf []byte) []byte {
	buf = buf[:Size[W]()*len(w)]
	for i, x := range w {
		if Size[W]() == 4 {
			binary.LittleEndian.PutUint32(buf[4*i:], uint32(x))
		} else {
			binary.LittleEndian.PutUint64(buf[8*i:], uint64(x))
		}
	}
	return buf
}

// Fill fills w with little-endian words that read puts in the bytes that it is given,
// which are those of buf.
func Fill[W Word](w []W, buf []byte, read func(b []byte) error) error {
	buf = buf[:Size[W]()*len(w)]
	if err := read(buf); err != nil {
		return err
	}
	for i := range w {
		if Size[W]() == 4 {
			w[i] = W(binary.LittleEndian.Uint32(buf[4*i:]))
		} else {
			w[i] = W(binary.LittleEndian.Uint64(buf[8*i:]))
		}
	}
	return nil
}

// Unset returns n words of any values, for what is written whole before it is read.
func Unset[W Word](n int) []W { return make([]W, n) }
