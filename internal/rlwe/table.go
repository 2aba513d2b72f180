package rlwe

import (
	"math/bits"
	"sync"
)

// A row is a ring: the integers modulo the product of the primes, adjoined a
// root of X^(2^logN) + 1. The primes are the largest below powers of two that
// are 1 modulo 2N, in increasing order, so that packed residues waste no bits.
type row struct {
	logN   int
	primes []uint64
}

// logQ is the length of the modulus in bits.
func (r row) logQ() int {
	q := uint128{0, 1}
	for _, x := range r.primes {
		hi, lo := bits.Mul64(q.lo, x)
		q = uint128{q.hi*x + hi, lo}
	}
	return q.bitLen()
}

// rows are all the rings that exist here, from the shortest modulus to the
// longest, so close to each other that no question gets a longer one than it
// needs. A modulus has as many primes as it takes for each to be below 2^48, which
// makes transforms fast, and 120 bits at most, which the 128-bit arithmetic of
// bodies has room for.
var rows = [...]row{
	{11, []uint64{0x1ffffe0001}},
	{11, []uint64{0x7ffffff001}},
	{11, []uint64{0x1fffffff001}},
	{11, []uint64{0x7fffffdd001}},
	{11, []uint64{0x1fffffff9001}},
	{11, []uint64{0x7ffffffec001}},
	{11, []uint64{0xffc001, 0x1fff001}},
	{11, []uint64{0x1fff001, 0x3fff001}},
	{11, []uint64{0x3fff001, 0x7ff6001}},
	{12, []uint64{0x7fe6001, 0x7ff6001}},
	{12, []uint64{0x7ff6001, 0xfff0001}},
	{12, []uint64{0xffee001, 0xfff0001}},
	{12, []uint64{0xfff0001, 0x1fff2001}},
	{12, []uint64{0x1ffd4001, 0x1fff2001}},
	{12, []uint64{0x1fff2001, 0x3fff4001}},
	{12, []uint64{0x3ffee001, 0x3fff4001}},
	{12, []uint64{0x3fff4001, 0x7ffe6001}},
	{12, []uint64{0x7ffe0001, 0x7ffe6001}},
	{12, []uint64{0x7ffe6001, 0xfffde001}},
	{12, []uint64{0xfffc6001, 0xfffde001}},
	{12, []uint64{0xfffde001, 0x1fffec001}},
	{12, []uint64{0x1fffea001, 0x1fffec001}},
	{12, []uint64{0x1fffec001, 0x3fffe4001}},
	{12, []uint64{0x3fffd0001, 0x3fffe4001}},
	{12, []uint64{0x3fffe4001, 0x7ffff6001}},
	{12, []uint64{0x7fffba001, 0x7ffff6001}},
	{12, []uint64{0x7ffff6001, 0xffffee001}},
	{12, []uint64{0xffffc4001, 0xffffee001}},
	{12, []uint64{0xffffee001, 0x1ffffe0001}},
	{12, []uint64{0x1ffffde001, 0x1ffffe0001}},
	{12, []uint64{0x1ffffe0001, 0x3ffffea001}},
	{12, []uint64{0x3ffffd6001, 0x3ffffea001}},
	{12, []uint64{0x3ffffea001, 0x7ffffec001}},
	{12, []uint64{0x7ffffb0001, 0x7ffffec001}},
	{12, []uint64{0x7ffffec001, 0xfffffdc001}},
	{12, []uint64{0xfffffc6001, 0xfffffdc001}},
	{12, []uint64{0xfffffdc001, 0x1ffffff0001}},
	{12, []uint64{0x1fffffb0001, 0x1ffffff0001}},
	{12, []uint64{0x1ffffff0001, 0x3ffffffa001}},
	{12, []uint64{0x3fffffbe001, 0x3ffffffa001}},
	{12, []uint64{0x3ffffffa001, 0x7fffffd8001}},
	{12, []uint64{0x7fffffd2001, 0x7fffffd8001}},
	{12, []uint64{0x7fffffd8001, 0xfffffffc001}},
	{12, []uint64{0xffffffa2001, 0xfffffffc001}},
	{12, []uint64{0xfffffffc001, 0x1ffffffce001}},
	{12, []uint64{0x1ffffffa2001, 0x1ffffffce001}},
	{12, []uint64{0x1ffffffce001, 0x3ffffff84001}},
	{12, []uint64{0x3ffffff70001, 0x3ffffff84001}},
	{12, []uint64{0x3ffffff84001, 0x7ffffffec001}},
	{12, []uint64{0x7ffffffc8001, 0x7ffffffec001}},
	{12, []uint64{0x7ffffffec001, 0xffffffffc001}},
	{12, []uint64{0xfffffffee001, 0xffffffffc001}},
	{12, []uint64{0xfffc6001, 0xfffde001, 0x1fffec001}},
	{12, []uint64{0xfffde001, 0x1fffea001, 0x1fffec001}},
	{12, []uint64{0x1fffc2001, 0x1fffea001, 0x1fffec001}},
	{12, []uint64{0x1fffea001, 0x1fffec001, 0x3fffe4001}},
	{12, []uint64{0x1fffec001, 0x3fffd0001, 0x3fffe4001}},
	{12, []uint64{0x3fffca001, 0x3fffd0001, 0x3fffe4001}},
	{12, []uint64{0x3fffd0001, 0x3fffe4001, 0x7ffff6001}},
	{12, []uint64{0x3fffe4001, 0x7fffba001, 0x7ffff6001}},
	{12, []uint64{0x7fffb0001, 0x7fffba001, 0x7ffff6001}},
	{12, []uint64{0x7fffba001, 0x7ffff6001, 0xffffee001}},
	{13, []uint64{0x7fffb0001, 0xffff00001, 0xffffc4001}},
	{13, []uint64{0xfffeec001, 0xffff00001, 0xffffc4001}},
	{13, []uint64{0xffff00001, 0xffffc4001, 0x1ffffe0001}},
	{13, []uint64{0xffffc4001, 0x1ffffd4001, 0x1ffffe0001}},
	{13, []uint64{0x1ffffc0001, 0x1ffffd4001, 0x1ffffe0001}},
	{13, []uint64{0x1ffffd4001, 0x1ffffe0001, 0x3ffffac001}},
	{13, []uint64{0x1ffffe0001, 0x3ffff54001, 0x3ffffac001}},
	{13, []uint64{0x3ffff48001, 0x3ffff54001, 0x3ffffac001}},
	{13, []uint64{0x3ffff54001, 0x3ffffac001, 0x7ffffec001}},
	{13, []uint64{0x3ffffac001, 0x7ffffb0001, 0x7ffffec001}},
	{13, []uint64{0x7fffedc001, 0x7ffffb0001, 0x7ffffec001}},
	{13, []uint64{0x7ffffb0001, 0x7ffffec001, 0xfffffdc001}},
	{13, []uint64{0x7ffffec001, 0xfffff4c001, 0xfffffdc001}},
	{13, []uint64{0xfffff3c001, 0xfffff4c001, 0xfffffdc001}},
}

// ceilings are the longest moduli in bits, by logN, that leave 128-bit security
// against classical computers to uniform ternary secrets and errors of standard
// deviation 3.19 [BCC+24, table 5.2, rows 2048, 4096 and 8192, column ternary]. For
// secrets with the distribution of errors the same table allows 55, 108 and 216:
// those of mode Masked are wider than that, and stay below the ternary column
// all the same. The older standard allows 54, 109 and 218 for ternary secrets
// [HES18, table 1]. What quantum computers can do is in other tables, which end at
// moduli some bits shorter.
var ceilings = map[int]int{11: 53, 12: 106, 13: 214}

// rings has the limbs of each row, which take milliseconds to find, from when
// they are first needed on. They are immutable.
var rings [len(rows)]struct {
	once  sync.Once
	limbs []limb
}

// ringOf returns the limbs of row i.
func ringOf(i int) []limb {
	r := &rings[i]
	r.once.Do(func() { r.limbs = newLimbs(rows[i]) })
	return r.limbs
}
