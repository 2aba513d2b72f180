// Command asm writes the kernels of package ring64.
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
	ConstraintExpr("amd64,!purego")
	product()
	conjunction()
	tile()
	Generate()
}

// lanes is how many words a register holds.
const lanes = 4

// swap exchanges the halves of each word.
const swap = 0xb1

// vectors runs body for each register of the words at six pointers, z, t, a, b, c
// and d. n is a positive multiple of lanes.
func vectors(body func(at [6]Mem)) {
	var p [6]reg.Register
	for i, name := range []string{"z", "t", "a", "b", "c", "d"} {
		p[i] = Load(Param(name), GP64())
	}
	n := Load(Param("n"), GP64())
	i := GP64()
	XORQ(i, i)
	Label("loop")
	var at [6]Mem
	for k := range at {
		at[k] = Mem{Base: p[k], Index: i, Scale: 8}
	}
	body(at)
	ADDQ(U8(lanes), i)
	CMPQ(i, n)
	JB(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func product() {
	TEXT("productAVX2", 0, "func(z, t, a, b, c, d *uint64, n int)")
	Doc("productAVX2 sets z[i] to z[i] - t[i] + a[i]*(c[i]+d[i]) + b[i]*c[i], for n, a positive multiple of 4, words.")
	Pragma("noescape")
	vectors(func(at [6]Mem) {
		a, b, c, d := YMM(), YMM(), YMM(), YMM()
		VMOVDQU(at[2], a)
		VMOVDQU(at[3], b)
		VMOVDQU(at[4], c)
		VPADDQ(at[5], c, d)
		// The halves of a product that go up: low times high and high times low.
		up, s := YMM(), YMM()
		VPSHUFD(U8(swap), a, s)
		VPMULLD(d, s, up)
		VPSHUFD(U8(swap), b, s)
		VPMULLD(c, s, s)
		VPADDD(s, up, up)
		VPSLLQ(U8(32), up, s)
		VPADDD(s, up, up) // the upper half is the sum of both
		VPSRLQ(U8(32), up, up)
		VPSLLQ(U8(32), up, up)
		VPMULUDQ(d, a, a)
		VPMULUDQ(c, b, b)
		VPADDQ(a, up, up)
		VPADDQ(b, up, up)
		VPADDQ(at[0], up, up)
		VPSUBQ(at[1], up, up)
		VMOVDQU(up, at[0])
	})
}

func conjunction() {
	TEXT("conjunctionAVX2", 0, "func(z, t, a, b, c, d *uint64, n int)")
	Doc("conjunctionAVX2 sets z[i] to z[i] ^ t[i] ^ a[i]&(c[i]^d[i]) ^ b[i]&c[i], for n, a positive multiple of 4, words.")
	Pragma("noescape")
	vectors(func(at [6]Mem) {
		c, x, y := YMM(), YMM(), YMM()
		VMOVDQU(at[4], c)
		VPXOR(at[5], c, x)
		VPAND(at[2], x, x)
		VPAND(at[3], c, y)
		VPXOR(at[0], x, x)
		VPXOR(at[1], y, y)
		VPXOR(x, y, x)
		VMOVDQU(x, at[0])
	})
}

// tile keeps rows times two registers of sums: of products of lower halves, and of the
// halves that go up, low times high and high times low beside each other. It takes terms by
// pairs: there are as many multiplications as pairs, and what they want is registers, so that
// one of two words of x is read again for each register of y.
func tile() {
	const rows, regs = 3, 2
	TEXT("tileAVX2", 0, "func(z0, z1, z2, x0, x1, x2, y *uint64, n int)")
	Doc("tileAVX2 adds to each eight words of z the sum of (x[i]+y[i+1])*(x[i+1]+y[i]), for words of x and eights of y, and even i below n, which is even and positive.")
	Pragma("noescape")
	var z, x [rows]reg.Register
	for r, name := range []string{"z0", "z1", "z2"} {
		z[r] = Load(Param(name), GP64())
	}
	for r, name := range []string{"x0", "x1", "x2"} {
		x[r] = Load(Param(name), GP64())
	}
	y := Load(Param("y"), GP64())
	n := Load(Param("n"), GP64())
	var low, up [rows][regs]reg.VecVirtual
	for r := range rows {
		for j := range regs {
			low[r][j], up[r][j] = YMM(), YMM()
			VPXOR(low[r][j], low[r][j], low[r][j])
			VPXOR(up[r][j], up[r][j], up[r][j])
		}
	}
	i, f, u, v, t := GP64(), YMM(), YMM(), YMM(), YMM()
	XORQ(i, i)
	Label("loop")
	for r := range rows {
		VPBROADCASTQ(Mem{Base: x[r], Index: i, Scale: 8, Disp: 8}, f)
		for j := range regs {
			VPBROADCASTQ(Mem{Base: x[r], Index: i, Scale: 8}, u)
			VPADDQ(Mem{Base: y, Disp: 64 + 32*j}, u, u)
			VPADDQ(Mem{Base: y, Disp: 32 * j}, f, v)
			VPSHUFD(U8(swap), v, t)
			VPMULUDQ(u, v, v)
			VPMULLD(u, t, t)
			VPADDQ(v, low[r][j], low[r][j])
			VPADDD(t, up[r][j], up[r][j])
		}
	}
	SUBQ(I8(-128), y)
	ADDQ(U8(2), i)
	CMPQ(i, n)
	JB(LabelRef("loop"))
	for r := range rows {
		for j := range regs {
			VPSLLQ(U8(32), up[r][j], t)
			VPADDD(t, up[r][j], t)
			VPSRLQ(U8(32), t, t)
			VPSLLQ(U8(32), t, t)
			VPADDQ(t, low[r][j], t)
			VPADDQ(Mem{Base: z[r], Disp: 32 * j}, t, t)
			VMOVDQU(t, Mem{Base: z[r], Disp: 32 * j})
		}
	}
	VZEROUPPER()
	RET()
}
