package rlwe

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func toBig(x uint128) *big.Int {
	v := new(big.Int).SetUint64(x.hi)
	return v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(x.lo))
}

func edge64(r *rand.Rand) uint64 {
	switch r.IntN(4) {
	case 0:
		return uint64(r.IntN(3))
	case 1:
		return -uint64(r.IntN(3))
	case 2:
		return 1 << r.IntN(64)
	}
	return r.Uint64() >> r.IntN(64)
}

func TestUint128(t *testing.T) {
	r := newRand(t)
	mod := new(big.Int).Lsh(big.NewInt(1), 128)
	equal := func(want *big.Int, got uint128) {
		t.Helper()
		if toBig(got).Cmp(want.Mod(want, mod)) != 0 {
			t.Fatalf("%x, want %x", toBig(got), want)
		}
	}
	for range 20000 {
		x, y := uint128{edge64(r), edge64(r)}, uint128{edge64(r), edge64(r)}
		bx, by := toBig(x), toBig(y)
		equal(new(big.Int).Add(bx, by), x.add(y))
		equal(new(big.Int).Sub(bx, by), x.sub(y))
		n := uint(r.IntN(128))
		equal(new(big.Int).Lsh(bx, n), x.shl(n))
		equal(new(big.Int).Rsh(bx, n), x.shr(n))
		require.Equal(t, bx.Cmp(by) < 0, x.less(y) == 1)
		require.Equal(t, bx.BitLen(), x.bitLen())
		if want := new(big.Int).Set(bx); bx.Cmp(by) >= 0 {
			equal(want.Sub(bx, by), x.reduce(y))
		} else {
			equal(want, x.reduce(y))
		}
	}
}

func TestLimb(t *testing.T) {
	r := newRand(t)
	for _, row := range []row{rows[0], rows[4], rows[8], rows[len(rows)-1]} {
		for _, l := range newLimbs(row) {
			q := new(big.Int).SetUint64(l.q)
			for range 2000 {
				hi, lo := edge64(r), edge64(r)
				want := toBig(uint128{hi, lo})
				require.Equal(t, want.Mod(want, q).Uint64(), l.mod128(hi, lo))
				x, y := edge64(r), edge64(r)%l.q
				// mul is xy/2^64.
				z := new(big.Int).Lsh(new(big.Int).SetUint64(l.mul(x, y)), 64)
				z.Sub(z, mul(x, y))
				require.Zero(t, z.Mod(z, q).Sign())
				require.Less(t, l.mul(x, y), l.q)
				if y != 0 {
					require.Equal(t, l.mul(1, l.r2), l.mul(y, l.invert(y)))
				}
			}
		}
	}
}

func TestCompose(t *testing.T) {
	r := newRand(t)
	for _, c := range []Config{collective, masked} {
		p := newParams(t, c)
		x := p.newPoly()
		for i := range p.n {
			v := new(big.Int).Rand(randSource(r), toBig(p.q))
			if i < 4 {
				v.SetInt64(int64(i))
			} else if i < 8 {
				v.Sub(toBig(p.q), big.NewInt(int64(i-3)))
			}
			for j, l := range p.limbs {
				x[j*p.n+i] = new(big.Int).Mod(v, new(big.Int).SetUint64(l.q)).Uint64()
			}
			require.Zero(t, v.Cmp(toBig(p.compose(x, i))))
		}
	}
}

// compose returns the coefficient of x at i.
func (p *Params) compose(x poly, i int) uint128 {
	var y wide
	p.addTo(&y, x, i, 1)
	return uint128{y.hi[0], y.lo[0]}
}

// addSmall returns x + e mod Q of a small number in two's complement.
func (p *Params) addSmall(x uint128, e uint64) uint128 {
	sign := -(e >> 63)
	return x.add(uint128{sign, e}).add(uint128{p.q.hi & sign, p.q.lo & sign}).reduce(p.q)
}

// place returns x + v 2^delta mod Q.
func (p *Params) place(x uint128, v uint64) uint128 {
	return x.add(uint128{0, v}.shl(p.delta)).reduce(p.q)
}

// roundOne drops the lowest bits of x.
func (p *Params) roundOne(x uint128) uint64 {
	return subtract(x.add(p.half()).shr(p.drop).lo, p.span)
}

// TestBodies compares the fused loop with its parts, at the edges too.
func TestBodies(t *testing.T) {
	r := newRand(t)
	for _, c := range []Config{
		collective,
		{Mode: ReceiverKey, Capacity: 1 << 40, Contributors: 80, Coefficients: 1e6, LogN: 12},
		{Mode: Collective, Capacity: 1 << 20, Contributors: 80, Holders: 2, Coefficients: 1, Statistical: 4},
		masked,
	} {
		p := newParams(t, c)
		x, got := p.newPoly(), make([]uint64, p.n)
		small, values := make([]uint64, p.n), make([]uint64, p.n)
		binomial(stream(t, "", 0), small)
		for i := range values {
			values[i] = r.Uint64N(c.Capacity)
			v := new(big.Int).Rand(randSource(r), toBig(p.q))
			if i%4 == 0 {
				values[i] = uint64(i/4%2) * (c.Capacity - 1)
			}
			if i%8 < 3 {
				v.Sub(toBig(p.q), big.NewInt(1+int64(i%64)))
			} else if i%8 < 6 {
				v.SetInt64(int64(i % 64))
			}
			for j, l := range p.limbs {
				x[j*p.n+i] = new(big.Int).Mod(v, new(big.Int).SetUint64(l.q)).Uint64()
			}
		}
		p.bodies(got, x, small, values)
		for i, v := range values {
			require.Equal(t, p.roundOne(p.place(p.addSmall(p.compose(x, i), small[i]), v)), got[i])
		}
	}
}

// TestFlooded compares the fused loop with its parts.
func TestFlooded(t *testing.T) {
	r := newRand(t)
	for _, c := range []Config{
		collective,
		{Mode: Collective, Capacity: 1 << 4, Contributors: 2, Holders: 1, Coefficients: 1, Statistical: 2},
		{Mode: Collective, Capacity: 1 << 8, Contributors: 2, Holders: 2, Coefficients: 1, Statistical: 30},
	} {
		p := newParams(t, c)
		x, got, w := p.newPoly(), make([]uint64, 64), make([]uint64, 128)
		for i := range p.n {
			v := new(big.Int).Rand(randSource(r), toBig(p.q))
			if i%4 == 0 {
				v.Sub(toBig(p.q), big.NewInt(1+int64(i%64)))
			}
			for j, l := range p.limbs {
				x[j*p.n+i] = new(big.Int).Mod(v, new(big.Int).SetUint64(l.q)).Uint64()
			}
		}
		for at := 0; at < p.n; at += len(got) {
			for i := range w {
				w[i] = edge64(r)
			}
			p.flooded(got, x, at, w)
			var noise wide
			p.flooding(&noise, w)
			for i := range got {
				require.Equal(t, p.roundOne(p.compose(x, at+i).add(uint128{noise.hi[i], noise.lo[i]}).reduce(p.q)), got[i])
			}
		}
	}
}

func TestField(t *testing.T) {
	r := newRand(t)
	for _, contributors := range []int{8, 1e6} {
		c := masked
		c.Contributors = contributors
		f := newParams(t, c).keyField()
		require.True(t, new(big.Int).SetUint64(f.p).ProbablyPrime(20))
		require.Greater(t, f.p, 2*uint64(contributors)*uint64(maxMask))
		for range 20000 {
			x := edge64(r)
			require.Equal(t, x%f.p, f.reduce(x))
			if x%f.p != 0 {
				require.Equal(t, uint64(1), f.reduce(x%f.p*f.inverse(x%f.p)))
			}
		}
	}
}
