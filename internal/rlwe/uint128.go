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
	return uint128{hi + q.hi&-b + carry(lo, q.lo&-b), lo + q.lo&-b}
}

func carry(x, y uint64) uint64 {
	_, c := bits.Add64(x, y, 0)
	return c
}

// shl and shr are for shifts of 0 <= n < 128, which are public.
func (x uint128) shl(n uint) uint128 {
	return uint128{x.hi<<n | x.lo>>(64-n) | x.lo<<(n-64), x.lo << n}
}

func (x uint128) shr(n uint) uint128 {
	return uint128{x.hi >> n, x.lo>>n | x.hi<<(64-n) | x.hi>>(n-64)}
}

func (x uint128) bitLen() int {
	if x.hi != 0 {
		return 64 + bits.Len64(x.hi)
	}
	return bits.Len64(x.lo)
}
