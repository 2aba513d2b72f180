package two

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/ot"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

var everyone = []bool{true, true}

// A setting is how tests join both parties.
type setting struct {
	dealer bool
	stocks [Parties]*Stock
	silent bool
	cipher bool
	// base makes the base transfers in the run, instead of taking them from one before.
	base   bool
	source func(i int) Source // nil for what the others say
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
			if s.cipher {
				cfg.Source = Encryption{}
			}
			if s.dealer {
				cfg.Source = Dealer{Stream: c.dealing[i][0], Name: "D"}
			}
			if s.source != nil {
				cfg.Source = s.source(i)
			}
			p, err := open(ctx, i, c.peers[i], cfg, &coins{byte(i), 7})
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = p.Close(func() error {
				if m := transfersOf(p); m != nil && !s.base && !s.silent {
					if err := m.recall(); err != nil {
						return err
					}
				}
				return f(p)
			}())
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

// transfersOf returns what makes transfers at p, or nil.
func transfersOf(p *Party) *transfers {
	switch m := p.maker.(type) {
	case *transfers:
		return m
	case *encrypted:
		return m.transfers
	}
	return nil
}

// bases are the results of base transfers, by party and delta, which follow from the coins
// and the context.
var bases sync.Map

type basis struct {
	pairs  *[ot.Base][2]prg.Block
	chosen *[ot.Base]prg.Block
}

// recall takes base transfers from a run before, or makes them. Both parties find some, or
// none, since their coins are fixed.
func (m *transfers) recall() error {
	key := fmt.Sprint(m.p.index, m.delta, m.tags)
	if found, ok := bases.Load(key); ok {
		m.pairs, m.chosen = found.(basis).pairs, found.(basis).chosen
		return nil
	}
	if err := m.base(); err != nil {
		return err
	}
	bases.Store(key, basis{m.pairs, m.chosen})
	return nil
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
var sources = map[string]setting{"transfers": {}, "encryption": {cipher: true}, "dealer": {dealer: true}}

// tested returns the sources that tests of all of them take: in short, without transfers,
// which Encryption has inside.
func tested() map[string]setting {
	s := maps.Clone(sources)
	if testing.Short() {
		delete(s, "transfers")
	}
	return s
}

// TestOperations multiplies vectors of both inputs, of lengths around that of a message.
func TestOperations(t *testing.T) {
	for name, s := range tested() {
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

func testBlocks(seed uint64, n int) []prg.Block {
	r := rand.New(rand.NewPCG(seed, 2))
	b := make([]prg.Block, n)
	for i := range b {
		b[i] = prg.Block{Lo: r.Uint64(), Hi: r.Uint64()}
	}
	return b
}

// TestConversions compares with Go, over edges and random numbers of several sizes, and
// counts rounds.
func TestConversions(t *testing.T) {
	const n = 130
	for name, s := range tested() {
		for _, size := range []int{1, 7, 62, 64} {
			x := integers(uint64(size), n)
			for i := range x {
				x[i] >>= 64 - size
			}
			none(t, run(t, s, func(p *Party) error {
				v, err := p.Input(1, n, mine(p, 1, x))
				require.NoError(t, err)
				rounds := func(want int) {
					t.Helper()
					require.Equal(t, want, p.rounds, name)
					p.rounds = 0
				}
				levels := 0
				for 1<<levels < engine.Planes(size) {
					levels++
				}
				negative, err := p.Negative(v, size)
				if err != nil {
					return err
				}
				rounds(1 + levels)
				zero, err := p.Zero(v, size)
				if err != nil {
					return err
				}
				rounds(levels)
				planes, err := p.Decompose(v, size)
				if err != nil {
					return err
				}
				p.rounds = 0
				all := []Vec{negative, zero}
				w := engine.Words(n)
				for k := range size {
					all = append(all, planes.Slice(k*w, (k+1)*w))
				}
				values, err := p.Numbers(n, all...)
				if err != nil {
					return err
				}
				rounds(1)
				for k, vec := range values {
					opened, err := p.Reveal(vec, everyone)
					if err != nil {
						return err
					}
					for i, bit := range opened {
						want := k == 0 && x[i] < 0 || k == 1 && x[i] == 0 || k >= 2 && x[i]>>(k-2)&1 == 1
						require.Equal(t, want, bit == 1, "%s, %d bits, %d of %d", name, size, k, x[i])
						require.LessOrEqual(t, uint64(bit), uint64(1))
					}
				}
				return nil
			}))
		}
	}
}

// TestTruncate rounds down or up, exactly what is a multiple, except for once in 2^shift,
// and in half of the cases up what is in the middle: of 1000 fair coins the number of ones
// is eight standard deviations of 16 off with a probability below 10^-14.
func TestTruncate(t *testing.T) {
	const n = 2000
	for _, shift := range []int{1, 16, 40, 61} {
		x := integers(uint64(shift), n)
		for i := range x {
			x[i] >>= 1 // half of the bounds
			if i%2 == 0 {
				x[i] = x[i]>>shift<<shift | 1<<(shift-1)
			}
		}
		none(t, run(t, setting{dealer: true}, func(p *Party) error {
			v, err := p.Input(0, n, mine(p, 0, x))
			require.NoError(t, err)
			// The second half are public numbers, of which one summand is zero.
			for i := n / 2; i < n; i++ {
				v.Parts[0][i] = 0
				if p.index == 1 {
					v.Parts[0][i] = uint64(x[i])
				}
			}
			z := p.NewVec(n)
			if err := p.Truncate(z, v, shift); err != nil {
				return err
			}
			require.Equal(t, 2, p.rounds)
			opened, err := p.Reveal(z, everyone)
			up := 0
			for i, q := range opened {
				require.Contains(t, []int64{x[i] >> shift, x[i]>>shift + 1}, q, "%d / 2^%d", x[i], shift)
				if i%2 == 0 && q > x[i]>>shift {
					up++
				}
			}
			if shift > 4 {
				require.InDelta(t, n/4, up, 8*16)
				require.NotZero(t, up)
			}
			return err
		}))
	}
}

// TestLocal compares what needs no message with Go.
func TestLocal(t *testing.T) {
	a, b, k := integers(1, 6), integers(2, 6), integers(3, 6)
	none(t, run(t, setting{}, func(p *Party) error {
		x, err := p.Input(0, 6, mine(p, 0, a))
		require.NoError(t, err)
		y, err := p.Input(1, 6, mine(p, 1, b))
		require.NoError(t, err)
		for i := range a {
			require.NotContains(t, []uint64{0, uint64(a[i])}, x.Parts[0][i], "no share")
		}
		z := p.NewVec(6)
		p.Combine(z, 3, x, -5, y)
		p.Shift(z, 9)
		p.Weigh(z, z, k)
		prefix, sums := p.NewVec(6), p.NewVec(3)
		p.Prefix(prefix, z)
		p.Sum(sums, z)
		p.Sum(p.NewVec(0), p.NewVec(0))
		got, err := p.Reveal(z, everyone)
		require.NoError(t, err)
		gotPrefix, err := p.Reveal(prefix, everyone)
		require.NoError(t, err)
		gotSums, err := p.Reveal(sums, []bool{false, true})
		require.NoError(t, err)
		require.Equal(t, p.index == 0, gotSums == nil)
		var sum int64
		for i := range a {
			want := (3*a[i] - 5*b[i] + 9) * k[i]
			require.Equal(t, want, got[i])
			sum += want
			require.Equal(t, sum, gotPrefix[i])
			if i%2 == 1 && gotSums != nil {
				require.Equal(t, got[i-1]+got[i], gotSums[i/2])
			}
		}
		words, err := p.RandomBits(3)
		require.NoError(t, err)
		opened, err := p.RevealBits(words, everyone)
		require.NoError(t, err)
		p.Not(words)
		complement, err := p.RevealBits(words, everyone)
		for i := range opened {
			require.Equal(t, ^opened[i], complement[i])
			require.NotZero(t, opened[i])
		}
		return err
	}))
}
