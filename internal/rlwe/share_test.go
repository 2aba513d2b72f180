package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShareBits looks at what a holder sends: the low bits of shares are uniform
// given the high ones, a share is as far from the product that it hides as
// flooding takes it, and both ways. A share whose low bits told something would
// tell it about the secret.
func TestShareBits(t *testing.T) {
	g := newGroup(t, collective)
	p := g.p
	sum, _ := g.contribute(t, p.n, func(int, int) uint64 { return 0 })
	mask := sum.appendMask(nil)
	s, err := p.NewSharer(g.secrets[0])
	require.NoError(t, err)
	require.NoError(t, s.product(sum.appendMask(nil), p.n))
	product := make([]uint64, p.n)
	for i := range product {
		product[i] = p.compose(s.body, i).add(p.half()).shr(p.drop).lo % p.span
	}

	reach := uint64(1)<<max(0, p.noise.flood-1-int(p.drop)) + 1
	counts := make(map[int64]int)
	var below, above int
	for k := range 32 {
		// Another mask each time, a sum of uniform ones.
		if k > 0 {
			require.NoError(t, sum.Add(append(mask, make([]byte, p.bodySize(p.n))...)))
		}
		b, err := s.share(nil, sum.appendMask(nil), p.n, stream(t, "share", k))
		require.NoError(t, err)
		numbers, err := p.NewBodySum(p.n)
		require.NoError(t, err)
		require.NoError(t, numbers.AddBody(b))
		for i, x := range numbers.body {
			high := int64(uint128{0, x}.shl(3).lo / p.span) // of eight parts of the range
			counts[int64(x&0x7f)|high<<7]++
			if k > 0 {
				continue
			}
			switch d := (x + p.span - product[i]) % p.span; {
			case d <= reach:
				above++
			case p.span-d <= reach:
				below++
			default:
				require.Fail(t, "noise is out of its range", "%d, and %d", x, product[i])
			}
		}
		if k == 0 {
			sum.most = 64
		}
	}
	chi2(t, counts, func(int64) float64 { return 1. / 1024 }, 0, 1023)
	require.Greater(t, above, p.n/8)
	require.Greater(t, below, p.n/8)
}

// A contribution whose mask is a number, and not that of an encryption, makes the sum
// show as many times the key, beside the sum of all others. No hash of masks tells, so
// callers must be able to rely on those who encrypt.
func TestMaskOfNoEncryption(t *testing.T) {
	const holders, shift = 2, 12
	g := newGroup(t, Config{Mode: Collective, Capacity: 1 << 20, Contributors: 3, Holders: holders, Coefficients: 100, Statistical: 40})
	p := g.p
	sum, want := g.contribute(t, p.n, func(c, i int) uint64 {
		if c == 2 {
			return holders << shift // for the key's coefficients are from -holders on
		}
		return uint64((c*i + i) % 1000)
	})
	for i := range p.limbs {
		l, x := &p.limbs[i], (uint128{0, 1}).shl(p.delta+shift)
		number := l.mod128(x.hi, x.lo) // is transformed, too
		for j, y := range p.limb(sum.mask, i) {
			p.limb(sum.mask, i)[j] = l.reduce(y + number)
		}
	}
	got := make([]uint64, p.n)
	require.NoError(t, p.Open(got, sum, g.shares(t, sum, g.secrets)))
	key := p.newPoly()
	for _, k := range g.secrets {
		p.addPoly(key, k.s)
	}
	p.inverse(key)
	for i, x := range p.limb(key, 0) {
		x = p.limbs[0].reduce(x + holders) // from zero on
		require.Equal(t, want[i]+x<<shift-holders<<shift, got[i])
	}
}
