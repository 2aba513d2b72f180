package rlwe

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

var long = flag.Bool("long", false, "run tests that take minutes")

// TestRandomQuestions opens sums of random questions, with random values, and
// with all of them as small and as large as can be.
func TestRandomQuestions(t *testing.T) {
	r := newRand(t)
	runs := 25
	if testing.Short() {
		runs = 5
	} else if *long {
		runs = 2000
	}
	for range runs {
		c := randomConfig(r)
		c.Contributors = min(c.Contributors, 1+r.IntN(12))
		if c.Capacity = maxCapacity(c); c.Capacity == 0 {
			continue
		}
		c.Capacity -= uint64(r.Int64N(int64(c.Capacity / 2)))
		if c.Capacity < uint64(c.Contributors)+1 {
			continue
		}
		p := newParams(t, c)
		n := 1 + r.IntN(p.N())
		most := c.Capacity - 1
		each := most / uint64(c.Contributors)
		for name, value := range map[string]func(contributor, i int) uint64{
			"random": within(p, r),
			"least":  func(int, int) uint64 { return 0 },
			"most": func(contributor, i int) uint64 {
				if contributor == 0 {
					return most - each*uint64(c.Contributors-1)
				}
				return each
			},
		} {
			got, want := make([]uint64, n), make([]uint64, n)
			open(t, p, got, want, value)
			require.Equal(t, want, got, "%s of %+v", name, c)
		}
	}
}

// open goes through all of a question.
func open(t *testing.T, p *Params, got, want []uint64, value func(contributor, i int) uint64) {
	c, n := p.cfg, len(got)
	if c.Mode == Masked {
		sum, err := p.NewSum(n)
		require.NoError(t, err)
		var keys []*MaskKey
		for contributor := range c.Contributors {
			values := make([]uint64, n)
			for i := range values {
				values[i] = value(contributor, i)
				want[i] += values[i]
			}
			k, err := p.NewMaskKey()
			require.NoError(t, err)
			m, err := p.NewMasker(k, [32]byte{})
			require.NoError(t, err)
			b, err := m.Mask(nil, 0, values)
			require.NoError(t, err)
			require.NoError(t, sum.Add(b))
			keys = append(keys, k)
		}
		m, err := p.NewMasker(sumKeys(p, keys), [32]byte{})
		require.NoError(t, err)
		require.NoError(t, m.Open(got, 0, sum))
		return
	}
	g := newGroup(t, c)
	sum, w := g.contribute(t, n, value)
	copy(want, w)
	switch {
	case c.Mode == ReceiverKey:
		d, err := p.NewDecrypter(g.secrets[0])
		require.NoError(t, err)
		require.NoError(t, d.Open(got, sum))
	default:
		require.NoError(t, p.Open(got, sum, g.shares(t, sum, g.secrets)))
	}
}

// TestNoiseIsForgivenUpToItsLimit puts noise of known size beside messages.
func TestNoiseIsForgivenUpToItsLimit(t *testing.T) {
	for _, c := range []Config{collective, masked} {
		p := newParams(t, c)
		limit := (uint128{0, 3}).shl(p.delta - 3)
		one := uint128{0, 1}
		for _, v := range []uint64{0, 1, c.Capacity / 2, c.Capacity - 1} {
			for _, k := range []struct {
				noise uint128
				ok    bool
			}{{uint128{}, true}, {limit, true}, {limit.add(one), false}, {one.shl(p.delta - 1), false}} {
				for _, negative := range []bool{false, true} {
					x := p.place(uint128{}, v).add(k.noise).reduce(p.q)
					if negative {
						x = p.place(uint128{}, v).add(p.q.sub(k.noise)).reduce(p.q)
					}
					y := p.newPoly()
					for i := range p.limbs {
						p.limb(y, i)[2] = p.limbs[i].mod128(x.hi, x.lo)
					}
					got := make([]uint64, 3)
					err := p.decode(got, y)
					if k.ok {
						require.NoError(t, err)
						require.Equal(t, []uint64{0, 0, v}, got)
					} else {
						require.ErrorIs(t, err, ErrNoise)
					}
				}
			}
		}
		// A sum beyond the capacity does not open either, if Q leaves room.
		if (uint128{0, c.Capacity + 1}).shl(p.delta).less(p.q) == 1 {
			x, y := p.place(uint128{}, c.Capacity), p.newPoly()
			for i := range p.limbs {
				p.limb(y, i)[0] = p.limbs[i].mod128(x.hi, x.lo)
			}
			require.ErrorIs(t, p.decode(make([]uint64, 1), y), ErrNoise)
		}
	}
}

// TestFlooding checks that flooding noise has the range and the entropy that are
// claimed: every seven bits of it are uniform, given its three highest bits.
func TestFlooding(t *testing.T) {
	p := newParams(t, collective)
	w := make([]uint64, 2*draws)
	stream(t, "", 0).Uint64s(w)
	width := uint(p.FloodBits())
	half := uint128{0, 1}.shl(width - 1)
	noise := make([]uint128, draws)
	var y wide
	for i := range noise {
		if i%run == 0 {
			p.flooding(&y, w[2*i:])
		}
		x := uint128{y.hi[i%run], y.lo[i%run]}.add(half).reduce(p.q)
		require.True(t, x.shr(width) == uint128{}, "within the range")
		noise[i] = x
	}
	for shift := uint(0); shift+10 <= width; shift += 7 {
		x := make([]uint64, draws)
		for i, v := range noise {
			x[i] = v.shr(shift).lo&0x7f | v.shr(width-3).lo<<7
		}
		counts := make(map[int64]int)
		for _, v := range x {
			counts[int64(v)]++
		}
		chi2(t, counts, func(int64) float64 { return 1. / 1024 }, 0, 1023)
	}
	p.flooding(&y, []uint64{0, 0, ^uint64(0), ^uint64(0)})
	require.Equal(t, p.q.sub(half), uint128{y.hi[0], y.lo[0]})
	require.Equal(t, half.sub(uint128{0, 1}), uint128{y.hi[1], y.lo[1]})
}

// TestGolden pins what goes over the wire, for fixed coins: all parties expand
// the same seeds and transform by the same roots.
func TestGolden(t *testing.T) {
	check := func(name, want string, b []byte) {
		t.Helper()
		h := sha256.Sum256(b)
		if got := hex.EncodeToString(h[:16]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	g := newGroup(t, collective)
	p := g.p
	digest := p.Digest()
	check("digest", "5f71a6c388f8b19289343b52de2d61ec", digest[:])
	check("public share", "2c063bcf857bd07463e8facd43798a25", p.newSecret(stream(t, "s", 0)).publicShare(nil, [32]byte{1}, stream(t, "p", 0)))
	sum, _ := g.contribute(t, 100, func(c, i int) uint64 { return uint64(1000*c + i) })
	b, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	h, err := p.NewMaskHash()
	require.NoError(t, err)
	require.NoError(t, h.Add(1, sum.appendMask(nil)))
	hash, err := h.AppendBinary(nil)
	require.NoError(t, err)
	check("hash of masks", "8a83b984bc26ec04a4a67051554d09d3", hash)
	check("sum", "f3ea5bb4b0602068d0ef7a4f6e61f70e", b)
	check("share", "fa65b87230c7c7a5f4297788aae0b299", g.shares(t, sum, g.secrets[:1])[0])
	split, err := g.secrets[0].split(3, stream(t, "split", 0))
	require.NoError(t, err)
	check("threshold share", "62036622fa4b51b8dbc9b1237a6c74db", split[4])
	f := p.NewFingerprinter([32]byte{4})
	require.NoError(t, f.AddSum(sum))
	b, err = f.Sum().AppendBinary(nil)
	require.NoError(t, err)
	check("fingerprint", "e3130a4ce97419e793877342c16af123", b)

	q := newParams(t, masked)
	k := q.newMaskKey(stream(t, "mk", 0))
	shares, err := k.split(3, 5, stream(t, "ks", 0))
	require.NoError(t, err)
	check("key share", "8a7a7fdd83377e53cd67aec23c3a3ef9", shares[4])
	m, err := q.NewMasker(k, [32]byte{6})
	require.NoError(t, err)
	b, err = m.maskWith(nil, 7, []uint64{1, 2, 3}, stream(t, "mask", 0))
	require.NoError(t, err)
	check("masked", "642260c5cbeb7dea20b070a0b3c551ff", b)
}

// TestFloodSize computes what flooding must hide in floating-point numbers: the
// distance that the noise of a sum, by its variance, gives to two distributions of
// flooding, over all coefficients. It is what was asked for, and not much less.
func TestFloodSize(t *testing.T) {
	for _, coefficients := range []float64{1, 1000, 1.3e5, 3.7e5, 1e6} {
		for _, holders := range []float64{2, 8} {
			c := Config{Mode: Collective, Capacity: 1 << 20, Contributors: 8, Holders: int(holders), Coefficients: int64(coefficients), Statistical: 40}
			p := newParams(t, c)
			const sigma2 = float64(varianceError) / 2
			norm := holders * float64(p.N())
			deviation := math.Sqrt(8 * sigma2 * (2./3*norm + 1 + 2./3*norm))
			distance := coefficients * deviation / math.Ldexp(1, p.FloodBits())
			if distance > 0x1p-40 || distance < 0x1p-42 {
				t.Errorf("%v coefficients, %v holders: a distance of 2^%.2f", coefficients, holders, math.Log2(distance))
			}
		}
	}
}
