// Command asm writes the kernels of package ntt.
package main

import (
	"math"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	// Package is loaded for its types only, and without the code that needs the
	// stubs which are being written.
	if err := os.Setenv("GOFLAGS", "-tags=purego"); err != nil {
		panic(err)
	}
	Package("github.com/dujiang-dev/dujiang/internal/kernel/ntt")
	ConstraintExpr("amd64,!purego")
	forward2()
	forward4("forward4First", true)
	forward4("forward4", false)
	forwardLast()
	inverseFirst()
	inverse4("inverse4", false)
	inverse4("inverse4Last", true)
	inverse2()
	mul()
	mulAdd()
	subMul()
	pack()
	unpack()
	Generate()
}

// words makes a read-only table of a 64-bit word, four times.
func words(name string, w uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 4 {
		DATA(8*i, U64(w))
	}
	return m
}

// magic is 3/2 times 2^52: as the bits of a float, plus an integer below 2^51 in
// size, it is the float magic plus that number.
var magic Mem

// A kernel is what all of them keep in registers.
type kernel struct{ q, qInv reg.VecVirtual }

// start begins a function, whose parameters end with the prime and its inverse.
func start(name, params, doc string) kernel {
	if magic.Base == nil {
		magic = words("magic", math.Float64bits(3<<51))
	}
	TEXT(name+"AVX2", 0, "func("+params+", q, qInv float64)")
	Doc(name + "AVX2 " + doc)
	Pragma("noescape")
	return kernel{float("q"), float("qInv")}
}

// float sets all places of a register to a parameter. It is one instruction: the
// older ones for single floats are slow while registers are in use in full.
func float(name string) reg.VecVirtual {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return broadcast(b.Addr)
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// broadcast sets all places of a register to the float at m.
func broadcast(m Mem) reg.VecVirtual {
	v := YMM()
	VBROADCASTSD(m, v)
	return v
}

// toFloat makes floats of integers below 2^51 in size.
func toFloat(x reg.VecVirtual) {
	VPADDQ(magic, x, x)
	VSUBPD(magic, x, x)
}

// toInt makes integers of floats that are integers below 2^51 in size.
func toInt(x reg.VecVirtual) {
	VADDPD(magic, x, x)
	VPSUBQ(magic, x, x)
}

// mul sets x to x w modulo q, nearly the least in size [HLQ16, section 3.3].
func (k kernel) mul(w, x reg.VecVirtual) {
	h, c := YMM(), YMM()
	VMULPD(w, x, h)
	VMULPD(k.qInv, h, c)
	VROUNDPD(U8(8), c, c)
	VFMSUB213PD(h, w, x)
	VFNMADD231PD(c, k.q, h)
	VADDPD(h, x, x)
}

// reduce sets x to x modulo q, nearly the least in size.
func (k kernel) reduce(x reg.VecVirtual) {
	c := YMM()
	VMULPD(k.qInv, x, c)
	VROUNDPD(U8(8), c, c)
	VFNMADD231PD(c, k.q, x)
}

// residue sets x, below q in size, to its residue as an integer. qInt is q as an
// integer.
func residue(qInt, x reg.VecVirtual) {
	c := YMM()
	toInt(x)
	VPADDQ(qInt, x, c)
	VBLENDVPD(x, c, x, x)
}

// loadFloat returns floats of the integers below 2^51 in size at m. base is magic in a
// register.
func loadFloat(m Mem, base reg.VecVirtual) reg.VecVirtual {
	x := YMM()
	VPADDQ(m, base, x)
	VSUBPD(base, x, x)
	return x
}

func magicRegister() reg.VecVirtual {
	v := YMM()
	VMOVDQU(magic, v)
	return v
}

// mulAdd sets x to x w + z modulo q, where z is below q in size, nearly the least in size:
// as mul, with the quotient of the sum.
func (k kernel) mulAdd(w, x, z reg.VecVirtual) {
	h, c := YMM(), YMM()
	VMULPD(w, x, h)
	VMULPD(k.qInv, z, c)
	VFMADD231PD(k.qInv, h, c)
	VROUNDPD(U8(8), c, c)
	VFMSUB213PD(h, w, x)
	VFNMADD231PD(c, k.q, h)
	VADDPD(z, x, x)
	VADDPD(h, x, x)
}

func (k kernel) qInt() reg.VecVirtual {
	v := YMM()
	VADDPD(magic, k.q, v)
	VPSUBQ(magic, v, v)
	return v
}

// sumDifference returns x + y and x - y.
func sumDifference(x, y reg.VecVirtual) (sum, difference reg.VecVirtual) {
	sum = YMM()
	VADDPD(y, x, sum)
	VSUBPD(y, x, x)
	return sum, x
}

// forward does two stages on a[0] to a[3].
func (k kernel) forward(a []reg.VecVirtual, w, w0, w1 reg.VecVirtual) {
	k.mul(w, a[2])
	k.mul(w, a[3])
	a[0], a[2] = sumDifference(a[0], a[2])
	a[1], a[3] = sumDifference(a[1], a[3])
	k.mul(w0, a[1])
	k.mul(w1, a[3])
	a[0], a[1] = sumDifference(a[0], a[1])
	a[2], a[3] = sumDifference(a[2], a[3])
}

// inverse undoes forward, but for a factor and what remains to be multiplied or
// reduced of the sums: a[0] and a[1].
func (k kernel) inverse(a []reg.VecVirtual, w, w0, w1 reg.VecVirtual) {
	a[0], a[1] = sumDifference(a[0], a[1])
	a[2], a[3] = sumDifference(a[2], a[3])
	k.mul(w0, a[1])
	k.mul(w1, a[3])
	a[0], a[2] = sumDifference(a[0], a[2])
	a[1], a[3] = sumDifference(a[1], a[3])
	k.mul(w, a[2])
	k.mul(w, a[3])
}

func four() []reg.VecVirtual { return []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()} }

// loop runs body n times, once at least.
func loop(label string, n reg.GPVirtual, body func()) {
	Label(label)
	body()
	DECQ(n)
	JNZ(LabelRef(label))
}

// quarters is where four numbers that a radix-4 step works on are.
type quarters struct{ x, step, step3 reg.GPVirtual }

func newQuarters(x, quarter reg.GPVirtual) quarters {
	q := quarters{x, GP64(), GP64()}
	MOVQ(quarter, q.step)
	SHLQ(U8(3), q.step)
	LEAQ(Mem{Base: q.step, Index: q.step, Scale: 2}, q.step3)
	return q
}

func (q quarters) at(i int) Mem {
	switch i {
	case 0:
		return Mem{Base: q.x}
	case 3:
		return Mem{Base: q.x, Index: q.step3, Scale: 1}
	}
	return Mem{Base: q.x, Index: q.step, Scale: uint8(i)}
}

func forward2() {
	k := start("forward2", "dst, src *uint64, w float64, half int",
		"does the first stage from src, in integers, to dst, on halves of four numbers or more.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("half")
	w := float("w")
	step := GP64()
	MOVQ(n, step)
	SHLQ(U8(3), step)
	SHRQ(U8(2), n)
	loop("loop", n, func() {
		a, b := YMM(), YMM()
		VMOVDQU(Mem{Base: src}, a)
		VMOVDQU(Mem{Base: src, Index: step, Scale: 1}, b)
		toFloat(a)
		toFloat(b)
		k.mul(w, b)
		a, b = sumDifference(a, b)
		VMOVUPD(a, Mem{Base: dst})
		VMOVUPD(b, Mem{Base: dst, Index: step, Scale: 1})
		ADDQ(U8(32), src)
		ADDQ(U8(32), dst)
	})
	VZEROUPPER()
	RET()
}

func forward4(name string, first bool) {
	params, doc := "x *uint64, w, w01 *float64, groups, quarter int", "does two stages on groups of four quarters of four numbers or more."
	if first {
		params, doc = "dst, src *uint64, w, w01 *float64, quarter int",
			"does the first two stages from src, in integers, to dst, on quarters of four numbers or more."
	}
	k := start(name, params, doc)
	var x, src reg.GPVirtual
	if first {
		x, src = pointer("dst"), pointer("src")
	} else {
		x = pointer("x")
	}
	pw, pw01, quarter := pointer("w"), pointer("w01"), pointer("quarter")
	q := newQuarters(x, quarter)
	SHRQ(U8(2), quarter)
	group := func() {
		w, w0, w1 := broadcast(Mem{Base: pw}), broadcast(Mem{Base: pw01}), broadcast(Mem{Base: pw01, Disp: 8})
		n := GP64()
		MOVQ(quarter, n)
		loop("loop", n, func() {
			a := four()
			for i := range a {
				if first {
					s := q
					s.x = src
					VMOVDQU(s.at(i), a[i])
					toFloat(a[i])
				} else {
					VMOVUPD(q.at(i), a[i])
				}
			}
			if !first {
				k.reduce(a[0])
			}
			k.forward(a, w, w0, w1)
			// The second stage has left the numbers in order.
			for i := range a {
				VMOVUPD(a[i], q.at(i))
			}
			ADDQ(U8(32), x)
			if first {
				ADDQ(U8(32), src)
			}
		})
	}
	if first {
		group()
	} else {
		groups := pointer("groups")
		loop("group", groups, func() {
			group()
			ADDQ(q.step3, x)
			ADDQ(U8(8), pw)
			ADDQ(U8(16), pw01)
		})
	}
	VZEROUPPER()
	RET()
}

// transpose turns four registers of four numbers, as a matrix.
func transpose(a []reg.VecVirtual) []reg.VecVirtual {
	t, c := four(), four()
	VUNPCKLPD(a[1], a[0], t[0])
	VUNPCKHPD(a[1], a[0], t[1])
	VUNPCKLPD(a[3], a[2], t[2])
	VUNPCKHPD(a[3], a[2], t[3])
	VPERM2F128(U8(0x20), t[2], t[0], c[0])
	VPERM2F128(U8(0x20), t[3], t[1], c[1])
	VPERM2F128(U8(0x31), t[2], t[0], c[2])
	VPERM2F128(U8(0x31), t[3], t[1], c[3])
	return c
}

func forwardLast() {
	k := start("forwardLast", "x *uint64, w *[3][4]float64, blocks int",
		"does the last two stages on blocks of sixteen numbers, and leaves integers below q.")
	x, w, n := pointer("x"), pointer("w"), pointer("blocks")
	q := k.qInt()
	loop("loop", n, func() {
		a := four()
		for i := range a {
			VMOVUPD(Mem{Base: x, Disp: 32 * i}, a[i])
		}
		a = transpose(a)
		k.reduce(a[0])
		k.forward(a, load(w, 0), load(w, 1), load(w, 2))
		for i := range a {
			k.reduce(a[i])
			residue(q, a[i])
		}
		a = transpose(a)
		for i := range a {
			VMOVDQU(a[i], Mem{Base: x, Disp: 32 * i})
		}
		ADDQ(U8(128), x)
		ADDQ(U8(96), w)
	})
	VZEROUPPER()
	RET()
}

func load(w reg.GPVirtual, i int) reg.VecVirtual {
	v := YMM()
	VMOVUPD(Mem{Base: w, Disp: 32 * i}, v)
	return v
}

func inverseFirst() {
	k := start("inverseFirst", "dst, src *uint64, w *[3][4]float64, blocks int",
		"undoes forwardLast from src, in integers, to dst.")
	dst, src, w, n := pointer("dst"), pointer("src"), pointer("w"), pointer("blocks")
	loop("loop", n, func() {
		a := four()
		for i := range a {
			VMOVDQU(Mem{Base: src, Disp: 32 * i}, a[i])
		}
		a = transpose(a)
		for i := range a {
			toFloat(a[i])
		}
		k.inverse(a, load(w, 0), load(w, 1), load(w, 2))
		k.reduce(a[0])
		a = transpose(a)
		for i := range a {
			VMOVUPD(a[i], Mem{Base: dst, Disp: 32 * i})
		}
		ADDQ(U8(128), src)
		ADDQ(U8(128), dst)
		ADDQ(U8(96), w)
	})
	VZEROUPPER()
	RET()
}

func inverse4(name string, last bool) {
	params, doc := "x *uint64, w, w01 *float64, groups, quarter int", "undoes forward4."
	if last {
		params, doc = "x *uint64, w *[4]float64, quarter int",
			"undoes forward4First with the factors w[0] and w[1], w[2] of its stages and w[3] of all numbers, and leaves integers below q."
	}
	k := start(name, params, doc)
	x, pw, quarter := pointer("x"), pointer("w"), pointer("quarter")
	q := newQuarters(x, quarter)
	SHRQ(U8(2), quarter)
	group := func(w, w0, w1 reg.VecVirtual, finish func(a []reg.VecVirtual)) {
		n := GP64()
		MOVQ(quarter, n)
		loop("loop", n, func() {
			a := four()
			for i := range a {
				VMOVUPD(q.at(i), a[i])
			}
			k.inverse(a, w, w0, w1)
			finish(a)
			for i := range a {
				VMOVUPD(a[i], q.at(i))
			}
			ADDQ(U8(32), x)
		})
	}
	if last {
		scale, qInt := broadcast(Mem{Base: pw, Disp: 24}), k.qInt()
		group(broadcast(Mem{Base: pw}), broadcast(Mem{Base: pw, Disp: 8}), broadcast(Mem{Base: pw, Disp: 16}), func(a []reg.VecVirtual) {
			k.mul(scale, a[0])
			k.mul(scale, a[1])
			for i := range a {
				residue(qInt, a[i])
			}
		})
	} else {
		pw01, groups := pointer("w01"), pointer("groups")
		loop("group", groups, func() {
			group(broadcast(Mem{Base: pw}), broadcast(Mem{Base: pw01}), broadcast(Mem{Base: pw01, Disp: 8}), func(a []reg.VecVirtual) {
				k.reduce(a[0])
			})
			ADDQ(q.step3, x)
			ADDQ(U8(8), pw)
			ADDQ(U8(16), pw01)
		})
	}
	VZEROUPPER()
	RET()
}

func inverse2() {
	k := start("inverse2", "x *uint64, w *[4]float64, half int",
		"undoes forward2 with the factors w[0] of differences and w[3] of sums, and leaves integers below q.")
	x, pw, n := pointer("x"), pointer("w"), pointer("half")
	w, scale, q := broadcast(Mem{Base: pw}), broadcast(Mem{Base: pw, Disp: 24}), k.qInt()
	step := GP64()
	MOVQ(n, step)
	SHLQ(U8(3), step)
	SHRQ(U8(2), n)
	loop("loop", n, func() {
		a, b := YMM(), YMM()
		VMOVUPD(Mem{Base: x}, a)
		VMOVUPD(Mem{Base: x, Index: step, Scale: 1}, b)
		a, b = sumDifference(a, b)
		k.mul(scale, a)
		k.mul(w, b)
		residue(q, a)
		residue(q, b)
		VMOVDQU(a, Mem{Base: x})
		VMOVDQU(b, Mem{Base: x, Index: step, Scale: 1})
		ADDQ(U8(32), x)
	})
	VZEROUPPER()
	RET()
}

func mul() {
	k := start("mul", "dst, x, y *uint64, n int", "sets dst to x y, of n numbers each, a multiple of four.")
	dst, x, y, n := pointer("dst"), pointer("x"), pointer("y"), pointer("n")
	q, base := k.qInt(), magicRegister()
	SHRQ(U8(2), n)
	i := GP64()
	XORQ(i, i)
	loop("loop", n, func() {
		a := loadFloat(Mem{Base: x, Index: i, Scale: 8}, base)
		b := loadFloat(Mem{Base: y, Index: i, Scale: 8}, base)
		k.mul(b, a)
		residue(q, a)
		VMOVDQU(a, Mem{Base: dst, Index: i, Scale: 8})
		ADDQ(U8(4), i)
	})
	VZEROUPPER()
	RET()
}

func mulAdd() {
	k := start("mulAdd", "dst, x, y, z *uint64, n int", "sets dst to x y + z, of n numbers each, a multiple of four.")
	dst, x, y, z, n := pointer("dst"), pointer("x"), pointer("y"), pointer("z"), pointer("n")
	q, base := k.qInt(), magicRegister()
	SHRQ(U8(2), n)
	i := GP64()
	XORQ(i, i)
	loop("loop", n, func() {
		a := loadFloat(Mem{Base: x, Index: i, Scale: 8}, base)
		b := loadFloat(Mem{Base: y, Index: i, Scale: 8}, base)
		c := loadFloat(Mem{Base: z, Index: i, Scale: 8}, base)
		k.mulAdd(b, a, c)
		residue(q, a)
		VMOVDQU(a, Mem{Base: dst, Index: i, Scale: 8})
		ADDQ(U8(4), i)
	})
	VZEROUPPER()
	RET()
}

func subMul() {
	k := start("subMul", "dst, x, y *uint64, w float64, n int", "sets dst to (x - y) w, of n numbers each, a multiple of four and not zero.")
	dst, x, y, n := pointer("dst"), pointer("x"), pointer("y"), pointer("n")
	w := float("w")
	q := k.qInt()
	SHRQ(U8(2), n)
	i := GP64()
	XORQ(i, i)
	loop("loop", n, func() {
		a := YMM()
		VMOVDQU(Mem{Base: x, Index: i, Scale: 8}, a)
		VPSUBQ(Mem{Base: y, Index: i, Scale: 8}, a, a)
		toFloat(a)
		k.mul(w, a)
		residue(q, a)
		VMOVDQU(a, Mem{Base: dst, Index: i, Scale: 8})
		ADDQ(U8(4), i)
	})
	VZEROUPPER()
	RET()
}

// shuffle makes a read-only table of a permutation of the bytes of sixteen, twice; above
// 127 for zero.
func shuffle(name string, lo, hi uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 2 {
		DATA(16*i, U64(lo))
		DATA(16*i+8, U64(hi))
	}
	return m
}

// bare begins a function without a prime.
func bare(name, params, doc string) {
	TEXT(name+"AVX2", 0, "func("+params)
	Doc(name + "AVX2 " + doc)
	Pragma("noescape")
}

func pack() {
	order := shuffle("packing", 0x0908050403020100, 0x808080800d0c0b0a)
	bare("pack", "dst *byte, src *uint64, blocks int)",
		"sets dst to the low six bytes of each number of blocks of four, and writes four bytes beyond.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("blocks")
	by := YMM()
	VMOVDQU(order, by)
	loop("loop", n, func() {
		a := YMM()
		VMOVDQU(Mem{Base: src}, a)
		VPSHUFB(by, a, a)
		VMOVDQU(a.AsX(), Mem{Base: dst})
		VEXTRACTI128(U8(1), a, Mem{Base: dst, Disp: 12})
		ADDQ(U8(32), src)
		ADDQ(U8(24), dst)
	})
	VZEROUPPER()
	RET()
}

func unpack() {
	order := shuffle("unpacking", 0x8080050403020100, 0x80800b0a09080706)
	bare("unpack", "dst *uint64, src *byte, blocks int, most uint64) (beyond uint64)",
		"undoes pack, reads four bytes beyond, and returns a word that is not zero if any number is above most.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("blocks")
	b, err := Param("most").Resolve()
	if err != nil {
		panic(err)
	}
	most, by, beyond := YMM(), YMM(), YMM()
	VPBROADCASTQ(b.Addr, most)
	VMOVDQU(order, by)
	VPXOR(beyond, beyond, beyond)
	loop("loop", n, func() {
		a, c := YMM(), YMM()
		VMOVDQU(Mem{Base: src}, a.AsX())
		VINSERTI128(U8(1), Mem{Base: src, Disp: 12}, a, a)
		VPSHUFB(by, a, a)
		VMOVDQU(a, Mem{Base: dst})
		VPSUBQ(a, most, c)
		VPOR(c, beyond, beyond)
		ADDQ(U8(24), src)
		ADDQ(U8(32), dst)
	})
	signs := GP32()
	VMOVMSKPD(beyond, signs)
	result := signs.As64()
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
