package mal3

import (
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// TestViews holds that what a party sees does not depend on secrets, checks included. Coins are
// new ones in each run.
func TestViews(t *testing.T) {
	enginetest.Views(t, Parties, func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) (errs []error) {
		synctest.Test(t, func(t *testing.T) {
			of := join(t.Context(), enginetest.Pipes().Tapped(tap), func(p *Party) error { return f(p) })
			errs = of[:]
		})
		return errs
	}, func(f enginetest.Frame) []byte {
		if f.Type == typeHistory {
			return nil
		}
		return f.Payload
	})
}

// TestSimulation compares what a party sees in a multiplication and its check, and the outputs of
// the others, with what a simulator makes of the party's shares of the factors: its part of the
// sharing of zeros, what the next party sends, and what that opens of d, are random, and what the
// party computes follows. The summand that it lacks is what is missing to the product.
func TestSimulation(t *testing.T) {
	const n = 1 << 14
	x, y := numbers(1, n), make([]int64, n) // zeros are what would show first
	var factors [Parties][2]Vec
	var outputs [Parties]Vec
	var own [Parties][]wide
	var r enginetest.Recorder
	synctest.Test(t, func(t *testing.T) {
		none(t, join(t.Context(), enginetest.Pipes().Tapped(r.Tap), func(p *Party) (err error) {
			i := p.Index()
			if factors[i][0], err = p.Input(0, n, mine(p, 0, x)); err != nil {
				return err
			}
			if factors[i][1], err = p.Input(1, n, mine(p, 1, y)); err != nil {
				return err
			}
			outputs[i] = p.NewVec(n)
			if err := p.Mul(outputs[i], factors[i][0], factors[i][1]); err != nil {
				return err
			}
			own[i] = slices.Clone(p.numbers.zOwn)
			return p.Check()
		}))
	})
	words := func(v []wide) (lower, upper []uint64) {
		for _, w := range v {
			lower, upper = append(lower, w.Lo), append(upper, w.Hi)
		}
		return lower, upper
	}
	names := []string{
		"x", "y", "x_i", "x_(i+1)", "y_i", "y_(i+1)", "the lower half of the part of zero", "its upper half", "z_i", "its upper half",
		"z_(i+1)", "its upper half", "z_(i+2)", "d_(i+2)", "its upper half",
	}
	random := rand.New(rand.NewPCG(7, 8))
	for i := range Parties {
		a, b := factors[i][0].Parts, factors[i][1].Parts
		part := func(k int) wide { return cross(a[0][k], a[1][k], b[0][k], b[1][k]) }
		view := func(own, next, d []wide) [][]uint64 {
			zero, last := make([]wide, n), make([]uint64, n)
			for k := range zero {
				zero[k] = minus(own[k], part(k))
				last[k] = uint64(x[k]*y[k]) - own[k].Lo - next[k].Lo
			}
			columns := [][]uint64{make([]uint64, n), make([]uint64, n), a[0], a[1], b[0], b[1]}
			for k := range n {
				columns[0][k], columns[1][k] = uint64(x[k]), uint64(y[k])
			}
			for _, v := range [][]wide{zero, own, next} {
				lower, upper := words(v)
				columns = append(columns, lower, upper)
			}
			lower, upper := words(d)
			return append(columns, last, lower, upper)
		}
		// Products come first, then one element of c, and d.
		var received []wide
		for _, f := range r.Sent((i+1)%Parties, Parties)[i] {
			if f.Type == typeWide {
				for b := f.Payload; len(b) > 0; b = b[wideSize:] {
					received = append(received, aes128.FromBytes([wideSize]byte(b)))
				}
			}
		}
		require.Len(t, received, 2*n+1)
		seen := view(own[i], received[:n], received[n+1:])
		require.Equal(t, outputs[(i+1)%Parties].Parts[1], seen[12])
		simulated := [3][]wide{make([]wide, n), make([]wide, n), make([]wide, n)}
		for _, v := range simulated {
			for k := range v {
				v[k] = wide{Lo: random.Uint64(), Hi: random.Uint64()}
			}
		}
		for k := range n {
			simulated[0][k] = plus(simulated[0][k], part(k))
		}
		enginetest.Compare(t, names, seen, view(simulated[0], simulated[1], simulated[2]))
	}
}
