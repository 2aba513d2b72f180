//go:build amd64 && !purego

package ristretto255

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// bigPoint is a point (X, Y, Z, T), or any four numbers: the formulas below are
// polynomials, and the kernel's must be equal for inputs off the curve as well.
// That reaches the limits of all ranges, which points do not.
type bigPoint [4]*big.Int

func pointValue(p *point, j int) bigPoint {
	return bigPoint{value(&p.X, j), value(&p.Y, j), value(&p.Z, j), value(&p.T, j)}
}

func (p bigPoint) equal(q bigPoint, n int) bool {
	for i := range n {
		if p[i].Cmp(q[i]) != 0 {
			return false
		}
	}
	return true
}

func combine(E, F, G, H *big.Int) bigPoint {
	m := func(a, b *big.Int) *big.Int { return modP(new(big.Int).Mul(a, b)) }
	return bigPoint{m(E, F), m(G, H), m(F, G), m(E, H)}
}

// addCached is [HWCD08, section 3.1], "add-2008-hwcd-3", for q = (Y+X, Y-X, 2Z, 2dT).
func (p bigPoint) addCached(q bigPoint) bigPoint {
	n := func() *big.Int { return new(big.Int) }
	A := n().Mul(n().Sub(p[1], p[0]), q[1])
	B := n().Mul(n().Add(p[1], p[0]), q[0])
	C := n().Mul(p[3], q[3])
	D := n().Mul(p[2], q[2])
	return combine(n().Sub(B, A), n().Sub(D, C), n().Add(D, C), n().Add(B, A))
}

// double is [HWCD08, section 3.3] with all of E, F, G and H negated.
func (p bigPoint) double() bigPoint {
	n := func() *big.Int { return new(big.Int) }
	A, B, C := n().Mul(p[0], p[0]), n().Mul(p[1], p[1]), n().Mul(p[2], p[2])
	H, G := n().Add(A, B), n().Sub(A, B)
	S := n().Add(p[0], p[1])
	E := n().Sub(H, S.Mul(S, S))
	F := n().Add(n().Add(C, C), G)
	return combine(E, F, G, H)
}

func (p bigPoint) cached() bigPoint {
	n := func() *big.Int { return new(big.Int) }
	d := value(constD, 0)
	return bigPoint{
		modP(n().Add(p[1], p[0])), modP(n().Sub(p[1], p[0])), modP(n().Add(p[2], p[2])),
		modP(n().Mul(n().Add(d, d), p[3])),
	}
}

func edgePoint(rng *rand.Rand) point {
	return point{edgeElement(rng, tight), edgeElement(rng, tight), edgeElement(rng, tight), edgeElement(rng, tight)}
}

func (p *point) elements() []*element { return []*element{&p.X, &p.Y, &p.Z, &p.T} }

// asPoint returns the four coordinates of c in their order.
func (c *cached) asPoint() *point { return &point{c.YplusX, c.YminusX, c.Z2, c.T2d} }

func TestPointFormulas(t *testing.T) { eachKernel(t, testPointFormulas) }

func testPointFormulas(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	w := workspaces.New().(*workspace)
	for range rounds(400) {
		p, q := edgePoint(rng), edgePoint(rng)

		w.p = p
		addPoint(&w.multiplier, &q)
		for _, e := range w.p.elements() {
			checkTight(t, "addPoint", e)
		}
		for j := range lanes {
			want := pointValue(&p, j).addCached(pointValue(&q, j).cached())
			if !pointValue(&w.p, j).equal(want, 4) {
				t.Fatalf("addPoint: lane %d of %x, %x", j, p, q)
			}
		}

		w.p = p
		buildTable(&w.multiplier)
		for i := range w.table {
			e := w.table[i].asPoint()
			for _, e := range e.elements() {
				checkTight(t, "buildTable", e)
			}
			for j := range lanes {
				x := pointValue(&p, j)
				first := x.cached()
				for range i {
					x = x.addCached(first)
				}
				if !pointValue(e, j).equal(x.cached(), 4) {
					t.Fatalf("buildTable: entry %d, lane %d of %x", i, j, p)
				}
			}
		}

		// Few digits other than zero, and an arbitrary table.
		var digits [64]int8
		for range 3 {
			digits[rng.IntN(3)] = int8(rng.IntN(16) - 8)
		}
		for i := range w.table {
			p := edgePoint(rng)
			w.table[i] = cached{p.X, p.Y, p.Z, p.T}
		}
		start := edgePoint(rng)
		w.p = start
		mulDigits(&w.multiplier, &digits)
		for _, e := range w.p.elements()[:3] {
			checkTight(t, "mulDigits", e)
		}
		for j := range lanes {
			x := pointValue(&start, j)
			for i := 63; i >= 0; i-- {
				if i < 63 {
					x = x.double().double().double().double()
				}
				c := bigPoint{big.NewInt(1), big.NewInt(1), big.NewInt(2), big.NewInt(0)}
				d := digits[i]
				if d != 0 {
					c = pointValue(w.table[max(d, -d)-1].asPoint(), j)
				}
				if d < 0 {
					c[0], c[1] = c[1], c[0]
					c[3] = modP(new(big.Int).Neg(c[3]))
				}
				x = x.addCached(c)
			}
			if !pointValue(&w.p, j).equal(x, 3) {
				t.Fatalf("mulDigits: lane %d, digits %d", j, digits)
			}
		}
	}
}

// Whatever a call does, the workspace that it gives back has nothing of its scalars. The
// pool may have another one, which has nothing either.
func TestNoScalarIsLeft(t *testing.T) { eachKernel(t, testNoScalarIsLeft) }

func testNoScalarIsLeft(t *testing.T) {
	const n = fewest
	scalar, in, uniform, out := testScalar(1), elements(n, 1), uniforms(n, 2), make([]byte, n*ElementSize)
	for name, f := range map[string]func(){
		"FromUniformMul": func() { FromUniformMul(out, scalar, uniform) },
		"DecodeMul":      func() { DecodeMul(out, scalar, in) },
		"DecodeMul, bad": func() { DecodeMul(out, scalar, make([]byte, len(out))) },
		"SumMul":         func() { SumMul(out, scalar, in, uniform) },
		"SumMul, bad":    func() { SumMul(out, scalar, make([]byte, len(out)), uniform) },
		"MulEach":        func() { MulEach(out, bytes.Repeat(scalar[:], n), (*[ElementSize]byte)(in)) },
	} {
		f()
		w := workspaces.Get().(*workspace)
		if w.digits != [64]int8{} || w.each != [64][lanes]int8{} || w.sel != (cached{}) {
			t.Errorf("%s leaves something of a scalar", name)
		}
		workspaces.Put(w)
	}
}

func TestWorkspaceLayout(t *testing.T) {
	if size := reflect.TypeFor[multiplier]().Size(); size != 13120 {
		t.Errorf("the generator's layout has 13120 bytes, the type has %d", size)
	}
	if !cpu.AVX2.Enabled() {
		t.Skip("no kernel to make a workspace with")
	}
	for range 20 {
		w := workspaces.New().(*workspace)
		for _, p := range []any{&w.p, &w.points[0], &w.states[0]} {
			if reflect.ValueOf(p).Pointer()%64 != 0 {
				t.Fatal("a workspace is not aligned to cache lines, which costs speed")
			}
		}
	}
}
