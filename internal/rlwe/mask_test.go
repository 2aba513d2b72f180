package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var masked = Config{Mode: Masked, Capacity: 8*(1<<36-1) + 1, Contributors: 8, Coefficients: 1e6}

// maskAll masks a vector of two chunks for each contributor.
func maskAll(t testing.TB, p *Params, keys []*MaskKey, seed [32]byte, n int) (sums []*Sum, want [][]uint64) {
	r := newRand(t)
	value := within(p, r)
	for range 2 {
		sum, err := p.NewSum(n)
		require.NoError(t, err)
		sums = append(sums, sum)
		want = append(want, make([]uint64, n))
	}
	for c, k := range keys {
		m, err := p.NewMasker(k, seed)
		require.NoError(t, err)
		for chunk, sum := range sums {
			values := make([]uint64, n)
			for i := range values {
				values[i] = value(c, i)
				want[chunk][i] += values[i]
			}
			b, err := m.maskWith(nil, chunk, values, stream(t, "mask", 2*c+chunk))
			require.NoError(t, err)
			require.Len(t, b, p.CiphertextSize(n))
			require.NoError(t, sum.Add(b))
		}
	}
	return sums, want
}

func TestMasked(t *testing.T) {
	for _, c := range []Config{
		masked,
		{Mode: Masked, Capacity: 100, Contributors: 3, Coefficients: 10},
		{Mode: Masked, Capacity: 1 << 50, Contributors: 1000, Coefficients: 1e9},
		{Mode: Masked, Capacity: 1 << 56, Contributors: 20, Coefficients: 1e9},
	} {
		p := newParams(t, c)
		var keys []*MaskKey
		for i := range min(c.Contributors, 5) {
			keys = append(keys, p.newMaskKey(stream(t, "key", i)))
		}
		for _, n := range []int{1, p.N()} {
			const members, threshold = 7, 4
			seed := [32]byte{byte(n)}
			sums, want := maskAll(t, p, keys, seed, n)
			var committee []*KeySum
			for range members {
				s, err := p.NewKeySum()
				require.NoError(t, err)
				committee = append(committee, s)
			}
			for i, k := range keys {
				shares, err := k.split(threshold, members, stream(t, "split", i))
				require.NoError(t, err)
				for m, b := range shares {
					require.Len(t, b, p.KeyShareSize())
					require.NoError(t, committee[m].Add(b))
				}
			}
			points := []int{7, 2, 3, 5}
			var shares [][]byte
			for _, m := range points {
				shares = append(shares, committee[m-1].Append(nil))
			}
			key, err := p.CombineKeys(len(keys), points, shares)
			require.NoError(t, err)
			require.Equal(t, sumKeys(p, keys).x, key.x)
			opener, err := p.NewMasker(key, seed)
			require.NoError(t, err)
			got := make([]uint64, n)
			for _, chunk := range []int{1, 0} {
				require.NoError(t, opener.Open(got, chunk, sums[chunk]))
				require.Equal(t, want[chunk], got)
			}

			// Too few members open nothing.
			if _, err = p.CombineKeys(len(keys), points[:3], shares[:3]); err == nil {
				t.Error("three of four shares gave a key")
			}
			if n == 1 {
				continue
			}
			// Nor does the key of others, another seed or another chunk.
			require.ErrorIs(t, opener.Open(got, 0, sums[1]), ErrNoise)
			other, err := p.NewMasker(key, [32]byte{99})
			require.NoError(t, err)
			require.ErrorIs(t, other.Open(got, 0, sums[0]), ErrNoise)
			m, err := p.NewMasker(sumKeys(p, keys[1:]), seed)
			require.NoError(t, err)
			require.ErrorContains(t, m.Open(got, 0, sums[0]), "contributors for a sum of")
		}
		t.Logf("N=%d logQ=%d body=%d: %.2f B a value, key share %d B", p.n, p.LogQ(), p.bodyBits, float64(p.CiphertextSize(p.n))/float64(p.n), p.KeyShareSize())
	}
}

// sumKeys returns the key of the sum.
func sumKeys(p *Params, keys []*MaskKey) *MaskKey {
	sum := &MaskKey{p: p, x: make([]uint64, p.n), count: len(keys)}
	for _, k := range keys {
		for i, v := range k.x {
			sum.x[i] += v
		}
	}
	return sum
}

// A receiver that may see single contributions is a committee of one.
func TestMaskedForOneReceiver(t *testing.T) {
	p := newParams(t, Config{Mode: Masked, Capacity: 1 << 40, Contributors: 8, Coefficients: 1e6})
	var keys []*MaskKey
	receiver, err := p.NewKeySum()
	require.NoError(t, err)
	for i := range 8 {
		k := p.newMaskKey(stream(t, "key", i))
		shares, err := k.Split(1, 1)
		require.NoError(t, err)
		require.NoError(t, receiver.Add(shares[0]))
		keys = append(keys, k)
	}
	sums, want := maskAll(t, p, keys, [32]byte{5}, p.N())
	sum, err := p.CombineKeys(8, []int{1}, [][]byte{receiver.Append(nil)})
	require.NoError(t, err)
	require.Equal(t, 8, sum.Count())
	_, err = sum.Split(2, 3)
	require.ErrorContains(t, err, "not shared")
	m, err := p.NewMasker(sum, [32]byte{5})
	require.NoError(t, err)
	got := make([]uint64, p.N())
	require.NoError(t, m.Open(got, 0, sums[0]))
	require.Equal(t, want[0], got)
	_, err = m.Mask(nil, 9, got)
	require.ErrorContains(t, err, "masks nothing")
}

func TestChunksAreMaskedOnce(t *testing.T) {
	p := newParams(t, masked)
	k, err := p.NewMaskKey()
	require.NoError(t, err)
	m, err := p.NewMasker(k, [32]byte{})
	require.NoError(t, err)
	_, err = m.Mask(nil, 3, []uint64{1})
	require.NoError(t, err)
	for _, chunk := range []int{3, 2, -1} {
		_, err = m.Mask(nil, chunk, []uint64{1})
		require.ErrorContains(t, err, "masked already")
	}
	_, err = m.Mask(nil, 4, []uint64{1})
	require.NoError(t, err)
}

func TestCombineKeysRefuses(t *testing.T) {
	p := newParams(t, masked)
	k := p.newMaskKey(stream(t, "key", 0))
	shares, err := k.Split(2, 3)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		count  int
		points []int
		shares [][]byte
	}{
		"point zero":      {1, []int{0, 1}, shares[:2]},
		"twice":           {1, []int{1, 1}, shares[:2]},
		"beyond":          {1, []int{1, maxMembers + 1}, shares[:2]},
		"none":            {1, nil, nil},
		"a point missing": {1, []int{1}, shares[:2]},
		"no contributor":  {0, []int{1, 2}, shares[:2]},
		"too many":        {9, []int{1, 2}, shares[:2]},
		"cut":             {1, []int{1, 2}, [][]byte{shares[0], shares[1][1:]}},
		"swapped":         {1, []int{2, 1}, shares[:2]},
		"too few":         {1, []int{1}, shares[:1]},
	} {
		_, err := p.CombineKeys(c.count, c.points, c.shares)
		require.Error(t, err, name)
	}
	got, err := p.CombineKeys(1, []int{3, 1}, [][]byte{shares[2], shares[0]})
	require.NoError(t, err)
	require.Equal(t, k.x, got.x)
}
