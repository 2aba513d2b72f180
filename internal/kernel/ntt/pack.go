package ntt

import "encoding/binary"

// Packed is the length in bytes of a number below 2^48.
const Packed = 6

// Pack sets dst to numbers below 2^48, in little-endian order of Packed bytes each. There
// are a multiple of four of them.
func Pack(dst []byte, src []uint64) {
	if len(src)%4 != 0 || len(dst) != Packed*len(src) {
		panic(errLength)
	}
	done := packKernel(dst, src)
	packGeneric(dst[Packed*done:], src[done:])
}

// Unpack is the inverse of Pack, and reports whether all numbers are below q, which is 2^48
// at most. It takes the same time whether they are or not.
func Unpack(dst []uint64, src []byte, q uint64) bool {
	if len(dst)%4 != 0 || len(src) != Packed*len(dst) {
		panic(errLength)
	}
	done, below := unpackKernel(dst, src, q)
	rest := unpackGeneric(dst[done:], src[Packed*done:], q)
	return below && rest
}

func packGeneric(dst []byte, src []uint64) {
	for ; len(src) >= 4; src, dst = src[4:], dst[4*Packed:] {
		w, x := (*[4 * Packed]byte)(dst), (*[4]uint64)(src)
		binary.LittleEndian.PutUint64(w[:], x[0]|x[1]<<48)
		binary.LittleEndian.PutUint64(w[8:], x[1]>>16|x[2]<<32)
		binary.LittleEndian.PutUint64(w[16:], x[2]>>32|x[3]<<16)
	}
}

func unpackGeneric(dst []uint64, src []byte, q uint64) bool {
	const mask = 1<<48 - 1
	var beyond uint64
	for ; len(dst) >= 4; dst, src = dst[4:], src[4*Packed:] {
		w, x := (*[4 * Packed]byte)(src), (*[4]uint64)(dst)
		first, second, third := binary.LittleEndian.Uint64(w[:]), binary.LittleEndian.Uint64(w[8:]), binary.LittleEndian.Uint64(w[16:])
		x[0] = first & mask
		x[1] = first>>48 | second<<16&mask
		x[2] = second>>32 | third<<32&mask
		x[3] = third >> 16
		beyond |= (q - 1 - x[0]) | (q - 1 - x[1]) | (q - 1 - x[2]) | (q - 1 - x[3])
	}
	return beyond>>63 == 0
}
