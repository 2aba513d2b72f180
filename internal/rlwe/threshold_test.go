package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// thresholdKeys gives every holder its shares of all secrets.
func (g *group) thresholdKeys(t testing.TB, threshold int) (keys []*ThresholdKey) {
	for i := range g.secrets {
		k, err := g.p.NewThresholdKey(i+1, threshold)
		require.NoError(t, err)
		keys = append(keys, k)
	}
	for i, s := range g.secrets {
		shares, err := s.split(threshold, stream(t, "split", i))
		require.NoError(t, err)
		require.Len(t, shares, len(keys))
		for j, b := range shares {
			require.Len(t, b, g.p.ThresholdShareSize())
			require.NoError(t, keys[j].Add(b))
		}
	}
	return keys
}

// TestThreshold is 32 holders, of whom 12 are gone.
func TestThreshold(t *testing.T) {
	for _, c := range []struct{ holders, threshold, n int }{{32, 20, 4096}, {5, 5, 100}, {5, 1, 100}, {1, 1, 100}} {
		if testing.Short() && c.holders == 32 {
			continue
		}
		cfg := collective
		cfg.Holders, cfg.Statistical, cfg.Coefficients = c.holders, 30, 1e4
		g := newGroup(t, cfg)
		n := min(c.n, g.p.N())
		sum, want := g.contribute(t, n, within(g.p, newRand(t)))
		keys := g.thresholdKeys(t, c.threshold)
		var active []int
		for i := range c.threshold {
			active = append(active, c.holders-i)
		}
		var secrets []*Secret
		for _, point := range active {
			s, err := keys[point-1].Secret(active)
			require.NoError(t, err)
			secrets = append(secrets, s)
		}
		shares := g.shares(t, sum, secrets)
		got := make([]uint64, n)
		require.NoError(t, g.p.Open(got, sum, shares))
		require.Equal(t, want, got)
		if c.threshold > 1 {
			require.ErrorIs(t, g.p.Open(got, sum, shares[1:]), ErrNoise)
			require.Equal(t, make([]uint64, n), got, "nothing is left of a sum that does not open")
		}
	}
}

func TestThresholdRefuses(t *testing.T) {
	cfg := collective
	cfg.Holders, cfg.Capacity, cfg.Statistical = 4, 1<<20, 20
	g := newGroup(t, cfg)
	for _, point := range []int{0, -1, 5} {
		_, err := g.p.NewThresholdKey(point, 2)
		require.Error(t, err, "point %d", point)
	}
	for _, threshold := range []int{0, 5} {
		_, err := g.p.NewThresholdKey(1, threshold)
		require.Error(t, err)
		_, err = g.secrets[0].Split(threshold)
		require.Error(t, err)
	}
	k, err := g.p.NewThresholdKey(2, 2)
	require.NoError(t, err)
	_, err = k.Secret([]int{1, 2})
	require.ErrorContains(t, err, "shares of 0 of 4")
	keys := g.thresholdKeys(t, 2)
	k = keys[1]
	share, err := g.secrets[0].Split(2)
	require.NoError(t, err)
	require.ErrorContains(t, k.Add(share[1]), "every holder already")
	for name, active := range map[string][]int{
		"none": nil, "too few": {2}, "too many": {1, 2, 3}, "zero": {0, 2}, "beyond": {2, 5}, "twice": {2, 2}, "without itself": {1, 3},
	} {
		_, err := k.Secret(active)
		require.Error(t, err, name)
	}
	s, err := k.Secret([]int{2, 1})
	require.NoError(t, err)
	_, err = k.Secret([]int{1, 2})
	require.NoError(t, err, "the same set again")
	_, err = k.Secret([]int{2, 3})
	require.ErrorContains(t, err, "another set")

	// A part of a threshold secret is for shares only.
	_, err = s.PublicShare(nil, [32]byte{})
	require.Error(t, err)
	_, err = s.Split(2)
	require.Error(t, err)
	_, err = g.p.NewDecrypter(s)
	require.Error(t, err)
}

// The value at the point zero, which nobody has, is the secret: what threshold
// shares give is what is claimed.
func TestThresholdSharesAreOnAPolynomial(t *testing.T) {
	cfg := collective
	cfg.Holders = 5
	g := newGroup(t, cfg)
	keys := g.thresholdKeys(t, 3)
	sum := g.p.newPoly()
	for _, s := range g.secrets {
		g.p.addPoly(sum, s.s)
	}
	for _, active := range [][]int{{1, 2, 3}, {5, 1, 4}} {
		got := g.p.newPoly()
		for _, point := range active {
			keys[point-1].active = nil
			s, err := keys[point-1].Secret(active)
			require.NoError(t, err)
			g.p.addPoly(got, s.s)
		}
		require.Equal(t, sum, got)
	}
}
