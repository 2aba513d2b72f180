//go:build !(amd64 || arm64 || 386 || wasm || riscv64 || loong64) || purego

package aes128

// View returns the bytes of blocks, in buf, which has [Size] bytes for each.
func View(b []Block, buf []byte) []byte { return AppendBlocks(buf[:0], b) }

// Fill sets b from bytes that read puts where it is told, which is in buf.
func Fill(b []Block, buf []byte, read func(b []byte) error) error {
	buf = buf[:Size*len(b)]
	if err := read(buf); err != nil {
		return err
	}
	SetBytes(b, buf)
	return nil
}
