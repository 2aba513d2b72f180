package mal3

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var everyone = [Parties]bool{true, true, true}

// A link is the pair of ends of a connection from party i to party i+1.
type link struct{ a, b net.Conn }

func pipes() (links [Parties]link) {
	for i := range links {
		links[i].a, links[i].b = net.Pipe()
	}
	return links
}

// run runs all parties over unbuffered pipes in a bubble and returns their errors.
func run(t *testing.T, f func(p *Party) error) (errs [Parties]error) {
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), pipes(), f) })
	return errs
}

// join runs all parties. Each closes its connections when it is done.
func join(ctx context.Context, links [Parties]link, f func(p *Party) error) (errs [Parties]error) {
	var running sync.WaitGroup
	for i := range Parties {
		running.Go(func() {
			next, prev := links[i].a, links[(i+2)%Parties].b
			defer next.Close()
			defer prev.Close()
			p, err := Open(ctx, i, next, prev, nil)
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = p.Close(f(p))
		})
	}
	running.Wait()
	return errs
}

func none(t testing.TB, errs [Parties]error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

func numbers(seed uint64, n int) []uint64 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]uint64, n)
	for i := range v {
		v[i] = r.Uint64()
	}
	return v
}

// mine returns values at the party that has them, and nil elsewhere.
func (p *Party) mine(from int, values []uint64) []uint64 {
	if p.Index() == from {
		return values
	}
	return nil
}

// newVec returns a share of n zeros.
func newVec(n int) Vec { return Vec{Own: make([]uint64, n), Next: make([]uint64, n)} }

// TestOperations multiplies vectors of all inputs, of lengths around that of a
// message, and opens the results everywhere.
func TestOperations(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000, piece - 1, piece, piece + 1, 3*piece + 5} {
		in := [Parties][]uint64{numbers(1, n), numbers(2, n), numbers(3, n)}
		none(t, run(t, func(p *Party) error {
			var v [Parties]Vec
			for i := range v {
				var err error
				if v[i], err = p.Input(i, n, p.mine(i, in[i])); err != nil {
					return err
				}
				opened, err := p.Reveal(v[i], everyone)
				if err != nil {
					return err
				}
				require.Equal(t, in[i], opened)
			}
			product, again := newVec(n), newVec(n)
			if err := p.Mul(product, v[0], v[1]); err != nil {
				return err
			}
			if err := p.Mul(again, product, product); err != nil {
				return err
			}
			opened, err := p.Reveal(again, everyone)
			if err != nil {
				return err
			}
			var inner uint64
			for i, x := range opened {
				xy := in[0][i] * in[1][i]
				require.Equal(t, xy*xy, x)
				inner += xy * in[2][i]
			}
			dot, err := p.Dot(product, v[2])
			if err != nil {
				return err
			}
			total, err := p.Reveal(dot, everyone)
			if err != nil {
				return err
			}
			require.Equal(t, []uint64{inner}, total)
			return nil
		}))
	}
}

// TestBits computes with words of bits.
func TestBits(t *testing.T) {
	for _, n := range []int{0, 1, 3, 63, 64, 65, 2000, 1<<13 + 5} {
		a, b := numbers(1, n), numbers(2, n)
		none(t, run(t, func(p *Party) error {
			x, err := p.InputBits(1, n, p.mine(1, a))
			if err != nil {
				return err
			}
			y, err := p.InputBits(2, n, p.mine(2, b))
			if err != nil {
				return err
			}
			xy, xxy := newVec(n), newVec(n)
			if err := p.And([]Vec{xy}, []Vec{x}, []Vec{y}); err != nil {
				return err
			}
			p.Not(y)
			if err := p.And([]Vec{xxy}, []Vec{x}, []Vec{y}); err != nil {
				return err
			}
			both, err := p.RevealBits(xy, everyone)
			if err != nil {
				return err
			}
			first, err := p.RevealBits(xxy, everyone)
			for i := range a {
				require.Equal(t, a[i]&b[i], both[i])
				require.Equal(t, a[i]&^b[i], first[i])
			}
			return err
		}))
	}
}
