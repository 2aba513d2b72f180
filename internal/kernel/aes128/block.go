package aes128

import "encoding/binary"

// A Block is 128 bits: byte string, AES block or element of GF(2^128). Byte i
// is bits 8i to 8i+7 of the little-endian number Hi*2^64 + Lo, on every
// architecture.
//
// It is a struct of two words and not an array, because the compiler keeps
// small structs in registers but spills arrays of more than one element; XOR of
// [16]byte or [2]uint64 values goes through memory.
type Block struct{ Lo, Hi uint64 }

// Size is the size of a block in bytes.
const Size = 16

// FromBytes returns the block with the given bytes.
func FromBytes(b [Size]byte) Block {
	return Block{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
}

// Bytes returns the bytes of b.
func (b Block) Bytes() (out [Size]byte) {
	binary.LittleEndian.PutUint64(out[:8], b.Lo)
	binary.LittleEndian.PutUint64(out[8:], b.Hi)
	return out
}

// Xor returns b ^ c.
func (b Block) Xor(c Block) Block { return Block{b.Lo ^ c.Lo, b.Hi ^ c.Hi} }

// AppendBlocks appends the bytes of src to dst.
func AppendBlocks(dst []byte, src []Block) []byte {
	for _, b := range src {
		dst = binary.LittleEndian.AppendUint64(dst, b.Lo)
		dst = binary.LittleEndian.AppendUint64(dst, b.Hi)
	}
	return dst
}

// SetBytes sets dst from src, which must have [Size] bytes for each block.
func SetBytes(dst []Block, src []byte) {
	if len(src) != Size*len(dst) {
		panic("aes128: internal error: blocks and bytes differ in length")
	}
	for i := range dst {
		b := src[Size*i:][:Size]
		dst[i] = Block{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	}
}
