package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lift applies a linear map of 64 bits to the low words of 32 elements at a time.
// Eight registers get one byte of all of them each; then what the halves of a byte
// contribute to a byte of the result is one shuffle of a table of sixteen.
func lift() {
	TEXT("liftAVX2", 0, "func(x *Elem, n int, table *[128][16]byte)")
	Doc("liftAVX2 sets the high words of n groups of 32 elements. The contribution of half h of",
		"byte k of a low word to byte j of the high one is at (2*k+h)*8+j of the table.")
	Pragma("noescape")
	x, n, table := Load(Param("x"), GP64()), Load(Param("n"), GP64()), Load(Param("table"), GP64())
	planes := GP64() // each in one cache line
	LEAQ(AllocLocal(8*32+32), planes)
	ADDQ(U8(31), planes)
	ANDQ(I32(-32), planes)
	ones := GLOBL("nibble", 8|16) // RODATA|NOPTR
	DATA(0, U64(0x0f0f0f0f0f0f0f0f))
	half := YMM()
	VPBROADCASTQ(ones, half)
	element := func(i int) Mem { return Mem{Base: x, Disp: 32 * i} } // two of them

	Label("loop")
	var words [8]reg.VecVirtual // of four elements
	for r := range words {
		a := YMM()
		VMOVDQU(element(2*r), a)
		VPUNPCKLQDQ(element(2*r+1), a, a)
		VPSHUFB(shuffle("zip", func(i int) int { return i&1<<3 | i>>1 }), a, a)
		words[r] = a
	}
	for k, plane := range transposed(words) {
		VMOVDQU(plane, Mem{Base: planes, Disp: 32 * k})
	}
	var sums [8]reg.VecVirtual
	for k := range 8 {
		lo, hi := YMM(), YMM()
		VMOVDQU(Mem{Base: planes, Disp: 32 * k}, lo)
		VPSRLQ(U8(4), lo, hi)
		VPAND(half, lo, lo)
		VPAND(half, hi, hi)
		for h, index := range []reg.VecVirtual{lo, hi} {
			for j := range sums {
				t := YMM()
				VBROADCASTI128(Mem{Base: table, Disp: 16 * ((2*k+h)*8 + j)}, t)
				VPSHUFB(index, t, t)
				if k+h == 0 {
					sums[j] = t
				} else {
					VPXOR(t, sums[j], sums[j])
				}
			}
		}
	}
	for r, high := range transposed(sums) {
		VPSHUFB(shuffle("unzip", func(i int) int { return i&7<<1 | i>>3 }), high, high)
		a := YMM()
		VMOVDQU(element(2*r), a)
		VPUNPCKLQDQ(high, a, a)
		VMOVDQU(a, element(2*r))
		VPBLENDD(U8(0x33), element(2*r+1), high, high)
		VMOVDQU(high, element(2*r+1))
	}
	ADDQ(U32(32*16), x)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transposed returns the registers of which the k-th has word k of each of r, in
// both halves.
func transposed(r [8]reg.VecVirtual) [8]reg.VecVirtual {
	unpack := func(lo, hi func(...Op), a, b reg.VecVirtual) (x, y reg.VecVirtual) {
		x, y = YMM(), YMM()
		lo(b, a, x)
		hi(b, a, y)
		return x, y
	}
	var t, u, o [8]reg.VecVirtual
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = unpack(VPUNPCKLWD, VPUNPCKHWD, r[i], r[i+1])
	}
	for i := 0; i < 8; i += 4 {
		u[i], u[i+1] = unpack(VPUNPCKLDQ, VPUNPCKHDQ, t[i], t[i+2])
		u[i+2], u[i+3] = unpack(VPUNPCKLDQ, VPUNPCKHDQ, t[i+1], t[i+3])
	}
	for i := range 4 {
		o[2*i], o[2*i+1] = unpack(VPUNPCKLQDQ, VPUNPCKHQDQ, u[i], u[i+4])
	}
	return o
}

var shuffles = map[string]Mem{}

// shuffle returns a table for VPSHUFB, the same in both halves.
func shuffle(name string, from func(i int) int) Mem {
	if m, ok := shuffles[name]; ok {
		return m
	}
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 32 {
		DATA(i, U8(from(i%16)))
	}
	shuffles[name] = m
	return m
}
