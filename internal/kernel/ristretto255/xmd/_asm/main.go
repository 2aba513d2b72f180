// Command asm writes the kernel of package xmd.
package main

import (
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var zmm = [...]reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
}

// Truth tables of VPTERNLOGQ, for a at weight 4, b at 2 and c at 1.
const (
	xor3 = 0x96
	ch   = 0xca // a ? b : c
	maj  = 0xe8
)

func main() {
	ConstraintExpr("amd64,!purego")
	k := constants()

	TEXT("compress", NOSPLIT, "func(state *[8][8]uint64, block *[16][8]uint64)")
	Doc("compress is SHA-512's compression function [FIPS 180-4, section 6.4.2] for eight states and blocks:",
		"word i of lane j is at [i][j].")
	state := Mem{Base: Load(Param("state"), GP64())}
	block := Mem{Base: Load(Param("block"), GP64())}
	kt, n := GP64(), GP64()
	LEAQ(k, kt)
	s := zmm[:8:8]
	w := zmm[8:24]
	for i, r := range s {
		VMOVDQU64(state.Offset(64*i), r)
	}
	for i, r := range w {
		VMOVDQU64(block.Offset(64*i), r)
	}
	MOVQ(U64(4), n)
	Label("sixteen")
	// After sixteen rounds the eight variables are back in their registers.
	for t := range 16 {
		s = round(s, w[t], Mem{Base: kt, Disp: 8 * t})
		schedule(w, t)
	}
	ADDQ(U32(8*16), kt)
	DECQ(n)
	JNZ(LabelRef("sixteen"))
	for t := range 16 {
		s = round(s, w[t], Mem{Base: kt, Disp: 8 * t})
	}
	for i, r := range s {
		VPADDQ(state.Offset(64*i), r, r)
		VMOVDQU64(r, state.Offset(64*i))
	}
	VZEROUPPER()
	RET()
	Generate()
}

// round does step 3 of the computation and returns the new order of variables.
func round(s []reg.VecPhysical, w reg.VecPhysical, k Mem) []reg.VecPhysical {
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	// T1 = h + Σ1(e) + Ch(e, f, g) + K + W, in h
	VPADDQ(w, h, h)
	VPADDQ_BCST(k, h, h)
	sum := rotations(e, 14, 18, 41)
	VMOVDQA64(e, reg.Z27)
	VPTERNLOGQ(U8(ch), g, f, reg.Z27)
	VPADDQ(reg.Z27, h, h)
	VPADDQ(sum, h, h)
	// d = d + T1
	VPADDQ(h, d, d)
	// a = T1 + Σ0(a) + Maj(a, b, c)
	sum = rotations(a, 28, 34, 39)
	VMOVDQA64(a, reg.Z27)
	VPTERNLOGQ(U8(maj), c, b, reg.Z27)
	VPADDQ(reg.Z27, h, h)
	VPADDQ(sum, h, h)
	return []reg.VecPhysical{h, a, b, c, d, e, f, g}
}

func rotations(x reg.VecPhysical, i, j, k uint8) reg.VecPhysical {
	VPRORQ(U8(i), x, reg.Z24)
	VPRORQ(U8(j), x, reg.Z25)
	VPRORQ(U8(k), x, reg.Z26)
	VPTERNLOGQ(U8(xor3), reg.Z25, reg.Z26, reg.Z24)
	return reg.Z24
}

// schedule replaces W[t] by W[t+16] = σ1(W[t+14]) + W[t+9] + σ0(W[t+1]) + W[t].
func schedule(w []reg.VecPhysical, t int) {
	sigma := func(x reg.VecPhysical, i, j, shift uint8) {
		VPRORQ(U8(i), x, reg.Z28)
		VPRORQ(U8(j), x, reg.Z29)
		VPSRLQ(U8(shift), x, reg.Z30)
		VPTERNLOGQ(U8(xor3), reg.Z29, reg.Z30, reg.Z28)
		VPADDQ(reg.Z28, w[t], w[t])
	}
	VPADDQ(w[(t+9)%16], w[t], w[t])
	sigma(w[(t+1)%16], 1, 8, 7)
	sigma(w[(t+14)%16], 19, 61, 6)
}

// constants stores the first 64 bits of the fractional parts of the cube roots
// of the first 80 primes [FIPS 180-4, section 4.2.3].
func constants() Mem {
	m := GLOBL("k", NOPTR|RODATA)
	for i, p := 0, int64(2); i < 80; p++ {
		if !big.NewInt(p).ProbablyPrime(20) {
			continue
		}
		// The root of p·2¹⁹², bit by bit; the part above 2⁶⁴ is dropped.
		x := new(big.Int).Lsh(big.NewInt(p), 192)
		root := new(big.Int)
		for bit := 68; bit >= 0; bit-- {
			root.SetBit(root, bit, 1)
			if new(big.Int).Exp(root, big.NewInt(3), nil).Cmp(x) > 0 {
				root.SetBit(root, bit, 0)
			}
		}
		DATA(8*i, U64(new(big.Int).And(root, new(big.Int).SetUint64(1<<64-1)).Uint64()))
		i++
	}
	return m
}
