package mpc

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// openly is a party that computes alone, on numbers as they are, in one column. It fails where
// an operand is not what its range says: where a product leaves 64 bits, or where a
// truncation or a decomposition gets what it does not take.
type openly struct {
	*rep3.Party
	rounding rounding
	g        *rand.Rand
}

// rounding is how truncations round: as protocols do, or as they may at worst, of which up
// for what is whole has a small probability in a protocol.
type rounding int

const (
	down rounding = iota
	up
	either
)

func (p *openly) NewVec(n int) engine.Vec  { return engine.New(1, n) }
func (p *openly) NewBits(n int) engine.Vec { return engine.New(1, n) }

func (p *openly) Shift(x engine.Vec, k int64) {
	for i := range x.Parts[0] {
		x.Parts[0][i] += uint64(k)
	}
}

func (p *openly) Not(x engine.Vec) {
	for i := range x.Parts[0] {
		x.Parts[0][i] = ^x.Parts[0][i]
	}
}

func (p *openly) Input(_, n int, values []int64) (engine.Vec, error) {
	v := engine.New(1, n)
	for i, x := range values {
		v.Parts[0][i] = uint64(x)
	}
	return v, nil
}

func (p *openly) Mul(dst, x, y engine.Vec) error {
	for i, a := range x.Parts[0] {
		b := y.Parts[0][i]
		hi, lo := bits.Mul64(a, b)
		hi -= b&-(a>>63) + a&-(b>>63) // signed
		if int64(hi) != int64(lo)>>63 {
			return fmt.Errorf("the product of %d and %d", int64(a), int64(b))
		}
		dst.Parts[0][i] = lo
	}
	return nil
}

func (p *openly) And(dst, x, y []engine.Vec) error {
	for k := range dst {
		engine.Mask(dst[k], x[k], y[k].Parts[0])
	}
	return nil
}

func (p *openly) Truncate(dst, x engine.Vec, shift int) error {
	for i, a := range x.Parts[0] {
		a := int64(a)
		if a < math.MinInt64/2 || a > math.MaxInt64/2 {
			return fmt.Errorf("a truncation of %d", a)
		}
		z := a >> shift
		rest := a - z<<shift
		if rest > 0 && (p.rounding == up || p.rounding == either && p.g.Int64N(1<<shift) < rest) || rest == 0 && p.rounding == up && p.g.IntN(2) == 0 {
			z++
		}
		dst.Parts[0][i] = uint64(z)
	}
	return nil
}

func (p *openly) Decompose(x engine.Vec, size int) (engine.Vec, error) {
	w := engine.Words(x.Len())
	planes := engine.New(1, size*w)
	for i, a := range x.Parts[0] {
		if top := int64(a) >> (size - 1); top != 0 && top != -1 {
			return planes, fmt.Errorf("%d does not have %d bits", int64(a), size)
		}
		for k := range size {
			planes.Parts[0][k*w+i/64] |= a >> k & 1 << (i % 64)
		}
	}
	return planes, nil
}

func (p *openly) Negative(x engine.Vec, size int) (engine.Vec, error) {
	planes, err := p.Decompose(x, size)
	if err != nil {
		return planes, err
	}
	w := engine.Words(x.Len())
	return planes.Slice((size-1)*w, size*w), nil
}

func (p *openly) Numbers(n int, planes ...engine.Vec) ([]engine.Vec, error) {
	numbers := make([]engine.Vec, len(planes))
	for k := range planes {
		numbers[k] = engine.New(1, n)
		for i := range n {
			numbers[k].Parts[0][i] = planes[k].Parts[0][i/64] >> (i % 64) & 1
		}
	}
	return numbers, nil
}

func (p *openly) Reveal(x engine.Vec, _ []bool) ([]int64, error) {
	values := make([]int64, x.Len())
	for i, a := range x.Parts[0] {
		values[i] = int64(a)
	}
	return values, nil
}

// TestDeclared has no function leave a range that it declares, for itself or on the way,
// whatever its arguments and however truncations round.
func TestDeclared(t *testing.T) {
	ctx := t.Context()
	g := rand.New(rand.NewPCG(1, 9))
	rounds := 600
	if testing.Short() {
		rounds = 150
	}
	for round := range rounds {
		rep, err := rep3.Rehearse(0)
		require.NoError(t, err)
		e := &Engine{party: &openly{rep, rounding(round % 3), g}}
		// Numbers at the ends of a range, around powers of two, and between.
		input := func(lo, hi int64) *Vec {
			hi = max(lo, hi)
			v := numbers(uint64(round), 70, Range{lo, max(hi, lo+1)})
			for i := range v {
				if g.IntN(2) == 0 {
					v[i] = 1<<g.IntN(32) + g.Int64N(3) - 1
				}
				v[i] = max(lo, min(v[i], hi))
			}
			x, err := e.Input(ctx, 0, len(v), Range{lo, hi}, v)
			require.NoError(t, err)
			x, err = x.Halve(g.IntN(31))
			require.NoError(t, err)
			return x
		}
		power := func() int64 { return 1<<g.IntN(31) - g.Int64N(2) }
		anywhere := g.Int64N(1<<33) - 1<<32
		x, y, z, q := input(-power(), power()), input(1, power()), input(0, power()), input(anywhere, anywhere+power())
		fraction := g.IntN(30)
		fewer := x.fraction - g.IntN(x.fraction+1)
		for name, f := range map[string]func() (*Vec, error){
			"Div":      func() (*Vec, error) { return e.Div(ctx, x, y, fraction) },
			"Sqrt":     func() (*Vec, error) { return e.Sqrt(ctx, z, fraction) },
			"Log":      func() (*Vec, error) { return e.Log(ctx, y, fraction) },
			"Exp":      func() (*Vec, error) { return e.Exp(ctx, q, fraction) },
			"Floor":    func() (*Vec, error) { return e.Floor(ctx, x, fewer) },
			"Truncate": func() (*Vec, error) { return e.Truncate(ctx, x, fewer) },
			"Abs":      func() (*Vec, error) { return e.Abs(ctx, x) },
			"MulFixed": func() (*Vec, error) { return e.MulFixed(ctx, x, z) },
		} {
			v, err := f()
			if err == nil {
				_, err = e.OpenFixed(ctx, v, 0)
				require.NoError(t, err, "%s of %v, %v, %v, %v", name, x.r, y.r, z.r, q.r)
			}
			// Others are refused before anything is computed.
			require.NoError(t, e.err, "%s of %v, %v, %v, %v", name, x.r, y.r, z.r, q.r)
		}
	}
}
