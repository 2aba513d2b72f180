// Command asm writes the kernel of package ristretto255.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// biasTight is 2p: its limbs are above tight ones. biasRaw is 2¹⁰p: its limbs
// are 512·2⁵² up to a little, above what mul and sqr return.
var biasTight, biasRaw *bias

func main() {
	ConstraintExpr("amd64,!purego")
	biasTight = newBias("biasTight", 1)
	biasRaw = newBias("biasRaw", 10)
	fieldFunctions()
	pointFunctions()
	avx2Functions()
	Generate()
}

// pointer loads a pointer argument.
func pointer(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }

func fieldFunctions() {
	const binary = "func(out, a, b *[5][8]uint64)"

	TEXT("mulIFMA", NOSPLIT, binary)
	Doc("mulIFMA sets out = a·b. Arguments may be the same.")
	out, a, b := pointer("out"), pointer("a"), pointer("b")
	begin()
	x, y := load(a), load(b)
	z := mul(x, y).carry()
	z.store(out)
	x.release()
	y.release()
	z.release()
	end()

	TEXT("addIFMA", NOSPLIT, binary)
	Doc("addIFMA sets out = a + b. Arguments may be the same.")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	begin()
	x, y = load(a), load(b)
	// Below 2⁵³: carries of at most 3.
	x.add(y).carry().store(out)
	x.release()
	y.release()
	end()

	TEXT("subIFMA", NOSPLIT, binary)
	Doc("subIFMA sets out = a - b. Arguments may be the same.")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	begin()
	x, y = load(a), load(b)
	// Below 2⁵³: carries of at most 3.
	x.sub(y, biasTight).carry().store(out)
	x.release()
	y.release()
	end()

	TEXT("sqrNIFMA", NOSPLIT, "func(out, a *[5][8]uint64, n uint64)")
	Doc("sqrNIFMA sets out = a^(2^n) for n > 0. Arguments may be the same.")
	out, a = pointer("out"), pointer("a")
	n := Load(Param("n"), GP64())
	begin()
	x = load(a)
	Label("loop")
	squareInPlace(x)
	DECQ(n)
	JNZ(LabelRef("loop"))
	x.store(out)
	x.release()
	end()

	TEXT("sqrN2IFMA", NOSPLIT, "func(out, a *[2][5][8]uint64, n uint64)")
	Doc("sqrN2IFMA is sqrNIFMA for two, whose latencies hide each other.")
	out, a = pointer("out"), pointer("a")
	n = Load(Param("n"), GP64())
	begin()
	x, y = load(a), load(a.Offset(sizeofElement))
	Label("loop")
	squareInPlace(x)
	squareInPlace(y)
	DECQ(n)
	JNZ(LabelRef("loop"))
	x.store(out)
	y.store(out.Offset(sizeofElement))
	x.release()
	y.release()
	end()

	TEXT("blendIFMA", NOSPLIT, "func(out, a, b *[5][8]uint64, mask uint8)")
	Doc("blendIFMA sets the lanes of out to those of b where mask is set and to those of a elsewhere.",
		"Arguments may be the same.")
	out, a, b = pointer("out"), pointer("a"), pointer("b")
	KMOVB(Load(Param("mask"), GP32()), reg.K1)
	begin()
	x = load(a)
	for i := range x {
		VMOVDQU64(b.Offset(64*i), reg.Z29)
		VPBLENDMQ(reg.Z29, x[i], reg.K1, x[i])
	}
	x.store(out)
	x.release()
	end()

	TEXT("freezeIFMA", NOSPLIT, "func(out, a *[5][8]uint64)")
	Doc("freezeIFMA sets out to a in the one representation below p. Arguments may be the same.")
	out, a = pointer("out"), pointer("a")
	begin()
	x = load(a).freeze()
	x.store(out)
	x.release()
	end()

	TEXT("isNegativeIFMA", NOSPLIT, "func(a *[5][8]uint64) uint8")
	Doc("isNegativeIFMA returns the lanes in which a is odd: IS_NEGATIVE of RFC 9496, section 3.1.")
	a = pointer("a")
	begin()
	x = load(a).freeze()
	VPSLLQ(U8(63), x[0], x[0])
	VPMOVQ2M(x[0], reg.K1)
	x.release()
	returnMask(reg.K1)

	TEXT("isZeroIFMA", NOSPLIT, "func(a *[5][8]uint64) uint8")
	Doc("isZeroIFMA returns the lanes in which a is zero.")
	a = pointer("a")
	begin()
	x = load(a).freeze()
	for i := 1; i < 5; i++ {
		VPORQ(x[i], x[0], x[0])
	}
	VPTESTNMQ(x[0], x[0], reg.K1)
	x.release()
	returnMask(reg.K1)
}

func returnMask(k reg.OpmaskPhysical) {
	r := GP32()
	KMOVB(k, r)
	Store(r.As8(), ReturnIndex(0))
	end()
}

func squareInPlace(x element) {
	s := sqr(x).carry()
	for i := range x {
		VMOVDQA64(s[i], x[i])
	}
	s.release()
}
