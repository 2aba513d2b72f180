package rep3

import (
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// TestViews holds that what a party sees does not depend on secrets.
func TestViews(t *testing.T) {
	enginetest.Views(t, Parties, func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) (errs []error) {
		synctest.Test(t, func(t *testing.T) {
			ring := enginetest.Pipes().Tapped(tap)
			of := join(t.Context(), ring, func(p *Party) error { return f(p) }, nil)
			errs = of[:]
		})
		return errs
	}, func(f enginetest.Frame) []byte {
		if f.Type != typeWord {
			return nil
		}
		return f.Payload
	})
}

// TestSimulation compares what a party sees in a multiplication, and the outputs of the others,
// with what a simulator makes of the party's shares of the factors: its part of the
// sharing of zeros and what the next party sends are random, and what the party computes
// follows. The summand that it lacks is what is missing to the product.
func TestSimulation(t *testing.T) {
	const n = 1 << 14
	x, y := numbers(1, n), make([]uint64, n) // zeros are what would show first
	var factors [Parties][2]Vec
	var outputs [Parties]Vec
	none(t, run(t, func(p *Party) (err error) {
		f := &factors[p.index]
		if f[0], err = p.inputWords(0, n, p.mine(0, x)); err != nil {
			return err
		}
		if f[1], err = p.inputWords(1, n, p.mine(1, y)); err != nil {
			return err
		}
		outputs[p.index] = NewVec(n)
		return p.Mul(outputs[p.index], f[0], f[1])
	}))
	names := []string{"x", "y", "x_i", "x_(i+1)", "y_i", "y_(i+1)", "the part of zero", "z_i", "z_(i+1)", "z_(i+2)"}
	random := rand.New(rand.NewPCG(7, 8))
	for i := range Parties {
		a, b := factors[i][0].Parts, factors[i][1].Parts
		view := func(own, next []uint64) [][]uint64 {
			zero, last := make([]uint64, n), make([]uint64, n)
			for k := range zero {
				zero[k] = own[k] - a[0][k]*(b[0][k]+b[1][k]) - a[1][k]*b[0][k]
				last[k] = x[k]*y[k] - own[k] - next[k]
			}
			return [][]uint64{x, y, a[0], a[1], b[0], b[1], zero, own, next, last}
		}
		z := outputs[i].Parts
		seen := view(z[0], z[1])
		require.Equal(t, outputs[(i+1)%Parties].Parts[1], seen[9])
		own, next := make([]uint64, n), make([]uint64, n)
		for k := range own {
			own[k] = random.Uint64() + a[0][k]*(b[0][k]+b[1][k]) + a[1][k]*b[0][k]
			next[k] = random.Uint64()
		}
		enginetest.Compare(t, names, seen, view(own, next))
	}
}
