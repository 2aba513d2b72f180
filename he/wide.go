package he

import (
	"math/big"
	"math/bits"
)

// A wide is a signed 128-bit integer in two's complement: it holds a sum of
// 2^30 products of two values, whose size maxUnits bounds.
type wide struct{ hi, lo uint64 }

// add adds x.
func (a *wide) add(x int64) { a.addWide(wide{uint64(x >> 63), uint64(x)}) }

// addProduct adds x·y.
func (a *wide) addProduct(x, y int64) {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	// From the product of the words as unsigned ones to that of signed ones.
	hi -= uint64(x>>63)&uint64(y) + uint64(y>>63)&uint64(x)
	a.addWide(wide{hi, lo})
}

func (a *wide) addWide(b wide) {
	var carry uint64
	a.lo, carry = bits.Add64(a.lo, b.lo, 0)
	a.hi, _ = bits.Add64(a.hi, b.hi, carry)
}

// sub subtracts b.
func (a *wide) sub(b wide) {
	var borrow uint64
	a.lo, borrow = bits.Sub64(a.lo, b.lo, 0)
	a.hi, _ = bits.Sub64(a.hi, b.hi, borrow)
}

// negative says whether a < 0.
func (a wide) negative() bool { return a.hi>>63 == 1 }

// digit returns n bits of a from one on, n < 64. It is for numbers that are not
// negative.
func (a wide) digit(from, n uint) uint64 {
	if from >= 64 {
		a.lo, a.hi, from = a.hi, 0, from-64
	}
	return (a.lo>>from | a.hi<<(64-from)) & (1<<n - 1)
}

// toWide returns x, which must be below 2^127 in size.
func toWide(x *big.Int) wide {
	m := new(big.Int).And(x, mask128) // two's complement, also of negative x
	lo := new(big.Int).And(m, mask64).Uint64()
	return wide{m.Rsh(m, 64).Uint64(), lo}
}

var (
	mask64  = new(big.Int).SetUint64(1<<64 - 1)
	mask128 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
)

// grow shifts a up by n bits.
func (a *wide) grow(n uint) {
	if n >= 64 {
		a.hi, a.lo, n = a.lo, 0, n-64
	}
	a.hi = a.hi<<n | a.lo>>(64-n)
	a.lo <<= n
}

// big returns a as an integer.
func (a wide) big() *big.Int {
	x := new(big.Int).SetUint64(a.hi)
	x.Lsh(x, 64).Or(x, new(big.Int).SetUint64(a.lo))
	if a.negative() {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return x
}
