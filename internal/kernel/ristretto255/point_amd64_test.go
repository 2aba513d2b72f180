//go:build amd64 && !purego

package ristretto255

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"filippo.io/edwards25519/field"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// refPoint is a point (X, Y, Z, T), or any four numbers: the formulas below are
// polynomials, and the kernel's must be equal for inputs off the curve as well.
// That reaches the limits of all ranges, which points do not. Its numbers are
// another package's, as math/big would take ten times as long.
type refPoint [4]*field.Element

func fieldValue(e *element, j int) *field.Element {
	var b [32]byte
	value(e, j).FillBytes(b[:])
	x, err := new(field.Element).SetBytes(reversed(b))
	if err != nil {
		panic(err)
	}
	return x
}

func pointValue(p *point, j int) refPoint {
	return refPoint{fieldValue(&p.X, j), fieldValue(&p.Y, j), fieldValue(&p.Z, j), fieldValue(&p.T, j)}
}

func (p refPoint) equal(q refPoint, n int) bool {
	for i := range n {
		if p[i].Equal(q[i]) != 1 {
			return false
		}
	}
	return true
}

func fe() *field.Element { return new(field.Element) }

func combine(E, F, G, H *field.Element) refPoint {
	return refPoint{fe().Multiply(E, F), fe().Multiply(G, H), fe().Multiply(F, G), fe().Multiply(E, H)}
}

// addCached is [HWCD08, section 3.1], "add-2008-hwcd-3", for q = (Y+X, Y-X, 2Z, 2dT).
func (p refPoint) addCached(q refPoint) refPoint {
	A := fe().Multiply(fe().Subtract(p[1], p[0]), q[1])
	B := fe().Multiply(fe().Add(p[1], p[0]), q[0])
	C := fe().Multiply(p[3], q[3])
	D := fe().Multiply(p[2], q[2])
	return combine(fe().Subtract(B, A), fe().Subtract(D, C), fe().Add(D, C), fe().Add(B, A))
}

// double is [HWCD08, section 3.3] with all of E, F, G and H negated.
func (p refPoint) double() refPoint {
	A, B, C := fe().Square(p[0]), fe().Square(p[1]), fe().Square(p[2])
	H, G := fe().Add(A, B), fe().Subtract(A, B)
	E := fe().Subtract(H, fe().Square(fe().Add(p[0], p[1])))
	F := fe().Add(fe().Add(C, C), G)
	return combine(E, F, G, H)
}

func (p refPoint) cached() refPoint {
	d := fieldValue(constD, 0)
	return refPoint{
		fe().Add(p[1], p[0]), fe().Subtract(p[1], p[0]), fe().Add(p[2], p[2]),
		fe().Multiply(fe().Add(d, d), p[3]),
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
			for _, e := range w.table[i].asPoint().elements() {
				checkTight(t, "buildTable", e)
			}
		}
		for j := range lanes {
			x := pointValue(&p, j)
			first := x.cached()
			for i := range w.table {
				if !pointValue(w.table[i].asPoint(), j).equal(x.cached(), 4) {
					t.Fatalf("buildTable: entry %d, lane %d of %x", i, j, p)
				}
				x = x.addCached(first)
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
				c := refPoint{fe().One(), fe().One(), fe().Add(fe().One(), fe().One()), fe()}
				d := digits[i]
				if d != 0 {
					c = pointValue(w.table[max(d, -d)-1].asPoint(), j)
				}
				if d < 0 {
					c[0], c[1] = c[1], c[0]
					c[3] = fe().Negate(c[3])
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
		"MulBaseSub":     func() { MulBaseSub(out, bytes.Repeat(scalar[:], n), uniform) },
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
