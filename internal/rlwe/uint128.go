package rlwe

import "math/bits"

// A uint128 is an integer below 2^128.
type uint128 struct{ hi, lo uint64 }

func (x uint128) add(y uint128) uint128 {
	lo, c := bits.Add64(x.lo, y.lo, 0)
	hi, _ := bits.Add64(x.hi, y.hi, c)
	return uint128{hi, lo}
}

func (x uint128) sub(y uint128) uint128 {
	lo, b := bits.Sub64(x.lo, y.lo, 0)
	hi, _ := bits.Sub64(x.hi, y.hi, b)
	return uint128{hi, lo}
}

// less is 1 if x < y, else 0.
func (x uint128) less(y uint128) uint64 {
	_, b := bits.Sub64(x.lo, y.lo, 0)
	_, b = bits.Sub64(x.hi, y.hi, b)
	return b
}

// reduce returns x - q if that is not negative, else x, in constant time.
func (x uint128) reduce(q uint128) uint128 {
	lo, b := bits.Sub64(x.lo, q.lo, 0)
	hi, b := bits.Sub64(x.hi, q.hi, b)
	lo, c := bits.Add64(lo, q.lo&-b, 0)
	hi, _ = bits.Add64(hi, q.hi&-b, c)
	return uint128{hi, lo}
}

// shl and shr are for shifts of 0 <= n < 128, which are public.
func (x uint128) shl(n uint) uint128 {
	if n >= 64 {
		return uint128{x.lo << (n & 63), 0}
	}
	return uint128{x.hi<<(n&63) | x.lo>>1>>(^n&63), x.lo << (n & 63)}
}

func (x uint128) shr(n uint) uint128 {
	if n >= 64 {
		return uint128{0, x.hi >> (n & 63)}
	}
	return uint128{x.hi >> (n & 63), x.lo>>(n&63) | x.hi<<1<<(^n&63)}
}

func (x uint128) bitLen() int {
	if x.hi != 0 {
		return 64 + bits.Len64(x.hi)
	}
	return bits.Len64(x.lo)
}
