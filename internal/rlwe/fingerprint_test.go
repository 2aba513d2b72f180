package rlwe

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func fingerprint(t testing.TB, p *Params, point [32]byte, n int, bodies ...[]byte) Fingerprint {
	f := p.NewFingerprinter(point)
	for _, b := range bodies {
		require.NoError(t, f.Add(b, n))
	}
	return f.Sum()
}

func TestFingerprint(t *testing.T) {
	for _, c := range []Config{
		{Mode: Collective, Capacity: 1 << 20, Contributors: 4, Holders: 2, Coefficients: 1e4, Statistical: 20},
		{Mode: ReceiverKey, Capacity: 1 << 58, Contributors: 4, Coefficients: 1e4}, // sums have more than 64 bits
	} {
		g := newGroup(t, c)
		p := g.p
		require.Equal(t, c.Mode == ReceiverKey, p.sumBits() > 64)
		e, err := p.NewEncryptor(g.key)
		require.NoError(t, err)
		point := [32]byte{7}
		const chunks, n = 3, 13
		var sums [chunks]*Sum
		for i := range sums {
			sums[i], err = p.NewSum(n)
			require.NoError(t, err)
		}
		var total Fingerprint
		var last [][]byte
		for range c.Contributors {
			last = nil
			for i := range sums {
				values := make([]uint64, n)
				values[3] = c.Capacity/4 - 1
				b, err := e.Encrypt(nil, values)
				require.NoError(t, err)
				require.NoError(t, sums[i].Add(b))
				last = append(last, b[p.MaskSize():])
			}
			f := fingerprint(t, p, point, n, last...)
			b, err := f.AppendBinary(nil)
			require.NoError(t, err)
			require.Len(t, b, FingerprintSize)
			parsed, err := ParseFingerprint(b)
			require.NoError(t, err)
			require.Equal(t, f, parsed)
			total = AddFingerprints(total, f)
		}
		of := func(sums ...*Sum) Fingerprint {
			f := p.NewFingerprinter(point)
			for _, s := range sums {
				b := s.AppendBody(nil)
				require.Len(t, b, p.BodySumSize(n))
				s, err := p.ParseBody(n, b)
				require.NoError(t, err)
				require.NoError(t, f.AddSum(s))
			}
			return f.Sum()
		}
		require.Equal(t, total, of(sums[:]...))

		// A contribution more, a chunk less, another order, another point, and
		// one more in any coefficient.
		require.NotEqual(t, total, AddFingerprints(total, fingerprint(t, p, point, n, last...)))
		require.NotEqual(t, total, of(sums[:2]...))
		require.NotEqual(t, total, of(sums[1], sums[0], sums[2]))
		point[0]++
		require.NotEqual(t, total, of(sums[:]...))
		point[0]--
		for i := range n {
			sums[1].body[i] ^= 1
			require.NotEqual(t, total, of(sums[:]...))
			sums[1].body[i] ^= 1
		}
		require.Equal(t, total, of(sums[:]...))

		f := p.NewFingerprinter(point)
		require.ErrorIs(t, f.Add(last[0][1:], n), ErrMalformed)
		require.Error(t, f.Add(last[0], 0))
		require.Error(t, f.Add(last[0], p.N()+1))
		other, err := newParams(t, masked).NewSum(n)
		require.NoError(t, err)
		require.ErrorIs(t, f.AddSum(other), errOtherParams)
		require.Equal(t, Fingerprint{}, f.Sum())
	}
}

func TestParseFingerprint(t *testing.T) {
	b, err := Fingerprint{[copies]uint64{mersenne - 1, 5}}.AppendBinary(nil)
	require.NoError(t, err)
	_, err = ParseFingerprint(b)
	require.NoError(t, err)
	for n := range b {
		_, err := ParseFingerprint(b[:n])
		require.ErrorIs(t, err, ErrMalformed)
	}
	_, err = ParseFingerprint(append(b, 0))
	require.ErrorIs(t, err, ErrMalformed)
	for i := 0; i < len(b); i += 8 {
		old := b[i]
		b[i] = 0x20
		_, err = ParseFingerprint(b)
		require.ErrorIs(t, err, ErrMalformed, "a value that is too large")
		b[i] = old
	}
}

func TestReduce61(t *testing.T) {
	r := newRand(t)
	for range 20000 {
		x := uint128{edge64(r), edge64(r)}
		want := toBig(x)
		require.Equal(t, want.Mod(want, big.NewInt(mersenne)).Uint64(), reduce61(x.hi, x.lo))
	}
}
