package rlwe

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// stream returns coins that depend on the test and the name only.
func stream(t testing.TB, name string, i int) *prg.PRG {
	var seed [32]byte
	copy(seed[:], fmt.Sprintf("%s %d %s", name, i, t.Name()))
	return prg.New([prg.Size]byte(seed[:prg.Size]))
}

func newParams(t testing.TB, c Config) *Params {
	p, err := New(c)
	require.NoError(t, err)
	return p
}

// ParseBody reads a sum of n coefficients without its mask. It opens
// with shares.
func (p *Params) ParseBody(n int, b []byte) (*Sum, error) {
	s, err := p.newBodySum(n, p.cfg.Contributors)
	if err == nil {
		err = s.Parse(b)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ParseSum reads a sum of n coefficients.
func (p *Params) ParseSum(n int, b []byte) (*Sum, error) {
	s, err := p.NewSum(n)
	if err == nil {
		err = s.Parse(b)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// group is everybody under one key.
type group struct {
	p       *Params
	secrets []*Secret
	key     *PublicKey
}

func newGroup(t testing.TB, c Config) *group {
	g := &group{p: newParams(t, c)}
	crs := [32]byte{1}
	g.key = g.p.NewPublicKey(crs)
	for i := range max(1, c.Holders) {
		k := g.p.newSecret(stream(t, "secret", i))
		b := k.publicShare(nil, crs, stream(t, "public", i))
		require.Len(t, b, g.p.PublicSize())
		require.NoError(t, g.key.Add(b))
		g.secrets = append(g.secrets, k)
	}
	return g
}

// contribute adds contributions of n values up to the most that fit, and
// returns what they sum to.
func (g *group) contribute(t testing.TB, n int, value func(contributor, i int) uint64) (*Sum, []uint64) {
	want := make([]uint64, n)
	sum, err := g.p.NewSum(n)
	require.NoError(t, err)
	e, err := g.p.NewEncryptor(g.key)
	require.NoError(t, err)
	values := make([]uint64, n)
	for c := range g.p.cfg.Contributors {
		for i := range values {
			values[i] = value(c, i)
			want[i] += values[i]
		}
		b, err := e.encrypt(nil, values, stream(t, "encrypt", c))
		require.NoError(t, err)
		require.Len(t, b, g.p.CiphertextSize(n))
		require.NoError(t, sum.Add(b))
	}
	return sum, want
}

// shares returns the decryption shares of these secrets.
func (g *group) shares(t testing.TB, sum *Sum, secrets []*Secret) (shares [][]byte) {
	mask := sum.appendMask(nil)
	for i, k := range secrets {
		s, err := g.p.NewSharer(k)
		require.NoError(t, err)
		b, err := s.share(nil, mask, sum.Len(), stream(t, "share", i))
		require.NoError(t, err)
		require.Len(t, b, g.p.ShareSize(sum.Len()))
		shares = append(shares, b)
	}
	return shares
}

// within returns values such that all contributors' sum stays within capacity.
func within(p *Params, r *rand.Rand) func(c, i int) uint64 {
	most := (p.cfg.Capacity - 1) / uint64(p.cfg.Contributors)
	return func(int, int) uint64 { return r.Uint64N(most + 1) }
}

var collective = Config{Mode: Collective, Capacity: 8*(1<<36-1) + 1, Contributors: 8, Holders: 8, Coefficients: 1e6, Statistical: 40}

func TestCollective(t *testing.T) {
	r := newRand(t)
	for _, c := range []Config{
		collective,
		{Mode: Collective, Capacity: 3 << 16, Contributors: 3, Holders: 3, Coefficients: 100, Statistical: 40},
		{Mode: Collective, Capacity: 1e9, Contributors: 30, Holders: 5, Coefficients: 1e6, Statistical: 20},
	} {
		g := newGroup(t, c)
		for _, n := range []int{1, 1000, g.p.N()} {
			if testing.Short() && n == g.p.N() {
				continue
			}
			sum, want := g.contribute(t, n, within(g.p, r))
			got := make([]uint64, n)
			require.NoError(t, g.p.Open(got, sum, g.shares(t, sum, g.secrets)))
			require.Equal(t, want, got)
		}
		t.Logf("N=%d logQ=%d flood=%d body=%d delta=%d drop=%d: %.2f B a value", g.p.n, g.p.LogQ(), g.p.noise.flood, g.p.bodyBits, g.p.delta, g.p.drop, float64(g.p.CiphertextSize(g.p.n))/float64(g.p.n))
	}
}

func TestReceiverKey(t *testing.T) {
	r := newRand(t)
	g := newGroup(t, Config{Mode: ReceiverKey, Capacity: 1 << 40, Contributors: 8, Coefficients: 1e6})
	d, err := g.p.NewDecrypter(g.secrets[0])
	require.NoError(t, err)
	for _, n := range []int{1, g.p.N()} {
		sum, want := g.contribute(t, n, within(g.p, r))
		got := make([]uint64, n)
		require.NoError(t, d.Open(got, sum))
		require.Equal(t, want, got)
	}
	t.Logf("N=%d logQ=%d body=%d: %.2f B a value", g.p.n, g.p.LogQ(), g.p.bodyBits, float64(g.p.CiphertextSize(g.p.n))/float64(g.p.n))
}

// TestBytes holds what a value costs to what was promised.
func TestBytes(t *testing.T) {
	for _, c := range []struct {
		Config
		values int     // in a coefficient
		most   float64 // bytes a value that a contributor sends, of 10^6
	}{
		{collective, 1, 25},
		{Config{Mode: Collective, Capacity: 8*(1<<16-1)<<19 + 8*(1<<16-1) + 1, Contributors: 8, Holders: 8, Coefficients: 5e5, Statistical: 40}, 2, 10},
		{Config{Mode: ReceiverKey, Capacity: 1 << 40, Contributors: 8, Coefficients: 1e6}, 1, 14},
		{Config{Mode: Masked, Capacity: 1 << 40, Contributors: 8, Coefficients: 1e6}, 1, 7},
		{masked, 1, 9},
	} {
		p := newParams(t, c.Config)
		n := int(c.Coefficients)
		bytes := n / p.N() * p.CiphertextSize(p.N())
		if rest := n % p.N(); rest > 0 {
			bytes += p.CiphertextSize(rest)
		}
		got := float64(bytes) / float64(n*c.values)
		require.LessOrEqual(t, got, c.most)
		t.Logf("%.2f B of %v; N=%d logQ=%d flood=%d body=%d, a share of %.2f B", got, c.most, p.n, p.LogQ(), p.FloodBits(), p.bodyBits, float64(p.bodyBits)/8/float64(c.values))
	}
}
