package rlwe

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRows computes the table again: the primes are the largest of their length,
// transform, and stay below the ceilings.
func TestRows(t *testing.T) {
	last := 0
	for _, r := range rows {
		q := big.NewInt(1)
		// The next primes of the same length are the primes before.
		next := make(map[int]uint64)
		step := uint64(2) << r.logN
		for _, x := range slices.Backward(r.primes) {
			width := bits.Len64(x)
			y := next[width]
			if y == 0 {
				y = 1<<width + 1
			}
			for y -= step; !new(big.Int).SetUint64(y).ProbablyPrime(20); y -= step {
			}
			require.Equal(t, y, x)
			next[width] = y
			require.LessOrEqual(t, width, 48)
			require.Greater(t, x, uint64(maxContributors*maxMask)>>10, "sums of keys are not too long")
		}
		require.True(t, slices.IsSorted(r.primes))
		for _, x := range r.primes {
			q.Mul(q, new(big.Int).SetUint64(x))
		}
		require.LessOrEqual(t, len(r.primes), maxPrimes)
		require.LessOrEqual(t, q.BitLen(), 120)
		require.LessOrEqual(t, q.BitLen(), ceilings[r.logN])
		require.Greater(t, q.BitLen(), last, "rows are in order")
		last = q.BitLen()
	}
	// What [BCC+24] says, which is below what [HES18] does.
	require.Equal(t, map[int]int{11: 53, 12: 106, 13: 214}, ceilings)
}

func TestConfigRefuses(t *testing.T) {
	ok := collective
	for name, change := range map[string]func(c *Config){
		"mode":                func(c *Config) { c.Mode = 0 },
		"mode 4":              func(c *Config) { c.Mode = 4 },
		"capacity":            func(c *Config) { c.Capacity = 1 },
		"contributors":        func(c *Config) { c.Contributors = 0 },
		"many contributors":   func(c *Config) { c.Contributors = maxContributors + 1 },
		"holders":             func(c *Config) { c.Holders = 0 },
		"many holders":        func(c *Config) { c.Holders = maxHolders + 1 },
		"coefficients":        func(c *Config) { c.Coefficients = 0 },
		"many coefficients":   func(c *Config) { c.Coefficients = maxCoefficients + 1 },
		"no flooding":         func(c *Config) { c.Statistical = 0 },
		"much flooding":       func(c *Config) { c.Statistical = maxStatistical + 1 },
		"ring":                func(c *Config) { c.LogN = 10 },
		"receiver's holders":  func(c *Config) { c.Mode, c.Statistical = ReceiverKey, 0 },
		"receiver's flooding": func(c *Config) { c.Mode, c.Holders = ReceiverKey, 0 },
		"too large":           func(c *Config) { c.Capacity = math.MaxUint64 },
		"ring too small":      func(c *Config) { c.LogN = 11 },
	} {
		c := ok
		change(&c)
		_, err := New(c)
		require.Error(t, err, name)
		if name != "capacity" && name != "too large" {
			require.Zero(t, maxCapacity(c), name)
		}
	}
}

func TestDigest(t *testing.T) {
	seen := make(map[[32]byte]bool)
	for _, change := range []func(c *Config){
		func(c *Config) {}, func(c *Config) { c.Capacity++ }, func(c *Config) { c.Contributors++ }, func(c *Config) { c.Holders++ },
		func(c *Config) { c.Coefficients++ }, func(c *Config) { c.Statistical++ },
	} {
		c := collective
		change(&c)
		p := newParams(t, c)
		require.False(t, seen[p.Digest()])
		seen[p.Digest()] = true
	}
}

// maxCapacity returns the greatest power of two that [New] accepts as Capacity,
// which it ignores in c, or zero.
func maxCapacity(c Config) uint64 {
	fails := func(k int) bool {
		c.Capacity = 2 << k
		_, ok := choose(c)
		return !ok
	}
	if k := sort.Search(62, fails); k > 0 {
		return 1 << k
	}
	return 0
}

// randomConfig returns a question and the largest capacity for it.
func randomConfig(r interface {
	IntN(int) int
	Int64N(int64) int64
}) Config {
	c := Config{Mode: Mode(1 + r.IntN(3)), Contributors: 1 + r.IntN(1<<r.IntN(8)), Coefficients: 1 + r.Int64N(1<<r.IntN(30))}
	if c.Mode == Collective {
		c.Holders = 1 + r.IntN(6)
		c.Statistical = 1 + r.IntN(60)
	}
	return c
}

// TestMaxCapacity checks that it is the largest power of two, and that bounds
// hold in real numbers.
func TestMaxCapacity(t *testing.T) {
	r := newRand(t)
	for range 100 {
		c := randomConfig(r)
		c.Capacity = maxCapacity(c)
		if c.Capacity == 0 {
			continue
		}
		p, ok := choose(c)
		require.True(t, ok, "%+v", c)
		more := c
		more.Capacity *= 2
		_, ok = choose(more)
		require.False(t, ok, "%+v", c)

		b, ok := p.noise.bound(p.drop, p.slip())
		require.True(t, ok)
		noise, _ := new(big.Float).SetInt(toBig(b)).Float64()
		require.LessOrEqual(t, noise, 0.75*math.Exp2(float64(p.delta)-1))
		q, _ := new(big.Float).SetInt(toBig(p.q)).Float64()
		require.LessOrEqual(t, (float64(c.Capacity)-0.125)*math.Exp2(float64(p.delta)), q)

		// The parts, from their formulas.
		const variance = varianceError / 2.
		n, h, ps := float64(p.n), float64(max(1, c.Holders)), float64(c.Contributors)
		x := (usualFailure + math.Log2(2*float64(c.Coefficients)+2)) * math.Ln2
		norm := n + 2*math.Sqrt(n*x) + 2*x
		v := ps * (2./3*h*variance*norm + variance + variance*2./3*h*norm)
		if c.Mode == Masked {
			v = ps * sigmaMaskSquared100 / 100
		}
		small := math.Sqrt(2 * v * x)
		require.GreaterOrEqual(t, float64(p.noise.small), small)
		require.LessOrEqual(t, float64(p.noise.small), 1.05*small+2)
		if c.Mode == Collective {
			distance := float64(c.Coefficients) * math.Sqrt(v) / math.Exp2(float64(p.FloodBits()))
			require.LessOrEqual(t, distance, math.Exp2(-float64(c.Statistical)))
			require.GreaterOrEqual(t, distance, math.Exp2(-float64(c.Statistical)-2))
		}
	}
}

// TestNoiseIsAsPredicted measures the noise of real sums: its standard deviation is
// what the formula says, far inside the bound.
func TestNoiseIsAsPredicted(t *testing.T) {
	for _, c := range []Config{
		{Mode: ReceiverKey, Capacity: 1 << 30, Contributors: 8, Coefficients: 1e6, LogN: 12},
		{Mode: Masked, Capacity: 1 << 30, Contributors: 8, Coefficients: 1e6, LogN: 12},
	} {
		p := newParams(t, c)
		p.drop, p.span, p.bodyBits = 0, p.q.lo, p.q.bitLen() // no rounding
		for i, l := range p.limbs {
			p.lift[i] = l.mul(1, l.r2)
		}
		zeros := make([]uint64, p.n)
		x := p.newPoly()
		n, variance := float64(p.n), varianceError/2.
		want := 8 * (2./3*n*variance + variance + variance*2./3*n)
		sum, err := p.NewSum(p.n)
		require.NoError(t, err)
		if c.Mode == Masked {
			want = 8 * sigmaMaskSquared100 / 100.
			var keys []*MaskKey
			for i := range 8 {
				keys = append(keys, p.newMaskKey(stream(t, "key", i)))
				m, err := p.NewMasker(keys[i], [32]byte{})
				require.NoError(t, err)
				b, err := m.maskWith(nil, 0, zeros, stream(t, "mask", i))
				require.NoError(t, err)
				require.NoError(t, sum.Add(b))
			}
			m, err := p.NewMasker(sumKeys(p, keys), [32]byte{})
			require.NoError(t, err)
			m.product(0)
			copy(x, m.body)
			p.negate(x)
		} else {
			k := p.newSecret(stream(t, "secret", 0))
			key := p.NewPublicKey([32]byte{})
			require.NoError(t, key.Add(k.publicShare(nil, [32]byte{}, stream(t, "public", 0))))
			e, err := p.NewEncryptor(key)
			require.NoError(t, err)
			for i := range 8 {
				b, err := e.encrypt(nil, zeros, stream(t, "encrypt", i))
				require.NoError(t, err)
				require.NoError(t, sum.Add(b))
			}
			p.mulPoly(x, sum.mask, k.s)
			p.inverse(x)
		}
		sum.bodyTo(x)
		square := 0.0
		for i := range p.n {
			v := p.compose(x, i).lo
			d := float64(int64(v))
			if v > p.q.lo/2 {
				d = -float64(p.q.lo - v)
			}
			require.LessOrEqual(t, math.Abs(d), float64(p.noise.small))
			square += d * d
		}
		require.InEpsilon(t, want, square/n, 0.15)
	}
}

// TestFailure checks that less probable failures take more room, and which there are.
func TestFailure(t *testing.T) {
	c := Config{Mode: ReceiverKey, Capacity: 1 << 20, Contributors: 4, Coefficients: 1e4}
	var last uint128
	for _, c.Failure = range []int{40, 64, 128} {
		s := newNoise(c, 1<<11)
		b, ok := s.bound(0, uint128{})
		if !ok || last.less(b) != 1 {
			t.Errorf("failures of 2^-%d take no more room", c.Failure)
		}
		last = b
	}
	for _, c.Failure = range []int{-1, 39, 129} {
		if _, err := New(c); err == nil {
			t.Errorf("failures of 2^-%d are accepted", c.Failure)
		}
	}
}
