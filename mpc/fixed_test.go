package mpc

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// everyone is all parties of a test.
var everyone = []int{0, 1, 2}

// reals returns n numbers from lo to hi, its ends first.
func reals(seed uint64, n int, lo, hi float64) []float64 {
	g := rand.New(rand.NewPCG(seed, 5))
	v := make([]float64, n)
	for i := range v {
		v[i] = lo + (hi-lo)*g.Float64()
	}
	copy(v, []float64{lo, hi, (lo + hi) / 2})
	return v
}

// within holds values to what they should be and an error bound for each.
func within(t *testing.T, want, bound func(i int) float64, values []float64) {
	t.Helper()
	for i, v := range values {
		if d := math.Abs(v - want(i)); !(d <= bound(i)) {
			t.Fatalf("element %d is %v and not %v: off by %v, which is more than %v", i, v, want(i), d, bound(i))
		}
	}
}

// TestFixed adds, multiplies and truncates fixed-point numbers.
func TestFixed(t *testing.T) {
	const f = 16
	for _, n := range []int{0, 1, 3, 1000} {
		a, b := reals(1, n, -30000, 32767), reals(2, n, -1, 1)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.InputFixed(ctx, 0, n, f, -30000, 32767, mineOf(e, 0, a))
			require.NoError(t, err)
			y, err := e.InputFixed(ctx, 1, n, f, -1, 1, mineOf(e, 1, b))
			require.NoError(t, err)
			require.Equal(t, f, x.Fraction())
			opened, err := e.OpenFixed(ctx, x, everyone...)
			require.NoError(t, err)
			within(t, func(i int) float64 { return a[i] }, func(int) float64 { return 1.0 / (2 << f) }, opened)
			a, b := slices.Clone(a), slices.Clone(b)
			for i := range a { // as rounded
				a[i] = math.RoundToEven(math.Ldexp(a[i], f)) / (1 << f)
				b[i] = math.RoundToEven(math.Ldexp(b[i], f)) / (1 << f)
			}
			before := e.Stats()
			z, err := e.MulFixed(ctx, x, y)
			require.NoError(t, err)
			require.Equal(t, before.Rounds+3, e.Stats().Rounds)
			require.Equal(t, f, z.Fraction())
			if n == 1000 {
				require.LessOrEqual(t, e.Stats().Sent-before.Sent, uint64(32*n+4*5))
			}
			opened, err = e.OpenFixed(ctx, z, everyone...)
			require.NoError(t, err)
			within(t, func(i int) float64 { return a[i] * b[i] }, func(int) float64 { return 1.0 / (1 << f) }, opened)

			exact, err := e.Mul(ctx, x, y)
			require.NoError(t, err)
			before = e.Stats()
			down, err := e.Floor(ctx, exact, 5)
			require.NoError(t, err)
			require.LessOrEqual(t, e.Stats().Rounds, before.Rounds+12)
			opened, err = e.OpenFixed(ctx, down, everyone...)
			require.NoError(t, err)
			for i, v := range opened {
				require.Equal(t, math.Floor(a[i]*b[i]*32)/32, v)
			}

			wide, err := y.Widen(30)
			require.NoError(t, err)
			half, err := wide.Halve(1)
			require.NoError(t, err)
			more, err := half.Shift(-3)
			require.NoError(t, err)
			opened, err = e.OpenFixed(ctx, more, everyone...)
			require.NoError(t, err)
			within(t, func(i int) float64 { return b[i]/2 - 3 }, func(int) float64 { return 0 }, opened)
			return nil
		}))
	}
}

func mineOf[T any](e *Engine, from int, values []T) []T {
	if e.Self() == from {
		return values
	}
	return nil
}

// TestTruncation holds that rounding is up as often as the fraction says, whoever put the
// numbers in, and of public ones: of 2^16 numbers that end in a quarter. Eight standard
// deviations of 111 have a probability below 10^-14. Whole numbers stay what they are, but
// with a probability below 2^-39.
func TestTruncation(t *testing.T) {
	const n, whole, f = 1 << 16, 1 << 9, 50
	values, wholes := make([]float64, n), make([]float64, whole)
	for i := range values {
		values[i] = 5.25
	}
	for i := range wholes {
		wholes[i] = float64(i - 200)
	}
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		for from := range parties + 1 {
			name := fmt.Sprintf("of party %d, or public", from)
			x, y := e.vec(Range{5 << f, 6 << f}, f, n), e.vec(Range{-1 << 61, 1 << 61}, f, whole)
			if from < parties {
				var err error
				x, err = e.InputFixed(ctx, from, n, f, 5, 6, mineOf(e, from, values))
				require.NoError(t, err)
				y, err = e.InputFixed(ctx, from, whole, f, -1<<11, 1<<11, mineOf(e, from, wholes))
				require.NoError(t, err)
			} else {
				x, y = x.shift(x.r, 21<<(f-2)), y.shift(y.r, -200<<f)
			}
			x, err := e.Truncate(ctx, x, 0)
			require.NoError(t, err)
			x, err = x.Sum()
			require.NoError(t, err)
			opened, err := e.Open(ctx, x, 1)
			require.NoError(t, err)
			if e.Self() == 1 {
				require.InDelta(t, 5*n+n/4, opened[0], 8*111, name)
			}
			y, err = e.Truncate(ctx, y, 0)
			require.NoError(t, err)
			got, err := e.OpenFixed(ctx, y, everyone...)
			require.NoError(t, err)
			if from < parties {
				require.Equal(t, wholes, got, name)
			} else {
				require.Equal(t, slices.Repeat(wholes[:1], whole), got, name)
			}
		}
		return nil
	}))
}

// TestFunctions compares all functions with package math, at the ends of their ranges and
// between, and their rounds with what the package comment says.
func TestFunctions(t *testing.T) {
	const f = 20
	n := 700
	if testing.Short() {
		n = 70
	}
	small := reals(3, n, 1.0/(1<<10), 900) // of at most 30 bits
	wide := make([]float64, n)
	g := rand.New(rand.NewPCG(1, 6))
	for i := range wide { // of all magnitudes
		wide[i] = math.Floor(math.Ldexp(1+g.Float64(), g.IntN(30)))
	}
	copy(wide, []float64{1, 2, 3, 4, 1<<30 - 1, 1 << 29, 1<<29 - 1})
	top := reals(4, n, -1<<29, 1<<29)
	exponents := reals(5, n, -10, 10)
	unit := func(int) float64 { return 1.0 / (1 << f) }
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		y, err := e.InputFixed(ctx, 0, n, 20, 1.0/(1<<10), 900, mineOf(e, 0, small))
		require.NoError(t, err)
		w, err := e.InputFixed(ctx, 1, n, 0, 1, 1<<30-1, mineOf(e, 1, wide))
		require.NoError(t, err)
		x, err := e.InputFixed(ctx, 2, n, 0, -1<<29, 1<<29, mineOf(e, 2, top))
		require.NoError(t, err)
		z, err := e.InputFixed(ctx, 2, n, 24, -10, 10, mineOf(e, 2, exponents))
		require.NoError(t, err)
		near := func(v *Vec, err error) []float64 {
			require.NoError(t, err)
			opened, err := e.OpenFixed(ctx, v, everyone...)
			require.NoError(t, err)
			return opened
		}
		before := e.Stats().Rounds
		rounds := func(most int) {
			require.LessOrEqual(t, e.Stats().Rounds-before, most+1) // and to open
			before = e.Stats().Rounds
		}
		within(t, func(i int) float64 { return math.Round(top[i]) / wide[i] },
			func(i int) float64 { return 16/wide[i] + 1 }, near(e.Div(ctx, x, w, 0)))
		rounds(39)
		within(t, func(i int) float64 { return wide[i] / wide[n-1-i] },
			func(i int) float64 { return 32/wide[n-1-i] + unit(i) }, near(e.Div(ctx, w, reversed(t, w), f)))
		before = e.Stats().Rounds
		within(t, func(i int) float64 { return exponents[i] / small[i] },
			func(i int) float64 { return 10/small[i]/(1<<20) + unit(i) }, near(e.Div(ctx, z, y, f)))
		before = e.Stats().Rounds
		within(t, func(i int) float64 { return math.Sqrt(wide[i]) },
			func(i int) float64 { return math.Sqrt(wide[i])/(1<<25) + unit(i) }, near(e.Sqrt(ctx, w, f)))
		rounds(37)
		within(t, func(i int) float64 { return math.Sqrt(math.Round(small[i]*(1<<20)) / (1 << 20)) },
			func(i int) float64 { return 30.0/(1<<25) + unit(i) }, near(e.Sqrt(ctx, y, f)))
		before = e.Stats().Rounds
		within(t, func(i int) float64 { return math.Log(wide[i]) },
			func(i int) float64 { return 1.0/(1<<25) + unit(i) }, near(e.Log(ctx, w, f)))
		rounds(34)
		within(t, func(i int) float64 { return math.Log(math.Round(small[i]*(1<<20)) / (1 << 20)) },
			func(i int) float64 { return 1.0/(1<<25) + unit(i) }, near(e.Log(ctx, y, f)))
		before = e.Stats().Rounds
		within(t, func(i int) float64 { return math.Exp(math.Round(exponents[i]*(1<<24)) / (1 << 24)) },
			func(i int) float64 { return math.Exp(exponents[i])/(1<<24) + unit(i) }, near(e.Exp(ctx, z, f)))
		rounds(34)
		zero, err := e.Input(ctx, 0, 2, Range{0, 1 << 20}, e.mine(0, []int64{0, 0}))
		require.NoError(t, err)
		within(t, func(int) float64 { return 0 }, unit, near(e.Sqrt(ctx, zero, f)))
		constant, err := e.Input(ctx, 0, 2, Range{0, 0}, e.mine(0, []int64{0, 0}))
		require.NoError(t, err)
		within(t, func(int) float64 { return 1 }, func(int) float64 { return 1.0 / (1 << 19) }, near(e.Exp(ctx, constant, f)))

		before = e.Stats().Rounds
		all, err := e.InputFixed(ctx, 0, 2, 40, -1<<20, 1<<20, mineOf(e, 0, []float64{0, 1}))
		require.NoError(t, err)
		before++
		one, err := constant.Shift(1)
		require.NoError(t, err)
		little, err := one.Halve(20)
		require.NoError(t, err)
		low, err := constant.Shift(-30)
		require.NoError(t, err)
		broad, err := one.Scale(1 << 31)
		require.NoError(t, err)
		for name, err := range map[string]error{
			"wide product":       second(e.MulFixed(ctx, broad, broad)),
			"zero divisor":       second(e.Div(ctx, zero, zero, 0)),
			"wide quotient":      second(e.Div(ctx, all, zero, 0)),
			"fine quotient":      second(e.Div(ctx, zero, constant, 70)),
			"beyond a quotient":  second(e.Div(ctx, little, one, maxFraction+1)),
			"beyond a power":     second(e.Exp(ctx, low, maxFraction+1)),
			"negative root":      second(e.Sqrt(ctx, all, 0)),
			"fine root":          second(e.Sqrt(ctx, zero, 29)),
			"logarithm of zero":  second(e.Log(ctx, zero, 0)),
			"fine logarithm":     second(e.Log(ctx, zero, 29)),
			"wide power":         second(e.Exp(ctx, all, 0)),
			"large power":        second(e.Exp(ctx, zero, 0)),
			"other fractions":    second(all.Add(zero)),
			"other comparison":   second(e.Less(ctx, all, zero)),
			"integers":           second(e.Open(ctx, all, 0)),
			"not a number":       second(e.InputFixed(ctx, e.Self(), 1, 3, 0, 1, []float64{math.NaN()})),
			"above":              second(e.InputFixed(ctx, e.Self(), 1, 3, 0, 1, []float64{1.5})),
			"wide":               second(e.InputFixed(ctx, e.Self(), 1, 60, 0, 100, []float64{1})),
			"more bits":          second(e.Truncate(ctx, zero, 1)),
			"fewer bits":         second(all.Widen(3)),
			"too many halves":    second(all.Halve(22)),
			"product's fraction": second(e.Mul(ctx, all, all)),
			"other engine":       second(e.Floor(ctx, new(Vec), 0)),
		} {
			require.Error(t, err, name)
		}
		require.Equal(t, before, e.Stats().Rounds)
		return nil
	}))
}

// reversed returns v from its end.
func reversed(t *testing.T, v *Vec) *Vec {
	parts := make([]*Vec, v.Len())
	for i := range parts {
		var err error
		parts[len(parts)-1-i], err = v.Slice(i, i+1)
		require.NoError(t, err)
	}
	r, err := Concat(parts...)
	require.NoError(t, err)
	return r
}

// TestPrecision has the polynomials come as close as their comments say.
func TestPrecision(t *testing.T) {
	for _, p := range []struct {
		name         string
		coefficients []int64
		f            func(t float64) float64
		bits         int
	}{
		{"reciprocal", reciprocal, func(t float64) float64 { return 4 / (3 + t) }, 31},
		{"root", root, func(t float64) float64 { return math.Sqrt((3 + t) / 4) }, 28},
		{"logarithm", logarithm, func(t float64) float64 { return math.Log((3 + t) / 4) }, 35},
		{"power", power, func(t float64) float64 { return math.Exp2((1 + t) / 2) }, 39},
	} {
		sum := 0.0
		for _, a := range p.coefficients {
			sum += math.Abs(float64(a)) / (1 << coefficients)
		}
		require.Less(t, sum, 2+1.0/(1<<30), p.name)
		for i := -1000; i <= 1000; i++ {
			x := float64(i) / 1000
			y := 0.0
			for k := len(p.coefficients) - 1; k >= 0; k-- {
				y = y*x + float64(p.coefficients[k])/(1<<coefficients)
			}
			// Coefficients are rounded to 32 bits.
			require.InDelta(t, p.f(x), y, math.Ldexp(1, -p.bits)+math.Ldexp(1, -31), fmt.Sprint(p.name, x))
		}
	}
}

// TestFloorAll rounds down by as many bits as there can be, with every protocol.
func TestFloorAll(t *testing.T) {
	values := []int64{-1 << 58, -2, -1, 0, 1, 1 << 58}
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			errs := runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, len(values), Range{-1 << 58, 1 << 58}, mineOf(e, 0, values))
				if err != nil {
					return err
				}
				for _, shift := range []int{1, 58, 59, 60, maxFraction} {
					halved, err := x.Halve(shift)
					if err != nil {
						return err
					}
					z, err := e.Floor(ctx, halved, 0)
					if err != nil {
						return err
					}
					got, err := e.Open(ctx, z, 0)
					if err != nil {
						return err
					}
					for i, v := range got {
						if want := values[i] >> shift; v != want {
							return fmt.Errorf("%d divided by 2^%d is %d, want %d", values[i], shift, v, want)
						}
					}
				}
				return nil
			})
			for i, err := range errs {
				require.NoError(t, err, "party %d", i)
			}
		})
	}
}
