package rlwe

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// hashedConfigs have hashes with one prime and with two, of sums that are residues
// modulo these and of sums that are not, and chunks of half a polynomial of a
// hash, of one and of two for each prime.
var hashedConfigs = map[string]Config{
	"two a prime":     collective,
	"half a prime":    {Mode: Collective, Capacity: 1 << 4, Contributors: 3, Holders: 2, Coefficients: 10, Statistical: 2, LogN: 11},
	"one bit longer":  {Mode: Collective, Capacity: 1 << 15, Contributors: 4095, Holders: 2, Coefficients: 10, Statistical: 2, LogN: 11},
	"one a prime":     {Mode: Collective, Capacity: 1 << 20, Contributors: 100, Holders: 3, Coefficients: 100, Statistical: 40, LogN: 12},
	"two hash primes": {Mode: Collective, Capacity: 1 << 40, Contributors: 4000, Holders: 3, Coefficients: 100, Statistical: 10, LogN: 12, LogQ: 96},
}

// The hash of a sum of masks is the sum of the hashes of masks, with as many as
// there may be and the greatest residues too.
func TestMaskHashIsLinear(t *testing.T) {
	primes, limbs := make(map[int]bool), make(map[int]bool)
	for name, c := range hashedConfigs {
		t.Run(name, func(t *testing.T) {
			p := newParams(t, c)
			primes[len(p.hash)] = true
			limbs[len(p.limbs)*p.n%p.hashN] = true
			want, got := newMaskHash(t, p), newMaskHash(t, p)
			for chunk := range 3 {
				sum, err := p.NewMaskSum()
				require.NoError(t, err)
				for i := range 3 {
					x := p.newPoly()
					for k, l := range p.limbs {
						uniform(stream(t, "mask", 3*chunk+i), p.limb(x, k), l.q)
						p.limb(x, k)[0] = l.q - 1
					}
					mask, one := p.appendPoly(nil, x), newMaskHash(t, p)
					require.NoError(t, sum.Add(mask))
					require.NoError(t, one.Add(chunk, mask))
					b, err := one.AppendBinary(nil)
					require.NoError(t, err)
					require.Len(t, b, p.MaskHashSize())
					require.NoError(t, want.AddBinary(b))
				}
				b, err := sum.AppendBinary(nil)
				require.NoError(t, err)
				require.Len(t, b, p.MaskSumSize())
				require.NoError(t, sum.Parse(b, 3))
				require.False(t, got.Equal(want))
				other := newMaskHash(t, p)
				require.NoError(t, other.AddSum(chunk, sum))
				require.NoError(t, got.Merge(other))
			}
			require.True(t, got.Equal(want))
			got.Reset()
			require.True(t, got.Equal(newMaskHash(t, p)))
		})
	}
	require.Len(t, primes, 2)
	require.Len(t, limbs, 2) // whole polynomials, and a half one
}

// The most masks, of the greatest residues.
func TestGreatestMaskSum(t *testing.T) {
	for name := range hashedConfigs {
		t.Run(name, func(t *testing.T) { testGreatestMaskSum(t, newParams(t, hashedConfigs[name])) })
	}
	require.Equal(t, 49, newParams(t, hashedConfigs["one bit longer"]).maskSumBits(0))
}

func testGreatestMaskSum(t *testing.T, p *Params) {
	require.Equal(t, p.longSums, p.maskSumBits(len(p.limbs)-1) >= 48)
	greatest := p.newPoly()
	for i, l := range p.limbs {
		for j := range p.n {
			p.limb(greatest, i)[j] = l.q - 1
		}
	}
	mask := p.appendPoly(nil, greatest)
	sum, err := p.NewMaskSum()
	require.NoError(t, err)
	one, all := newMaskHash(t, p), newMaskHash(t, p)
	require.NoError(t, one.Add(0, mask))
	b, err := one.AppendBinary(nil)
	require.NoError(t, err)
	for range p.cfg.Contributors {
		require.NoError(t, all.AddBinary(b))
	}
	require.NoError(t, sum.Add(mask))
	for i := range sum.sums {
		sum.sums[i] *= uint64(p.cfg.Contributors)
	}
	b, err = sum.AppendBinary(nil)
	require.NoError(t, err)
	require.NoError(t, sum.Parse(b, p.cfg.Contributors))
	require.ErrorIs(t, sum.Parse(b, p.cfg.Contributors-1), ErrMalformed)
	require.NoError(t, sum.Parse(b, p.cfg.Contributors))
	got := newMaskHash(t, p)
	require.NoError(t, got.AddSum(0, sum))
	require.True(t, got.Equal(all))
	sum.sums[len(sum.sums)-1]++
	beyond, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	require.ErrorIs(t, sum.Parse(beyond, p.cfg.Contributors), ErrMalformed)
	for i, l := range p.limbs { // -1 as often
		want := l.q - uint64(p.cfg.Contributors)
		require.NoError(t, sum.Parse(b, p.cfg.Contributors))
		x := p.newPoly()
		require.NoError(t, p.parsePoly(x, sum.AppendMask(nil)))
		require.Equal(t, want, p.limb(x, i)[7])
	}
}

// A mask, or a hash, with a residue that is none, wherever it is, is refused.
func TestMaskResidues(t *testing.T) {
	for name, c := range hashedConfigs {
		p := newParams(t, c)
		for i, l := range p.limbs {
			for _, at := range []int{0, 511, 512, p.n/2 - 1, p.n / 2, p.n - 1} {
				for residue, want := range map[uint64]error{l.q - 1: nil, l.q: ErrMalformed} {
					x := p.newPoly()
					p.limb(x, i)[at] = residue
					sum, err := p.NewMaskSum()
					require.NoError(t, err)
					mask := p.appendPoly(nil, x)
					require.Equal(t, want, newMaskHash(t, p).Add(0, mask), "%s: %d at %d of prime %d", name, residue, at, i)
					require.Equal(t, want, sum.Add(mask), "%s: %d at %d of prime %d", name, residue, at, i)
				}
			}
		}
		for k, l := range p.hash {
			for _, at := range []int{0, p.hashN - 1} {
				for residue, want := range map[uint64]error{l.q - 1: nil, l.q: ErrMalformed} {
					one, two := newMaskHash(t, p), newMaskHash(t, p)
					one.sum[k][at] = residue
					b, err := one.AppendBinary(nil)
					require.NoError(t, err)
					require.Equal(t, want, two.AddBinary(b))
					require.Equal(t, want == nil, one.Equal(two))
				}
			}
		}
		other := c
		other.Coefficients++
		sum, err := newParams(t, other).NewMaskSum()
		require.NoError(t, err)
		require.ErrorIs(t, newMaskHash(t, p).AddSum(0, sum), errOtherParams)
		require.ErrorIs(t, newMaskHash(t, p).Merge(newMaskHash(t, newParams(t, other))), errOtherParams)
		require.False(t, newMaskHash(t, p).Equal(newMaskHash(t, newParams(t, other))))
	}
}

func newMaskHash(t testing.TB, p *Params) *MaskHash {
	h, err := p.NewMaskHash()
	require.NoError(t, err)
	return h
}

// The hash is what the definition says: the sum of products of polynomials, term
// by term.
func TestMaskHashByDefinition(t *testing.T) {
	p := tiny(t, Config{Mode: Collective, Capacity: 1 << 4, Contributors: 3, Holders: 2, Coefficients: 10, Statistical: 2}, 62)
	require.Equal(t, p.n, p.hashN)
	h := newMaskHash(t, p)
	want := make([]uint64, p.n)
	l := p.hash[0]
	product := func(x, y uint64) uint64 {
		hi, lo := bits.Mul64(x, y)
		_, r := bits.Div64(hi, lo, l.q)
		return r
	}
	for chunk := range 2 {
		x := p.newPoly()
		for k := range p.limbs {
			uniform(stream(t, "mask", chunk), p.limb(x, k), p.limbs[k].q)
		}
		require.NoError(t, h.Add(chunk, p.appendPoly(nil, x)))
		g := prg.New(p.seed("mask hash", binary.BigEndian.AppendUint64(nil, uint64(chunk))))
		for k := range p.limbs {
			a := make([]uint64, p.n)
			for i := range a {
				var b [8]byte
				g.Bytes(b[:6])
				a[i] = binary.LittleEndian.Uint64(b[:])
				require.Less(t, a[i], l.q)
			}
			l.Inverse(a, a)
			for i, v := range p.limb(x, k) {
				for j, w := range a {
					at, r := i+j, product(v, w)
					if at >= p.n { // X^N is -1
						at, r = at-p.n, l.q-r
					}
					want[at] = (want[at] + r) % l.q
				}
			}
		}
	}
	got := make([]uint64, p.n)
	l.Inverse(got, h.sum[0])
	require.Equal(t, want, got)
}

// Every residue of every chunk counts, and where it is.
func TestMaskHashDiffers(t *testing.T) {
	p := newParams(t, collective)
	of := func(chunk int, change func(x poly)) string {
		x := p.newPoly()
		change(x)
		h := newMaskHash(t, p)
		require.NoError(t, h.Add(chunk, p.appendPoly(nil, x)))
		b, err := h.AppendBinary(nil)
		require.NoError(t, err)
		return string(b)
	}
	seen := make(map[string]string)
	for chunk := range 2 {
		for _, at := range []int{0, 1, 4095, 4096, 8191, 8192, len(p.newPoly()) - 1} {
			for _, v := range []uint64{1, 2} {
				s := of(chunk, func(x poly) { x[at] = v })
				name := fmt.Sprint(chunk, at, v)
				require.Empty(t, seen[s], name)
				seen[s] = name
			}
		}
	}
	// Other parameters have other hashes.
	c := collective
	c.Capacity--
	q := newParams(t, c)
	x, y := newMaskHash(t, p), newMaskHash(t, q)
	mask := make([]byte, p.MaskSize())
	mask[0] = 1
	require.NoError(t, x.Add(0, mask))
	require.NoError(t, y.Add(0, mask))
	require.NotEqual(t, x.sum, y.sum)
}

// Coefficients of collisions are as short as the ring of hashes needs, for all
// rings and numbers of contributors that there are, and sums fit a word. The
// bounds are below a sixth of the modulus.
func TestMaskHashBounds(t *testing.T) {
	for k, bound := range hashBound {
		require.Less(t, bound, 48*(k+1)-2)
	}
	for _, r := range rows {
		for n := 1; n <= maxContributors; n = 2*n - n/3 + 1 {
			k, ok := Config{Contributors: n}.hashPrimes(r)
			q := r.primes[len(r.primes)-1]
			hi, lo := bits.Mul64(q, uint64(n))
			require.Equal(t, hi == 0, ok, "%d contributors, %x", n, q)
			if !ok {
				continue
			}
			collision := (uint128{hi, lo}).shl(1).bitLen()
			require.LessOrEqual(t, collision, hashBound[k-1])
			if k > 1 {
				require.Greater(t, collision, hashBound[k-2])
			}
		}
	}
	// A question of too many is refused, or gets a ring for so many.
	c := hashedConfigs["two hash primes"]
	c.Contributors = maxContributors
	_, err := New(c)
	require.Error(t, err)
}

func TestReduceAll(t *testing.T) {
	for _, l := range newLimbs(row{11, []uint64{0xffc001, 0x1ffffe0001, 0xffffffffc001}}) {
		x := []uint64{0, 1, l.q - 1, l.q, l.q + 1, 2*l.q - 1, 1<<64 - 1, 1<<64 - 1<<40, (1<<64 - 1) / l.q * l.q, (1<<64-1)/l.q*l.q - 1}
		r := stream(t, "words", int(l.q%1000))
		for range 10000 {
			x = append(x, r.Uint64())
		}
		want := make([]uint64, len(x))
		for i, v := range x {
			want[i] = v % l.q
		}
		l.reduceAll(x)
		require.Equal(t, want, x)
	}
}

func BenchmarkMaskHash(b *testing.B) {
	p := newParams(b, collective)
	mask := make([]byte, p.MaskSize())
	h := newMaskHash(b, p)
	b.Run("mask", func(b *testing.B) {
		for b.Loop() {
			if h.Add(0, mask) != nil {
				b.Fatal()
			}
		}
		perValue(b, p.n, 0)
	})
	sum, err := p.NewMaskSum()
	require.NoError(b, err)
	require.NoError(b, sum.Add(mask))
	sums, err := sum.AppendBinary(nil)
	require.NoError(b, err)
	b.Run("sum", func(b *testing.B) {
		var out []byte
		for b.Loop() {
			if sum.Parse(sums, 1) != nil || h.AddSum(0, sum) != nil {
				b.Fatal()
			}
			out = sum.AppendMask(out[:0])
		}
		perValue(b, p.n, len(sums))
	})
}
