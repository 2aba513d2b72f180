// Command asm writes the kernels of package rows.
package main

import (
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
	Package("github.com/dujiang-dev/dujiang/internal/okvs/rows")
	ConstraintExpr("amd64,!purego")
	place()
	gather()
	tabulate()
	addDense()
	backSubstitute()
	Generate()
}

func table(name string, w ...uint64) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, v := range w {
		DATA(8*i, U64(v))
	}
	return m
}

// place makes eight rows at a time, one in each 64-bit lane. Factors are below
// 2^32, so that a product of 96 bits is the sum of two of 64.
func place() {
	TEXT("placeAVX512", 0, "func(dst *uint64, h *Block, n int, bins, sparse uint64)")
	Doc("placeAVX512 sets dst[i] to the row of h[i].")
	Pragma("noescape")
	dst, h := Load(Param("dst"), GP64()), Load(Param("h"), GP64())
	n := Load(Param("n"), GP64())
	bins, m0 := ZMM(), ZMM()
	VPBROADCASTQ(Load(Param("bins"), GP64()), bins)
	VPBROADCASTQ(Load(Param("sparse"), GP64()), m0)
	minusOne, m1, m2 := ZMM(), ZMM(), ZMM()
	VPTERNLOGQ(U8(0xff), minusOne, minusOne, minusOne)
	VPADDQ(minusOne, m0, m1)
	VPADDQ(minusOne, m1, m2)
	even, odd := ZMM(), ZMM()
	VMOVDQU64(table("even", 0, 2, 4, 6, 8, 10, 12, 14), even)
	VMOVDQU64(table("odd", 1, 3, 5, 7, 9, 11, 13, 15), odd)

	high := func(x, m reg.VecVirtual) reg.VecVirtual {
		p, q := ZMM(), ZMM()
		VPMULUDQ(m, x, p)
		VPSRLQ(U8(32), p, p)
		VPSRLQ(U8(32), x, q)
		VPMULUDQ(m, q, q)
		VPADDQ(p, q, q)
		VPSRLQ(U8(32), q, q)
		return q
	}
	// increment adds one where x >= y.
	increment := func(x, y reg.VecVirtual) {
		k := K()
		VPCMPUQ(U8(5), y, x, k)
		VPSUBQ(minusOne, x, k, x)
	}
	body := func(h0, h1 reg.VecVirtual) reg.VecVirtual {
		lo, hi := ZMM(), ZMM()
		VMOVDQA64(even, lo)
		VMOVDQA64(odd, hi)
		VPERMI2Q(h1, h0, lo)
		VPERMI2Q(h1, h0, hi)
		rest := ZMM()
		VPMULLQ(bins, lo, rest)
		a := high(rest, m0)
		b := high(hi, m1)
		rest = ZMM()
		VPMULLQ(m1, hi, rest)
		c := high(rest, m2)
		increment(b, a)
		small, large := ZMM(), ZMM()
		VPMINUQ(a, b, small)
		VPMAXUQ(a, b, large)
		increment(c, small)
		increment(c, large)
		VPSLLQ(U8(16), b, b)
		VPSLLQ(U8(32), c, c)
		VPTERNLOGQ(U8(0xfe), b, c, a)
		return a
	}

	SUBQ(U8(8), n)
	JL(LabelRef("tail"))
	Label("loop")
	h0, h1 := ZMM(), ZMM()
	VMOVDQU64(Mem{Base: h}, h0)
	VMOVDQU64(Mem{Base: h, Disp: 64}, h1)
	VMOVDQU64(body(h0, h1), Mem{Base: dst})
	ADDQ(U32(128), h)
	ADDQ(U8(64), dst)
	SUBQ(U8(8), n)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(U8(8), n)
	JZ(LabelRef("done"))
	// 2n words to read and n to write.
	ones, bits := GP64(), GP64()
	k, k0, k1 := K(), K(), K()
	MOVQ(I64(-1), ones)
	BZHIQ(n, ones, bits)
	KMOVB(bits.As32(), k)
	ADDQ(n, n)
	BZHIQ(n, ones, bits)
	KMOVB(bits.As32(), k0)
	SHRQ(U8(8), bits)
	KMOVB(bits.As32(), k1)
	h0, h1 = ZMM(), ZMM()
	VMOVDQU64_Z(Mem{Base: h}, k0, h0)
	VMOVDQU64_Z(Mem{Base: h, Disp: 64}, k1, h1)
	VMOVDQU64(body(h0, h1), k, Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
}

// columns returns the byte offsets of the columns of the row at m.
func columns(m Mem) (c [3]reg.GPVirtual) {
	for i := range c {
		c[i] = GP64()
		MOVWQZX(m.Offset(2*i), c[i])
		SHLQ(U8(4), c[i])
	}
	return c
}

func gather() {
	TEXT("gatherAVX2", 0, "func(dst, store *Block, rows *uint64, n int)")
	Doc("gatherAVX2 sets dst[i] to the sum of the columns of rows[i].")
	Pragma("noescape")
	dst, store := Load(Param("dst"), GP64()), Load(Param("store"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	body := func(i int) {
		c, x := columns(Mem{Base: rows, Disp: 8 * i}), XMM()
		VMOVDQU(Mem{Base: store, Index: c[0], Scale: 1}, x)
		VPXOR(Mem{Base: store, Index: c[1], Scale: 1}, x, x)
		VPXOR(Mem{Base: store, Index: c[2], Scale: 1}, x, x)
		VMOVDQU(x, Mem{Base: dst, Disp: 16 * i})
	}
	SUBQ(U8(4), n)
	JL(LabelRef("tail"))
	Label("loop")
	for i := range 4 {
		body(i)
	}
	ADDQ(U8(32), rows)
	ADDQ(U8(64), dst)
	SUBQ(U8(4), n)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(U8(4), n)
	JZ(LabelRef("done"))
	Label("single")
	body(0)
	ADDQ(U8(8), rows)
	ADDQ(U8(16), dst)
	DECQ(n)
	JNZ(LabelRef("single"))
	Label("done")
	RET()
}

func tabulate() {
	TEXT("tabulateAVX2", 0, "func(table, columns *Block, n int)")
	Doc("tabulateAVX2 writes n tables of the subset sums of eight columns each.")
	Pragma("noescape")
	table, columns := Load(Param("table"), GP64()), Load(Param("columns"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	x, c := XMM(), YMM()
	VPXOR(x, x, x)
	VMOVDQU(x, Mem{Base: table})
	VMOVDQU(Mem{Base: columns}, x)
	VMOVDQU(x, Mem{Base: table, Disp: 16})
	for i := 1; i < 8; i++ {
		VBROADCASTI128(Mem{Base: columns, Disp: 16 * i}, c)
		// The entries with bit i are those without, plus the column.
		size := 16 << i
		if i < 4 {
			for at := 0; at < size; at += 32 {
				y := YMM()
				VPXOR(Mem{Base: table, Disp: at}, c, y)
				VMOVDQU(y, Mem{Base: table, Disp: size + at})
			}
			continue
		}
		at := GP64()
		XORL(at.As32(), at.As32())
		label := "double" + string(rune('0'+i))
		Label(label)
		for j := 0; j < 256; j += 32 {
			y := YMM()
			VPXOR(Mem{Base: table, Index: at, Scale: 1, Disp: j}, c, y)
			VMOVDQU(y, Mem{Base: table, Index: at, Scale: 1, Disp: size + j})
		}
		ADDQ(U32(256), at)
		CMPQ(at, U32(size))
		JB(LabelRef(label))
	}
	ADDQ(I32(16*256), table)
	ADDQ(I32(16*8), columns)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func addDense() {
	TEXT("addDenseAVX2", 0, "func(dst, h, table *Block, n, tables int)")
	Doc("addDenseAVX2 adds to dst[i] what h[i] selects from four to eight tables.")
	Pragma("noescape")
	dst, h := Load(Param("dst"), GP64()), Load(Param("h"), GP64())
	table, n := Load(Param("table"), GP64()), Load(Param("n"), GP64())
	tables := Load(Param("tables"), GP64())
	Label("loop")
	x := XMM()
	VMOVDQU(Mem{Base: dst}, x)
	for i := range 8 {
		if i >= 4 {
			CMPQ(tables, U8(i))
			JE(LabelRef("store"))
		}
		// Byte i%4 of either word.
		at := GP64()
		MOVBQZX(Mem{Base: h, Disp: 8*(i/4) + i%4}, at)
		SHLQ(U8(4), at)
		VPXOR(Mem{Base: table, Index: at, Scale: 1, Disp: 16 * 256 * i}, x, x)
	}
	Label("store")
	VMOVDQU(x, Mem{Base: dst})
	ADDQ(U8(16), dst)
	ADDQ(U8(16), h)
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}

func backSubstitute() {
	TEXT("backSubstituteAVX2", 0, "func(store, values *Block, rows *uint64, order *uint32, n int)")
	Doc("backSubstituteAVX2 solves for the columns in order, from the last to the first.")
	Pragma("noescape")
	store, values := Load(Param("store"), GP64()), Load(Param("values"), GP64())
	rows, order := Load(Param("rows"), GP64()), Load(Param("order"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	entry := Mem{Base: order, Index: n, Scale: 4, Disp: -4}
	r, own, x := GP64(), GP64(), XMM()
	MOVWQZX(entry, r)
	MOVWQZX(entry.Offset(2), own)
	SHLQ(U8(4), own)
	c := columns(Mem{Base: rows, Index: r, Scale: 8})
	SHLQ(U8(4), r)
	VMOVDQU(Mem{Base: values, Index: r, Scale: 1}, x)
	VPXOR(Mem{Base: store, Index: own, Scale: 1}, x, x)
	for _, c := range c {
		VPXOR(Mem{Base: store, Index: c, Scale: 1}, x, x)
	}
	VMOVDQU(x, Mem{Base: store, Index: own, Scale: 1})
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
