package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A field element modulo p = 2²⁵⁵-19 is five limbs of radix 2⁵¹, and a vector
// register holds one limb of eight elements.
//
// Two ranges occur. *Tight* limbs are below 2⁵¹ + 2¹⁵: what lies in memory, and
// what carry leaves. *Raw* limbs are sums that carry has still to see, below
// 2⁶³. Multiplication needs limbs below 2⁵², because the instructions take the
// low 52 bits of their factors and drop the others.
type element [5]reg.VecPhysical

// The registers Z0 to Z29 are handed out by this package's allocator, last
// released first: point operations hold up to 30 at a time, and the order in
// which they become free is known here.
var free []reg.VecPhysical

var (
	mask51   = reg.Z30
	nineteen = reg.Z31
)

const sizeofElement = 5 * 64

func alloc() reg.VecPhysical {
	if len(free) == 0 {
		panic("out of vector registers")
	}
	r := free[len(free)-1]
	free = free[:len(free)-1]
	return r
}

func release(rs ...reg.VecPhysical) { free = append(free, rs...) }

func allocElement() (e element) {
	for i := range e {
		e[i] = alloc()
	}
	return e
}

func (e element) release() { release(e[:]...) }

// begin starts a function: all registers are free, the constants are loaded.
func begin() {
	free = nil
	for i := 29; i >= 0; i-- {
		free = append(free, zmm[i])
	}
	r := GP64()
	MOVQ(U64(1<<51-1), r)
	VPBROADCASTQ(r, mask51)
	MOVQ(U64(19), r)
	VPBROADCASTQ(r, nineteen)
}

// end ends a function and checks that it released what it took.
func end() {
	if len(free) != 30 {
		panic("vector registers leaked")
	}
	VZEROUPPER()
	RET()
}

var zmm = [...]reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9,
	reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19,
	reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29,
}

func load(m Mem) element {
	e := allocElement()
	for i := range e {
		VMOVDQU64(m.Offset(64*i), e[i])
	}
	return e
}

func (e element) store(m Mem) {
	for i := range e {
		VMOVDQU64(e[i], m.Offset(64*i))
	}
}

func zero(r reg.VecPhysical) { VPXORQ(r, r, r) }

// carry makes raw limbs tight, all at once: each limb below 2⁶³ keeps 51 bits,
// and gives the rest, less than 2¹², to the next. The top limb's goes to the
// lowest as 19 times as much, because 2²⁵⁵ = 19 mod p. The sum is below
// 2⁵¹ + 2¹² everywhere but in the lowest limb, where it is below 2⁵¹ + 19·c for
// the top limb's carry c. Each caller argues that c < 2¹⁵/19, that is, that the
// top limb is below 862·2⁵².
func (e element) carry() element {
	c := allocElement()
	for i := range e {
		VPSRLQ(U8(51), e[i], c[i])
	}
	for i := range e {
		VPANDQ(mask51, e[i], e[i])
	}
	for i := range 4 {
		VPADDQ(c[i], e[i+1], e[i+1])
	}
	VPMADD52LUQ(nineteen, c[4], e[0])
	c.release()
	return e
}

// add sets e to e + x without carrying.
func (e element) add(x element) element {
	for i := range e {
		VPADDQ(x[i], e[i], e[i])
	}
	return e
}

// plus returns e + x without carrying.
func (e element) plus(x element) element {
	s := allocElement()
	for i := range e {
		VPADDQ(x[i], e[i], s[i])
	}
	return s
}

// sub sets e to e - x + bias without carrying. Bias is a multiple of p with
// limbs that are not below those of x.
func (e element) sub(x element, b *bias) element {
	for i := range e {
		VPSUBQ(x[i], e[i], e[i])
	}
	return e.addBias(b)
}

// negate sets e to bias - e, in the way of sub.
func (e element) negate(b *bias) element {
	t := alloc()
	for i := range e {
		if i < 2 {
			VPBROADCASTQ(b.mem.Offset(8*i), t)
		}
		VPSUBQ(e[i], t, e[i])
	}
	release(t)
	return e
}

func (e element) addBias(b *bias) element {
	VPADDQ_BCST(b.mem.Offset(0), e[0], e[0])
	for i := 1; i < 5; i++ {
		VPADDQ_BCST(b.mem.Offset(8), e[i], e[i])
	}
	return e
}

// A bias is a multiple 2^k·p of the modulus, limb by limb, in memory: the
// lowest limb, then the one that the others share.
type bias struct{ mem Mem }

func newBias(name string, k uint) *bias {
	m := GLOBL(name, NOPTR|RODATA)
	DATA(0, U64((1<<51-19)<<k))
	DATA(8, U64((1<<51-1)<<k))
	return &bias{m}
}

// mul returns a·b, raw, and releases neither. The limbs of a and b are below
// 2⁵².
//
// The low half of a_i·b_j has weight 2^(51(i+j)), and the high half
// 2^(51(i+j)+52), which is twice the next limb's weight. So the high halves are
// summed first and doubled, and the low halves added to that. Column k of the
// ten is then below (n_k + 2n_(k-1))·2⁵², where n_k = 1, 2, 3, 4, 5, 4, 3, 2, 1
// is the number of pairs with i+j = k. The upper five fold into the lower, 19
// times each, as 2²⁵⁵ = 19 mod p:
//
//	column       0    1    2    3    4    5    6    7    8    9
//	over 2⁵²     1    4    7   10   13   14   11    8    5    2
//	folded     267  213  159  105   51
//
// which is below 2⁶¹, with the top limb below 51·2⁵².
func mul(a, b element) element {
	var ops [5]Op
	for j := range b {
		ops[j] = b[j]
	}
	return mulOps(a, ops)
}

// mulMem is mul with b in memory, which spares five registers.
func mulMem(a element, b Mem) element {
	var ops [5]Op
	for j := range ops {
		ops[j] = b.Offset(64 * j)
	}
	return mulOps(a, ops)
}

func mulOps(a element, b [5]Op) element {
	acc := newColumns()
	for j := range b {
		for i := range a {
			acc.high(b[j], a[i], i+j)
		}
	}
	acc.double()
	for j := range b {
		for i := range a {
			acc.low(b[j], a[i], i+j)
		}
	}
	return acc.fold()
}

// sqr returns a², raw, in the bounds of mul, and does not release a. Pairs with
// i < j occur twice: their sums are doubled once more, in the order
//
//	2·(2·(high halves, i < j) + low halves, i < j, + high halves, i = j)
//	+ low halves, i = j.
func sqr(a element) element {
	acc := newColumns()
	for i := range a {
		for j := i + 1; j < 5; j++ {
			acc.high(a[i], a[j], i+j)
		}
	}
	acc.double()
	for i := range a {
		for j := i + 1; j < 5; j++ {
			acc.low(a[i], a[j], i+j)
		}
	}
	for i := range a {
		acc.high(a[i], a[i], 2*i)
	}
	acc.double()
	for i := range a {
		acc.low(a[i], a[i], 2*i)
	}
	return acc.fold()
}

// columns are the ten columns of a product. A column is nil while it is zero.
type columns [10]reg.VecPhysical

func newColumns() *columns { return new(columns) }

func (c *columns) at(k int) reg.VecPhysical {
	if c[k] == nil {
		c[k] = alloc()
		zero(c[k])
	}
	return c[k]
}

// low adds the low half of x·y, of weight 2^(51k).
func (c *columns) low(x Op, y reg.VecPhysical, k int) { VPMADD52LUQ(x, y, c.at(k)) }

// high adds half of the high half of x·y for x·y of weight 2^(51k).
func (c *columns) high(x Op, y reg.VecPhysical, k int) { VPMADD52HUQ(x, y, c.at(k+1)) }

func (c *columns) double() {
	for _, r := range c {
		if r != nil {
			VPADDQ(r, r, r)
		}
	}
}

func (c *columns) fold() (e element) {
	for k := range e {
		VPMULLQ(nineteen, c[k+5], c[k+5])
	}
	for k := range e {
		VPADDQ(c[k+5], c[k], c[k])
		release(c[k+5])
		e[k] = c[k]
	}
	return e
}

// freeze reduces tight limbs to the one representation below p with 51 bits each.
func (e element) freeze() element {
	// After one carry the value is below 2p, so that q = ⌊(e+19)/2²⁵⁵⌋ is 0 or 1,
	// and e - qp = e + 19q - q·2²⁵⁵.
	e.carry()
	q := alloc()
	VPADDQ(nineteen, e[0], q)
	VPSRLQ(U8(51), q, q)
	for i := 1; i < 5; i++ {
		VPADDQ(e[i], q, q)
		VPSRLQ(U8(51), q, q)
	}
	VPMADD52LUQ(nineteen, q, e[0])
	for i := range 4 {
		VPSRLQ(U8(51), e[i], q)
		VPANDQ(mask51, e[i], e[i])
		VPADDQ(q, e[i+1], e[i+1])
	}
	VPANDQ(mask51, e[4], e[4])
	release(q)
	return e
}
