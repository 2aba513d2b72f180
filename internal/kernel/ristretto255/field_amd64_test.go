//go:build amd64 && !purego

package ristretto255

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

var (
	bigP     = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	bigOrder = func() *big.Int {
		x, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
		return x.Add(x, new(big.Int).Lsh(big.NewInt(1), 252))
	}()
)

func modP(x *big.Int) *big.Int { return x.Mod(x, bigP) }

// eachKernel runs a test of what kernels compute with each kernel that there is.
func eachKernel(t *testing.T, f func(t *testing.T)) {
	if !cpu.AVX2.Enabled() {
		t.Skip("no kernel")
	}
	t.Run("kernel=best", f)
	if cpu.IFMA.Enabled() {
		defer cpu.IFMA.Disable()()
		t.Run("kernel=no-ifma", f)
	}
}

// value returns lane i of e modulo p.
func value(e *element, i int) *big.Int {
	x := new(big.Int)
	for l := 4; l >= 0; l-- {
		x.Lsh(x, 51)
		x.Add(x, new(big.Int).SetUint64(e[l][i]))
	}
	return modP(x)
}

const (
	tight    = 1<<51 + 1<<15 - 1 // the largest limb of what lies in memory
	mostLimb = 1<<52 - 1         // the largest limb that multiplication takes
)

// edgeLimbs are weighted towards what breaks carries.
func edgeLimb(rng *rand.Rand, most uint64) uint64 {
	switch rng.IntN(8) {
	case 0:
		return 0
	case 1:
		return most
	case 2:
		return most - rng.Uint64N(40)
	case 3:
		return 1<<51 - 1
	case 4:
		return 1<<51 - rng.Uint64N(40)
	case 5:
		return 1 << rng.IntN(51)
	case 6:
		return rng.Uint64N(40)
	default:
		return rng.Uint64N(most + 1)
	}
}

func edgeElement(rng *rand.Rand, most uint64) (e element) {
	for j := range lanes {
		switch rng.IntN(8) {
		case 0: // a number around 0 and p
			x := new(big.Int).Add(bigP, big.NewInt(rng.Int64N(38)-19))
			if rng.IntN(2) == 0 {
				x = big.NewInt(rng.Int64N(40))
			}
			var b [32]byte
			x.FillBytes(b[:])
			for i := range 16 {
				b[i], b[31-i] = b[31-i], b[i]
			}
			e.setLane(j, b[:])
		case 1: // p - 2^k
			x := new(big.Int).Sub(bigP, new(big.Int).Lsh(big.NewInt(1), uint(rng.IntN(255))))
			var b [32]byte
			x.FillBytes(b[:])
			for i := range 16 {
				b[i], b[31-i] = b[31-i], b[i]
			}
			e.setLane(j, b[:])
		case 2: // all limbs as large as can be
			for l := range e {
				e[l][j] = most
			}
		case 3: // a power of two, or p or 2²⁵⁵ - 1 less a bit
			others := [...][2]uint64{{}, {mask51 - 18, mask51}, {mask51, mask51}}[rng.IntN(3)]
			for l := range e {
				e[l][j] = others[min(l, 1)]
			}
			e[rng.IntN(len(e))][j] ^= 1 << rng.IntN(51)
		default:
			for l := range e {
				e[l][j] = edgeLimb(rng, most)
			}
		}
	}
	return e
}

// guarded is an element between others that must not change.
type guarded struct{ before, e, after element }

func checkTight(t *testing.T, name string, e *element) {
	t.Helper()
	for l := range e {
		for j := range lanes {
			if e[l][j] > tight {
				t.Fatalf("%s: limb %d is %#x", name, l, e[l][j])
			}
		}
	}
}

func rounds(n int) int {
	if testing.Short() {
		return n / 20
	}
	return n
}

func TestFieldBinary(t *testing.T) { eachKernel(t, testFieldBinary) }

func testFieldBinary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, op := range []struct {
		name string
		most uint64
		f    func(out, a, b *element)
		ref  func(x, a, b *big.Int) *big.Int
	}{
		{"mul", mostLimb, mul, (*big.Int).Mul},
		{"add", tight, add, (*big.Int).Add},
		{"sub", tight, sub, (*big.Int).Sub},
		{"sqr", mostLimb, func(out, a, _ *element) { sqr(out, a) }, func(x, a, _ *big.Int) *big.Int { return x.Mul(a, a) }},
		{"neg", tight, func(out, a, _ *element) { neg(out, a) }, func(x, a, _ *big.Int) *big.Int { return x.Neg(a) }},
	} {
		for range rounds(4000) {
			a, b := edgeElement(rng, op.most), edgeElement(rng, op.most)
			var out guarded
			op.f(&out.e, &a, &b)
			checkTight(t, op.name, &out.e)
			for j := range lanes {
				want := modP(op.ref(new(big.Int), value(&a, j), value(&b, j)))
				if value(&out.e, j).Cmp(want) != 0 {
					t.Fatalf("%s: lane %d of %x, %x: %x", op.name, j, a, b, out.e)
				}
			}
			if out.before != (element{}) || out.after != (element{}) {
				t.Fatalf("%s wrote outside", op.name)
			}
			// Every aliasing.
			x, y := a, b
			if op.f(&x, &x, &b); x != out.e {
				t.Fatalf("%s: out = a", op.name)
			}
			if op.f(&y, &a, &y); y != out.e {
				t.Fatalf("%s: out = b", op.name)
			}
			x = a
			op.f(&out.e, &a, &a)
			if op.f(&x, &x, &x); x != out.e {
				t.Fatalf("%s: out = a = b", op.name)
			}
		}
	}
}

func TestFieldUnary(t *testing.T) { eachKernel(t, testFieldUnary) }

func testFieldUnary(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range rounds(4000) {
		a, b := edgeElement(rng, tight), edgeElement(rng, tight)
		var frozen guarded
		freeze(&frozen.e, &a)
		if frozen.before != (element{}) || frozen.after != (element{}) {
			t.Fatal("freeze wrote outside")
		}
		negative, zeros, mask := isNegative(&a), isZero(&a), uint8(rng.Uint32())
		var blended element
		blend(&blended, &a, &b, mask)
		for j := range lanes {
			want := value(&a, j)
			var b32 [32]byte
			frozen.e.putLane(b32[:], j)
			var back element
			back.setLane(j, b32[:])
			if value(&back, j).Cmp(want) != 0 || new(big.Int).SetBytes(reversed(b32)).Cmp(want) != 0 {
				t.Fatalf("freeze, putLane, setLane: %x", b32)
			}
			if negative>>j&1 != uint8(want.Bit(0)) || zeros>>j&1 == 1 != (want.Sign() == 0) {
				t.Fatalf("isNegative %08b, isZero %08b: lane %d is %x", negative, zeros, j, want)
			}
			if mask>>j&1 == 1 {
				want = value(&b, j)
			}
			if value(&blended, j).Cmp(want) != 0 {
				t.Fatal("blend")
			}
		}
	}
}

func reversed(b [32]byte) []byte {
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	return b[:]
}

func TestPowers(t *testing.T) { eachKernel(t, testPowers) }

func testPowers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	e58 := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 252), big.NewInt(3))
	for range rounds(60) {
		a := [2]element{edgeElement(rng, tight), edgeElement(rng, tight)}
		var pow [2]element
		pow22523(&pow, &a)
		n := rng.Uint64N(20) + 1
		var one, inv element
		var two [2]element
		sqrN(&one, &a[0], n)
		sqrN2(&two, &a, n)
		if one != two[0] {
			t.Fatal("sqrN and sqrN2 differ")
		}
		invert(&inv, &a[0])
		exponent := new(big.Int).Lsh(big.NewInt(1), uint(n))
		for j := range lanes {
			for k := range a {
				if value(&pow[k], j).Cmp(new(big.Int).Exp(value(&a[k], j), e58, bigP)) != 0 {
					t.Fatal("pow22523")
				}
				if value(&two[k], j).Cmp(new(big.Int).Exp(value(&a[k], j), exponent, bigP)) != 0 {
					t.Fatal("sqrN2")
				}
			}
			want := new(big.Int)
			if x := value(&a[0], j); x.Sign() != 0 {
				want.ModInverse(x, bigP)
			}
			if value(&inv, j).Cmp(want) != 0 {
				t.Fatal("invert")
			}
		}
	}
}

// TestSqrtRatioM1 checks the four cases of RFC 9496, section 4.2.
func TestSqrtRatioM1(t *testing.T) { eachKernel(t, testSqrtRatioM1) }

func testSqrtRatioM1(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	i := value(sqrtM1, 0)
	for range rounds(60) {
		u := [2]element{edgeElement(rng, tight), edgeElement(rng, tight)}
		v := [2]element{edgeElement(rng, tight), edgeElement(rng, tight)}
		var r [2]element
		was := sqrtRatioM1(&r, &u, &v)
		for k := range u {
			for j := range lanes {
				u, v, r := value(&u[k], j), value(&v[k], j), value(&r[k], j)
				if r.Bit(0) != 0 {
					t.Fatal("negative root")
				}
				lhs := modP(new(big.Int).Mul(v, new(big.Int).Mul(r, r)))
				want, square := new(big.Int), uint8(0)
				switch {
				case u.Sign() == 0:
					square = 1
				case v.Sign() == 0: // FALSE, 0
				default:
					q := new(big.Int).ModInverse(v, bigP)
					want.Set(u)
					square = 1
					if big.Jacobi(q.Mul(q, u), bigP) != 1 {
						want.Mul(want, i)
						square = 0
					}
				}
				if lhs.Cmp(modP(want)) != 0 || was[k]>>j&1 != square {
					t.Fatalf("u %x v %x: r %x, %d", u, v, r, was[k]>>j&1)
				}
			}
		}
	}
}

func TestConstants(t *testing.T) {
	big1 := big.NewInt(1)
	bigMinus1 := new(big.Int).Sub(bigP, big1)
	inverse := func(x *big.Int) *big.Int { return new(big.Int).ModInverse(x, bigP) }
	// D = -121665/121666
	d := modP(new(big.Int).Mul(big.NewInt(-121665), inverse(big.NewInt(121666))))
	minus := modP(new(big.Int).Sub(bigMinus1, d)) // a - d
	for _, c := range []struct {
		name string
		e    *element
		want func(x *big.Int) bool
	}{
		{"zero", zero, func(x *big.Int) bool { return x.Sign() == 0 }},
		{"one", one, func(x *big.Int) bool { return x.Cmp(big1) == 0 }},
		{"minusOne", minusOne, func(x *big.Int) bool { return x.Cmp(bigMinus1) == 0 }},
		{"D", constD, func(x *big.Int) bool { return x.Cmp(d) == 0 }},
		{"SQRT_M1", sqrtM1, func(x *big.Int) bool {
			return x.Bit(0) == 0 && modP(new(big.Int).Mul(x, x)).Cmp(bigMinus1) == 0
		}},
		{"SQRT_AD_MINUS_ONE", sqrtADMinusOne, func(x *big.Int) bool {
			// a·d - 1 = -d - 1
			return modP(new(big.Int).Mul(x, x)).Cmp(modP(new(big.Int).Sub(bigMinus1, d))) == 0
		}},
		{"INVSQRT_A_MINUS_D", invSqrtAMinusD, func(x *big.Int) bool {
			return x.Bit(0) == 0 && modP(new(big.Int).Mul(x, x)).Cmp(inverse(minus)) == 0
		}},
		{"ONE_MINUS_D_SQ", oneMinusDSQ, func(x *big.Int) bool {
			return modP(new(big.Int).Sub(big1, new(big.Int).Mul(d, d))).Cmp(x) == 0
		}},
		{"D_MINUS_ONE_SQ", dMinusOneSQ, func(x *big.Int) bool {
			y := new(big.Int).Sub(d, big1)
			return modP(y.Mul(y, y)).Cmp(x) == 0
		}},
	} {
		for j := range lanes {
			if !c.want(value(c.e, j)) {
				t.Errorf("%s is wrong in lane %d", c.name, j)
			}
		}
	}
	// The sign of SQRT_AD_MINUS_ONE is fixed by the vectors of appendix A.3.
	if order := new(big.Int).SetBytes(bigEndian(order3, 0, order1, order0)); order.Cmp(bigOrder) != 0 {
		t.Error("order")
	}
}

func bigEndian(w ...uint64) (b []byte) {
	for _, x := range w {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	return b
}

func TestHalfDigits(t *testing.T) {
	scalars := edgeScalars(t)
	rng := rand.New(rand.NewPCG(9, 10))
	for range 1000 {
		x := new([ScalarSize]byte)
		for i := range x {
			x[i] = byte(rng.Uint32())
		}
		x[31] &= 0x0f
		scalars = append(scalars, x)
	}
	for _, s := range scalars {
		var digits [64]int8
		halfDigits(&digits, s)
		x := new(big.Int)
		for i := 63; i >= 0; i-- {
			if digits[i] < -8 || digits[i] > 7 {
				t.Fatalf("digit %d of %x is %d", i, *s, digits[i])
			}
			x.Lsh(x, 4)
			x.Add(x, big.NewInt(int64(digits[i])))
		}
		x.Lsh(x, 1).Mod(x, bigOrder)
		if x.Cmp(new(big.Int).SetBytes(reversed(*s))) != 0 {
			t.Fatalf("digits of %x: %d", *s, digits)
		}
	}
}
