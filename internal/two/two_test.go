package two

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var everyone = []bool{true, true}

// A setting is how tests join both parties.
type setting struct {
	dealer bool
	stocks [Parties]*Stock
	silent bool
	agreed func(i int) []byte // nil for nothing
	wrap   func(conns *conns)
}

// conns are the ends of the links: between the parties, and of each with the dealer.
type conns struct {
	peers   [Parties]net.Conn
	dealing [Parties][2]net.Conn // at the party, at the dealer
}

func pipes() *conns {
	c := new(conns)
	c.peers[0], c.peers[1] = net.Pipe()
	for i := range c.dealing {
		c.dealing[i][0], c.dealing[i][1] = net.Pipe()
	}
	return c
}

// join runs both parties, and the dealer if there is one, whose error is the third. Each
// closes its connections when it is done.
func join(ctx context.Context, c *conns, s setting, f func(p *Party) error) (errs [3]error) {
	if s.wrap != nil {
		s.wrap(c)
	}
	agreed := func(i int) []byte {
		if s.agreed == nil {
			return nil
		}
		return s.agreed(i)
	}
	var running sync.WaitGroup
	for i := range Parties {
		running.Go(func() {
			defer c.peers[i].Close()
			defer c.dealing[i][0].Close()
			cfg := &Config{Source: Transfers{Silent: s.silent}, Stock: s.stocks[i], Agreed: agreed(i)}
			if s.dealer {
				cfg.Source = Dealer{Stream: c.dealing[i][0], Name: "D"}
			}
			p, err := open(ctx, i, c.peers[i], cfg, &coins{byte(i), 7})
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = p.Close(f(p))
		})
	}
	if s.dealer {
		running.Go(func() {
			ends := [Parties]net.Conn{c.dealing[0][1], c.dealing[1][1]}
			for _, end := range ends {
				defer end.Close()
			}
			errs[2] = deal(ctx, [Parties]io.ReadWriter{ends[0], ends[1]}, "D", agreed(2), &coins{2, 7})
		})
	}
	running.Wait()
	return errs
}

// run is join over unbuffered pipes in a bubble.
func run(t *testing.T, s setting, f func(p *Party) error) (errs [3]error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), pipes(), s, f) })
	return errs
}

func none(t *testing.T, errs [3]error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

// integers are random words, and edges.
func integers(seed uint64, n int) []int64 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]int64, n)
	for i := range v {
		switch v[i] = int64(r.Uint64()); r.IntN(8) {
		case 0:
			v[i] = []int64{0, 1, -1, 1 << 62, -1 << 63, 1<<63 - 1}[r.IntN(6)]
		case 1:
			v[i] >>= r.IntN(64)
		}
	}
	return v
}

func unsigned(v []int64) []uint64 {
	w := make([]uint64, len(v))
	for i, x := range v {
		w[i] = uint64(x)
	}
	return w
}

// mine returns values at the party that has them, and nil elsewhere.
func mine[T any](p *Party, from int, values []T) []T {
	if p.index == from {
		return values
	}
	return nil
}

// sources are all ways to make triples.
var sources = map[string]setting{"transfers": {}, "dealer": {dealer: true}}

// TestOperations multiplies vectors of both inputs, of lengths around that of a message.
func TestOperations(t *testing.T) {
	for name, s := range sources {
		for _, n := range []int{0, 1, 2, 65, 300} {
			t.Run(name, func(t *testing.T) { testOperations(t, s, n) })
		}
	}
	for _, n := range []int{chunk/2 - 1, chunk / 2, 2*chunk + 5, maxOrder/64 + 3} {
		testOperations(t, setting{dealer: true}, n)
	}
}

func testOperations(t *testing.T, s setting, n int) {
	in := [Parties][]int64{integers(1, n), integers(2, n)}
	none(t, run(t, s, func(p *Party) error {
		var v [Parties]Vec
		for i := range v {
			var err error
			if v[i], err = p.Input(i, n, mine(p, i, in[i])); err != nil {
				return err
			}
			opened, err := p.Reveal(v[i], everyone)
			if err != nil {
				return err
			}
			require.Equal(t, in[i], opened)
		}
		product, again := p.NewVec(n), p.NewVec(n)
		rounds := p.Stats().Rounds
		if err := p.Mul(product, v[0], v[1]); err != nil {
			return err
		}
		require.Equal(t, rounds+1, p.Stats().Rounds)
		if err := p.Mul(again, product, product); err != nil {
			return err
		}
		opened, err := p.Reveal(again, everyone)
		if err != nil {
			return err
		}
		var inner int64
		for i, x := range opened {
			xy := in[0][i] * in[1][i]
			require.Equal(t, xy*xy, x)
			inner += xy * in[1][i]
		}
		dot := p.NewVec(1)
		if err := p.Dot(dot, product, v[1]); err != nil {
			return err
		}
		total, err := p.Reveal(dot, everyone)
		require.Equal(t, []int64{inner}, total)
		return err
	}))
}
