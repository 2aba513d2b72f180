package rlwe

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFingerprint(t *testing.T) {
	for _, c := range []Config{
		{Mode: Collective, Capacity: 1 << 20, Contributors: 4, Holders: 2, Coefficients: 1e4, Statistical: 20},
		{Mode: ReceiverKey, Capacity: 1 << 20, Contributors: 4, Coefficients: 1e4},
		{Mode: ReceiverKey, Capacity: 1 << 58, Contributors: 4, Coefficients: 1e4}, // sums have more than 64 bits
	} {
		g := newGroup(t, c)
		p := g.p
		require.Equal(t, c.Capacity == 1<<58, p.sumBits() > 64)
		e, err := p.NewEncryptor(g.key)
		require.NoError(t, err)
		point := [32]byte{7}
		const chunks, n = 3, 13
		// of returns the fingerprint of sums that have gone over the wire.
		of := func(sums ...*Sum) Fingerprint {
			f := p.NewFingerprinter(point)
			for _, s := range sums {
				if c.Mode == Collective {
					s, err = p.ParseBody(n, s.AppendBody(nil))
				} else {
					b, err2 := s.AppendBinary(nil)
					require.NoError(t, err2)
					s, err = p.ParseSum(n, b)
				}
				require.NoError(t, err)
				require.NoError(t, f.AddSum(s))
			}
			b, err := f.Sum().AppendBinary(nil)
			require.NoError(t, err)
			require.Len(t, b, FingerprintSize)
			parsed, err := p.ParseFingerprint(b)
			require.NoError(t, err)
			require.Equal(t, f.Sum(), parsed)
			return parsed
		}
		newSum := func() *Sum {
			s, err := p.NewSum(n)
			require.NoError(t, err)
			return s
		}
		sums := []*Sum{newSum(), newSum(), newSum()}
		var total, last Fingerprint
		for range c.Contributors {
			var own []*Sum
			for _, sum := range sums {
				values := make([]uint64, n)
				values[3] = c.Capacity/4 - 1
				b, err := e.Encrypt(nil, values)
				require.NoError(t, err)
				require.NoError(t, sum.Add(b))
				s := newSum()
				require.NoError(t, s.Add(b))
				own = append(own, s)
			}
			last = of(own...)
			total = p.AddFingerprints(total, last)
		}
		require.Equal(t, total, of(sums...))

		// A contribution more, a chunk less, another order, another point, and
		// one more in any coefficient.
		require.NotEqual(t, total, p.AddFingerprints(total, last))
		require.NotEqual(t, total, of(sums[:2]...))
		require.NotEqual(t, total, of(sums[1], sums[0], sums[2]))
		point[0]++
		require.NotEqual(t, total, of(sums...))
		point[0]--
		for i := range n {
			sums[1].body[i] ^= 1
			require.NotEqual(t, total, of(sums...))
			sums[1].body[i] ^= 1
		}
		for i := 0; i < len(sums[1].mask); i += 509 {
			sums[1].mask[i] ^= 1
			require.Equal(t, c.Mode == Collective, total == of(sums...), "residue %d of the mask", i)
			sums[1].mask[i] ^= 1
		}
		require.Equal(t, total, of(sums...))

		f := p.NewFingerprinter(point)
		other, err := newParams(t, masked).NewSum(n)
		require.NoError(t, err)
		require.ErrorIs(t, f.AddSum(other), errOtherParams)
		if c.Mode == ReceiverKey {
			s, err := p.ParseBody(n, sums[0].AppendBody(nil))
			require.NoError(t, err)
			require.ErrorIs(t, f.AddSum(s), errMaskless)
		}
		require.Equal(t, Fingerprint{}, f.Sum())
	}
}

func TestParseFingerprint(t *testing.T) {
	for _, c := range []Config{collective, {Mode: ReceiverKey, Capacity: 1 << 20, Contributors: 4, Coefficients: 1e4}} {
		p := newParams(t, c)
		f := Fingerprint{body: [bodyCopies]uint64{mersenne - 1, 5}}
		if c.Mode == ReceiverKey {
			f.mask[0] = [maskCopies]uint64{p.limbs[0].q - 1, 1, 2, 3}
		}
		b, err := f.AppendBinary(nil)
		require.NoError(t, err)
		got, err := p.ParseFingerprint(b)
		require.NoError(t, err)
		require.Equal(t, f, got)
		for n := range b {
			_, err := p.ParseFingerprint(b[:n])
			require.ErrorIs(t, err, ErrMalformed)
		}
		_, err = p.ParseFingerprint(append(b, 0))
		require.ErrorIs(t, err, ErrMalformed)
		for i := 0; i < len(b); i += 8 {
			old := b[i]
			b[i] = 0x20
			_, err = p.ParseFingerprint(b)
			require.ErrorIs(t, err, ErrMalformed, "a value that is too large")
			b[i] = old
		}
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

// Inner products of short numbers need no reduction until the end.
func TestInnerShort(t *testing.T) {
	x, r, want := make([]uint64, 1<<13), make([]uint64, 1<<13), new(big.Int)
	for i := range x {
		x[i], r[i] = 1<<shortBits-1, mersenne-1
	}
	want.Mul(new(big.Int).SetUint64(x[0]), new(big.Int).SetUint64(r[0]))
	want.Mod(want.Lsh(want, 13), big.NewInt(mersenne))
	require.Equal(t, want.Uint64(), innerShort(x, r))
	require.Equal(t, want.Uint64(), inner61(x, r))
	for _, n := range []int{1, 7, 8, 9, 4000} {
		uniform(stream(t, "x", n), x, 1<<shortBits)
		uniform(stream(t, "r", n), r, mersenne)
		require.Equal(t, inner61(x[:n], r), innerShort(x[:n], r))
	}
}

// The greatest sums of bodies, of up to shortBits, of up to a word, and of more.
func TestFingerprintOfGreatestSums(t *testing.T) {
	kinds := make(map[string]bool)
	for _, capacity := range []uint64{1 << 20, 1 << 46, 1 << 52, 1 << 58} {
		p := newParams(t, Config{Mode: Masked, Capacity: capacity, Contributors: 4, Coefficients: 1e4})
		kinds[fmt.Sprint(p.sumBits() > shortBits, p.sumBits() > 64)] = true
		s, err := p.NewSum(p.n)
		require.NoError(t, err)
		f, twin := p.NewFingerprinter([32]byte{1}), p.NewFingerprinter([32]byte{1})
		greatest := new(big.Int).Lsh(big.NewInt(1), uint(p.sumBits()))
		greatest.Sub(greatest, big.NewInt(1))
		for i := range s.body {
			s.body[i] = 1<<min(64, p.sumBits()) - 1
			if s.over != nil {
				s.over[i] = 1<<(p.sumBits()-64) - 1
			}
		}
		require.NoError(t, f.AddSum(s))
		var b [bodyCopies]uint64
		uniform(twin.g, b[:], mersenne)
		for c, r := range twin.body {
			want := new(big.Int)
			for _, x := range r {
				want.Add(want, new(big.Int).SetUint64(x))
			}
			want.Mul(want, greatest).Mul(want, new(big.Int).SetUint64(b[c]))
			require.Equal(t, want.Mod(want, big.NewInt(mersenne)).Uint64(), f.Sum().body[c])
		}
	}
	require.Len(t, kinds, 3)
}

// TestCopies checks that a fingerprint has room for the values that every prime
// needs, and that they are as many as the error that they leave takes.
func TestCopies(t *testing.T) {
	for _, r := range rows {
		for _, l := range newLimbs(r) {
			c := l.copies()
			require.LessOrEqual(t, c, maskCopies, "prime %#x", l.q)
			// (2/q)^c < 2^-119
			q := new(big.Int).Exp(new(big.Int).SetUint64(l.q), big.NewInt(int64(c)), nil)
			require.Positive(t, q.Cmp(new(big.Int).Lsh(big.NewInt(1), uint(119+c))), "prime %#x", l.q)
		}
	}
	// The shortest prime is in this modulus.
	p := newGroup(t, Config{Mode: ReceiverKey, Capacity: 1 << 12, Contributors: 2, Coefficients: 1e3, LogN: 11, LogQ: 49}).p
	require.Equal(t, maskCopies, p.limbs[0].copies())
	sum, err := p.NewSum(1)
	require.NoError(t, err)
	f := p.NewFingerprinter([32]byte{})
	require.NoError(t, f.AddSum(sum))
	b, err := f.Sum().AppendBinary(nil)
	require.NoError(t, err)
	_, err = p.ParseFingerprint(b)
	require.NoError(t, err)
}

// TestUnusedCopies checks that a fingerprint has nothing where a prime needs no
// value.
func TestUnusedCopies(t *testing.T) {
	p, err := New(Config{Mode: ReceiverKey, Capacity: 1 << 20, Contributors: 4, Coefficients: 1e4})
	require.NoError(t, err)
	for i := range maxPrimes {
		for c := range maskCopies {
			var f Fingerprint
			f.mask[i][c] = 1
			b, err := f.AppendBinary(nil)
			require.NoError(t, err)
			_, err = p.ParseFingerprint(b)
			require.Equal(t, i < len(p.limbs) && c < p.limbs[i].copies(), err == nil, "value %d of prime %d", c, i)
		}
	}
}

// TestMalformedMask checks that a sum does not change by a body whose mask is
// malformed, in its last residue too.
func TestMalformedMask(t *testing.T) {
	g := newGroup(t, Config{Mode: ReceiverKey, Capacity: 1 << 20, Contributors: 4, Coefficients: 1e4})
	p := g.p
	e, err := p.NewEncryptor(g.key)
	require.NoError(t, err)
	ct, err := e.Encrypt(nil, []uint64{1, 2, 3})
	require.NoError(t, err)
	sum, err := p.NewSum(3)
	require.NoError(t, err)
	require.NoError(t, sum.Add(ct))
	want, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	for i := range 8 {
		ct[p.MaskSize()-1-i] = 0xff
	}
	require.ErrorIs(t, sum.Add(ct), ErrMalformed)
	got, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, 1, sum.Count())
}
