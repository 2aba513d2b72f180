package two

import (
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// TestViews holds that what a party sees does not depend on secrets, with triples from a
// dealer. Where others make them, they do not know inputs; see TestLengths.
func TestViews(t *testing.T) {
	enginetest.Views(t, Parties, func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) []error {
		s := setting{dealer: true, wrap: func(c *conns) {
			for i := range c.peers {
				c.peers[i] = tap(i, 1-i, c.peers[i])
			}
		}}
		errs := run(t, s, func(p *Party) error { return f(p.Shuffler()) })
		return errs[:Parties]
	}, func(f enginetest.Frame) []byte {
		if f.Type != typeMasks && f.Type != typeWords {
			return nil
		}
		return f.Payload
	})
}

// TestSimulation compares what a party sees in a multiplication, and the output of the other
// one, with what a simulator makes of the party's shares of the factors: its triple and what
// the other party sends are random, and its share of the product follows. The other one's
// share is what is missing to the product.
func TestSimulation(t *testing.T) {
	const n = 1 << 14
	random := rand.New(rand.NewPCG(7, 8))
	for corrupted := range Parties {
		honest := 1 - corrupted
		x, y := integers(1, n), make([]int64, n) // zeros are what would show first
		var factors [Parties][2][]uint64
		var dealt triples
		var outputs [Parties]Vec
		var masked []uint64
		var r enginetest.Recorder
		s := setting{dealer: true, wrap: func(c *conns) { c.peers[honest] = r.Tap(honest, corrupted, c.peers[honest]) }}
		none(t, run(t, s, func(p *Party) error {
			u, err := p.Input(0, n, mine(p, 0, x))
			if err != nil {
				return err
			}
			v, err := p.Input(1, n, mine(p, 1, y))
			if err != nil {
				return err
			}
			if err := p.Prepare(engine.Demand{Products: n}); err != nil {
				return err
			}
			if p.index == corrupted {
				all := p.stock.pile(products)
				left := all.all.slice(all.used, all.used+n)
				dealt = triples{slices.Clone(left.a), slices.Clone(left.b), slices.Clone(left.c)}
			}
			z := p.NewVec(n)
			err = p.Mul(z, u, v)
			factors[p.index], outputs[p.index] = [2][]uint64{u.Parts[0], v.Parts[0]}, z
			return err
		}))
		for _, f := range r.Sent(honest, Parties)[corrupted] {
			if f.Type == typeMasks {
				words := make([]uint64, len(f.Payload)/8)
				decode(words, f.Payload)
				masked = append(masked, words...)
			}
		}
		// Of each message the first half is of x.
		var ex, fy []uint64
		const most = chunk / 2
		for message := range slices.Chunk(masked, 2*most) {
			half := len(message) / 2
			ex, fy = append(ex, message[:half]...), append(fy, message[half:]...)
		}
		view := func(t triples, e, f, own []uint64) [][]uint64 {
			other := make([]uint64, n)
			for i := range other {
				other[i] = uint64(x[i]*y[i]) - own[i]
			}
			return [][]uint64{unsigned(x), unsigned(y), factors[corrupted][0], factors[corrupted][1], t.a, t.b, t.c, e, f, own, other}
		}
		names := []string{"x", "y", "share of x", "share of y", "a", "b", "c", "x - a", "y - b", "share of xy", "the other share"}
		seen := view(dealt, ex, fy, outputs[corrupted].Parts[0])
		require.Equal(t, outputs[honest].Parts[0], seen[10])

		drawn := make([][]uint64, 5)
		for k := range drawn {
			drawn[k] = make([]uint64, n)
			for i := range drawn[k] {
				drawn[k][i] = random.Uint64()
			}
		}
		simulated := triples{drawn[0], drawn[1], drawn[2]}
		finish := func(t triples, e, f []uint64) []uint64 {
			z := make([]uint64, n)
			products.finish(z, append(slices.Clone(e), f...), factors[corrupted][0], factors[corrupted][1], t, corrupted == 0)
			return z
		}
		require.Equal(t, finish(dealt, ex, fy), seen[9])
		enginetest.Compare(t, names, seen, view(simulated, drawn[3], drawn[4], finish(simulated, drawn[3], drawn[4])))
	}
}
