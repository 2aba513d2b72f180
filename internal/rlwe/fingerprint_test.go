package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func fingerprint(t testing.TB, p *Params, point [32]byte, masks ...[]byte) Fingerprint {
	f, err := p.NewFingerprinter(point)
	require.NoError(t, err)
	for _, m := range masks {
		require.NoError(t, f.Add(m))
	}
	return f.Sum()
}

func TestFingerprint(t *testing.T) {
	g := newGroup(t, Config{Mode: Collective, Capacity: 1 << 20, Contributors: 4, Holders: 2, Coefficients: 1e4, Statistical: 20})
	p := g.p
	e, err := p.NewEncryptor(g.key)
	require.NoError(t, err)
	point := [32]byte{7}
	const chunks = 3
	var sums [chunks]*Sum
	for i := range sums {
		sums[i], err = p.NewSum(10)
		require.NoError(t, err)
	}
	var total Fingerprint
	var first [][]byte
	for range 4 {
		var masks [][]byte
		for i := range sums {
			b, err := e.Encrypt(nil, make([]uint64, 10))
			require.NoError(t, err)
			require.NoError(t, sums[i].Add(b))
			masks = append(masks, b[:p.MaskSize()])
		}
		f := fingerprint(t, p, point, masks...)
		b := p.AppendFingerprint(nil, f)
		require.Len(t, b, p.FingerprintSize())
		parsed, err := p.ParseFingerprint(b)
		require.NoError(t, err)
		require.Equal(t, f, parsed)
		total = p.AddFingerprints(total, f)
		first = masks
	}
	var masks [][]byte
	for _, s := range sums {
		masks = append(masks, s.AppendMask(nil))
	}
	want := fingerprint(t, p, point, masks...)
	require.Equal(t, want, total)

	// A mask more, one less, others, another order, another point.
	require.NotEqual(t, want, p.AddFingerprints(total, fingerprint(t, p, point, first...)))
	require.NotEqual(t, want, fingerprint(t, p, point, masks[:2]...))
	require.NotEqual(t, want, fingerprint(t, p, point, masks[1], masks[0], masks[2]))
	require.NotEqual(t, want, fingerprint(t, p, [32]byte{8}, masks...))
	x := p.newPoly()
	require.NoError(t, p.parsePoly(x, masks[1]))
	for i := range x {
		if i%397 != 0 {
			continue
		}
		y := append(poly(nil), x...)
		y[i] ^= 1
		require.NotEqual(t, want, fingerprint(t, p, point, masks[0], p.appendPoly(nil, y), masks[2]), "residue %d", i)
	}

	b := p.AppendFingerprint(nil, want)
	for n := range b {
		_, err := p.ParseFingerprint(b[:n])
		require.ErrorIs(t, err, ErrMalformed)
	}
	_, err = p.ParseFingerprint(append(b, 0))
	require.ErrorIs(t, err, ErrMalformed)
	for i := range b {
		if i%8 == 0 {
			b[i] = 0x80
			_, err = p.ParseFingerprint(b)
			require.ErrorIs(t, err, ErrMalformed, "a residue that is too large")
			b[i] = 0
		}
	}
	_, err = newParams(t, masked).NewFingerprinter(point)
	require.Error(t, err)
}
