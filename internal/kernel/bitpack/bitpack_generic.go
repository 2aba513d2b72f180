package bitpack

import "encoding/binary"

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can. They begin at number i.

func unpackGeneric(numbers []uint64, b []byte, width int, limit uint64, i int) bool {
	mask := ^uint64(0) >> (64 - width)
	var bad uint64
	n := len(numbers)
	if width <= 57 {
		// One load of eight bytes has the whole number. What is over the limit
		// leaves the highest bit set, which neither has.
		limit := min(limit, mask)
		for o := uint(i * width); i < n && o>>3+8 <= uint(len(b)); i, o = i+1, o+uint(width) {
			v := binary.LittleEndian.Uint64(b[o>>3:]) >> (o & 7) & mask
			numbers[i] = v
			bad |= limit - v
		}
	} else if width < 64 {
		// Eight bytes and the one behind them have it.
		limit := min(limit, mask)
		for o := uint(i * width); i < n && o>>3+9 <= uint(len(b)); i, o = i+1, o+uint(width) {
			c := b[o>>3:][:9:9]
			v := binary.LittleEndian.Uint64(c)>>(o&7) | uint64(c[8])<<1<<(63-o&7)
			v &= mask
			numbers[i] = v
			bad |= limit - v
		}
	}
	bad >>= 63
	for ; i < n; i++ {
		numbers[i] = at(b, i, width)
		bad |= borrow(limit, numbers[i])
	}
	return bad|over(b, n, width) == 0
}

func unpackAddGeneric(numbers []uint64, b []byte, width int, q uint64, i int) bool {
	mask := ^uint64(0) >> (64 - width)
	var bad uint64
	n := len(numbers)
	for o := uint(i * width); width <= 57 && i < n && o>>3+8 <= uint(len(b)); i, o = i+1, o+uint(width) {
		v := binary.LittleEndian.Uint64(b[o>>3:]) >> (o & 7) & mask
		bad |= q - 1 - v
		numbers[i] = reduce(numbers[i]+v, q)
	}
	bad >>= 63
	for ; i < n; i++ {
		v := at(b, i, width)
		bad |= borrow(q-1, v)
		numbers[i] = reduce(numbers[i]+v, q)
	}
	return bad|over(b, n, width) == 0
}

func unpackSumGeneric(numbers []uint64, b []byte, width int, limit uint64, i int) bool {
	mask := ^uint64(0) >> (64 - width)
	var bad uint64
	n := len(numbers)
	for o := uint(i * width); width <= 57 && i < n && o>>3+8 <= uint(len(b)); i, o = i+1, o+uint(width) {
		v := binary.LittleEndian.Uint64(b[o>>3:]) >> (o & 7) & mask
		bad |= borrow(limit, v)
		numbers[i] += v
	}
	for ; i < n; i++ {
		v := at(b, i, width)
		bad |= borrow(limit, v)
		numbers[i] += v
	}
	return bad|over(b, n, width) == 0
}

// reduce returns x mod q of x < 2q < 2^63.
func reduce(x, q uint64) uint64 {
	x -= q
	return x + q&-(x>>63)
}
