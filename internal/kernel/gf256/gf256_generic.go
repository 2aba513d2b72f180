package gf256

import "encoding/binary"

// combineGeneric is the reference for the kernels. It is compiled everywhere,
// and runs where no kernel can.
func combineGeneric(dst []byte, src [][]byte, coeff []byte, lo, hi int) {
	for ; hi-lo >= 8; lo += 8 {
		var sum uint64
		for j, v := range src {
			sum ^= mulWord(binary.LittleEndian.Uint64(v[lo:]), coeff[j])
		}
		binary.LittleEndian.PutUint64(dst[lo:], sum)
	}
	for ; lo < hi; lo++ {
		var sum byte
		for j, v := range src {
			sum ^= byte(mulWord(uint64(v[lo]), coeff[j]))
		}
		dst[lo] = sum
	}
}

// mulWord multiplies each of eight bytes by c. Its time depends on c only.
func mulWord(x uint64, c byte) (r uint64) {
	const ones = 0x0101010101010101
	for ; c != 0; c >>= 1 {
		r ^= x & -uint64(c&1)
		// Each byte times x: those whose highest bit falls out are reduced by 0x1b.
		high := x >> 7 & ones
		x = x&^(ones<<7)<<1 ^ high*0x1b
	}
	return r
}
