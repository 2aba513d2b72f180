package gf128

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.VAES, cpu.AVX512}

// modulus is x^128 + x^7 + x^2 + x + 1.
var modulus = new(big.Int).SetBit(big.NewInt(0x87), 128, 1)

func toBig(e Elem) *big.Int {
	hi := new(big.Int).SetUint64(e.Hi)
	return hi.Or(hi.Lsh(hi, 64), new(big.Int).SetUint64(e.Lo))
}

func fromBig(v *big.Int) Elem {
	mask := new(big.Int).SetUint64(^uint64(0))
	return Elem{Lo: new(big.Int).And(v, mask).Uint64(), Hi: new(big.Int).Rsh(v, 64).Uint64()}
}

// slowMul is the definition: shift, add, and divide by the modulus.
func slowMul(a, b Elem) Elem {
	x, sum := toBig(a), new(big.Int)
	for i, y := 0, toBig(b); i < 128; i++ {
		if y.Bit(i) == 1 {
			sum.Xor(sum, new(big.Int).Lsh(x, uint(i)))
		}
	}
	for i := sum.BitLen() - 1; i >= 128; i = sum.BitLen() - 1 {
		sum.Xor(sum, new(big.Int).Lsh(modulus, uint(i-128)))
	}
	return fromBig(sum)
}

// element weighs the edges: few bits, many bits, one word.
func element(r *rand.Rand) Elem {
	e := Elem{Lo: r.Uint64(), Hi: r.Uint64()}
	switch r.IntN(8) {
	case 0:
		e.Hi = 0
	case 1:
		e.Lo = 0
	case 2:
		e = Elem{Lo: ^uint64(0), Hi: ^uint64(0)}
	case 3:
		e = Elem{Lo: e.Lo >> (e.Hi & 63), Hi: 1 << (e.Hi >> 58)}
	case 4:
		e = Elem{Lo: uint64(r.IntN(4))}
	}
	return e
}

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// TestMul compares with the definition: all products of two single bits, all of
// two elements of eight bits at the edges of the words, and random ones.
func TestMul(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		bit := func(i int) Elem { return fromBig(new(big.Int).Lsh(big.NewInt(1), uint(i))) }
		for i := range 128 {
			for j := range 128 {
				if got := Mul(bit(i), bit(j)); got != slowMul(bit(i), bit(j)) {
					t.Fatalf("x^%d * x^%d = %x", i, j, got)
				}
			}
		}
		r := newRand(t)
		for range 3000 {
			a, b := element(r), element(r)
			if got := Mul(a, b); got != slowMul(a, b) {
				t.Fatalf("%x * %x = %x", a, b, got)
			}
		}
	}, features...)
}

// TestMulBytes multiplies everything by everything among the polynomials of
// degree below 8, placed so that products cross each word boundary.
func TestMulBytes(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		all := make([]Elem, 256)
		for _, at := range [][2]int{{0, 0}, {60, 0}, {60, 60}, {120, 4}, {120, 120}} {
			for i := range all {
				all[i] = fromBig(new(big.Int).Lsh(big.NewInt(int64(i)), uint(at[0])))
			}
			shift := fromBig(new(big.Int).Lsh(big.NewInt(1), uint(at[0]+at[1])%128))
			if at[0]+at[1] >= 128 {
				shift = slowMul(shift, Elem{Lo: 0x87})
			}
			dst, c := make([]Elem, 256), make([]Elem, 256)
			for j := range 256 {
				y := fromBig(new(big.Int).Lsh(big.NewInt(int64(j)), uint(at[1])))
				for i := range c {
					c[i] = y
				}
				MulVec(dst, all, c)
				for i, got := range dst {
					// The product of two bytes has degree below 15: no reduction.
					var p uint64
					for b := range 8 {
						p ^= uint64(i) << b * (uint64(j) >> b & 1)
					}
					if want := mulGeneric(Elem{Lo: p}, shift); got != want {
						t.Fatalf("%x * %x = %x, want %x", i, j, got, want)
					}
				}
			}
		}
	}, features...)
}

// arena returns n elements at an offset in a larger slice, and a function that
// reports whether anything around them was written.
func arena(n, off int) (inside []Elem, intact func() bool) {
	const margin = 20
	canary := Elem{Lo: 0xa5a5a5a5a5a5a5a5, Hi: 0x5a5a5a5a5a5a5a5a}
	all := make([]Elem, margin+off+n+margin)
	for i := range all {
		all[i] = canary
	}
	lo, hi := margin+off, margin+off+n
	return all[lo:hi:hi], func() bool {
		for i := range all {
			if (i < lo || i >= hi) && all[i] != canary {
				return false
			}
		}
		return true
	}
}

// TestVectors compares all vector operations with the generic code: lengths to
// four times the widest step, all offsets, in place and not.
func TestVectors(t *testing.T) {
	c := Elem{Lo: 0x123456789abcdef1, Hi: 0xfedcba9876543210}
	r := newRand(t)
	type op struct {
		name      string
		fast, ref func(dst, a, b []Elem)
	}
	ops := []op{
		{"MulConst", func(d, a, _ []Elem) { MulConst(d, a, c) }, func(d, a, _ []Elem) { mulConstGeneric(d, a, c) }},
		{"MulConstAdd", func(d, a, _ []Elem) { MulConstAdd(d, a, c) }, func(d, a, _ []Elem) { mulConstAddGeneric(d, a, c) }},
		{"MulVec", MulVec, mulVecGeneric},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			cputest.Each(t, func(t *testing.T) {
				for n := range 4*16 + 6 {
					if n == 4*16+5 {
						n = 2*callElems + 3
					}
					for off := range 4 {
						a, aIntact := arena(n, off)
						b, bIntact := arena(n, (off+1)%4)
						d, dIntact := arena(n, (off+n)%4)
						for i := range n {
							a[i], b[i], d[i] = element(r), element(r), element(r)
						}
						want, wantB := clone(d), clone(b)
						op.ref(want, a, b)
						op.ref(wantB, a, clone(b))
						op.fast(d, a, b)
						same(t, n, d, want)
						a2 := clone(a)
						op.fast(a2, a2, b) // in place
						same(t, n, a2, inPlace(op.ref, a, b))
						if op.name == "MulVec" {
							op.fast(b, a, b)
							same(t, n, b, wantB)
							op.fast(a, a, wantB)
						}
						if !aIntact() || !bIntact() || !dIntact() {
							t.Fatalf("%d elements at %d: wrote outside", n, off)
						}
					}
				}
			}, features...)
		})
	}
}

// inPlace is what ref gives for dst = a.
func inPlace(ref func(dst, a, b []Elem), a, b []Elem) []Elem {
	d := clone(a)
	ref(d, a, b)
	return d
}

func clone(a []Elem) []Elem { return append([]Elem(nil), a...) }

func same(t *testing.T, n int, got, want []Elem) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%d elements: number %d is %x, want %x", n, i, got[i], want[i])
		}
	}
}

func TestDot(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for n := range 70 {
			if n == 69 {
				n = 2*callElems + 3
			}
			for off := range 4 {
				a, aIntact := arena(n, off)
				b, bIntact := arena(n, (3*off+n)%4)
				var want Elem
				for i := range n {
					a[i], b[i] = element(r), element(r)
					want = want.Xor(mulGeneric(a[i], b[i]))
				}
				if got := Dot(a, b); got != want || !aIntact() || !bIntact() {
					t.Fatalf("%d elements: %x, want %x", n, got, want)
				}
			}
		}
	}, features...)
}

func TestPowersAndHorner(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 100, 255, 256, 257, 512, 513, 1000} {
			x, p, sum := element(r), One, Elem{}
			coeff, up := make([]Elem, n), make([]Elem, n)
			powers(up, x)
			for i := range coeff {
				coeff[i] = element(r)
				sum = sum.Xor(mulGeneric(coeff[i], p))
				if p = mulGeneric(p, x); up[i] != p {
					t.Fatalf("power %d of %d", i+1, n)
				}
			}
			if got := Horner(coeff, x); got != sum {
				t.Fatalf("%d coefficients: %x, want %x", n, got, sum)
			}
		}
	}, features...)
}

func TestInv(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		if Inv(Elem{}) != (Elem{}) || Inv(One) != One {
			t.Error("inverse of 0 or 1")
		}
		for range 100 {
			a := element(r)
			if a != (Elem{}) && slowMul(a, Inv(a)) != One {
				t.Fatalf("inverse of %x", a)
			}
		}
	}, features...)
}

func TestMisuse(t *testing.T) {
	one, two := make([]Elem, 1), make([]Elem, 2)
	for name, f := range map[string]func(){
		"MulConst":    func() { MulConst(one, two, One) },
		"MulConstAdd": func() { MulConstAdd(one, two, One) },
		"MulVec":      func() { MulVec(two, two, one) },
		"Dot":         func() { Dot(two, one) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestAllocs(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes variables escape")
	}
	a, b := make([]Elem, 300), make([]Elem, 300)
	if n := testing.AllocsPerRun(10, func() {
		MulConstAdd(a, b, One)
		powers(a, b[0])
		a[0] = Inv(Mul(Dot(a, b), Horner(a, b[1])))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
