package many

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// TestPrivacy deals every secret with all random shares in GF(8), by the coefficients that
// dealing uses: for every dealer and every set of t parties, their shares take all values
// equally often, whatever the secret is. And with any secret and shares of the followers, all
// sets of t + 1 parties have a polynomial of the same value at zero.
func TestPrivacy(t *testing.T) {
	for _, n := range []int{4, 5} {
		threshold := (n - 1) / 2
		for dealer := range n {
			s := newBits(dealer, n, threshold)
			size := 1 << s.columns
			random := 1
			for range threshold {
				random *= size
			}
			for set := range 1 << n {
				if bits.OnesCount(uint(set)) != threshold {
					continue
				}
				for secret := range size {
					seen := make([]int, random)
					for r := range random {
						shares := dealt(s, dealer, n, threshold, uint64(secret), r)
						view := 0
						for i, share := range shares {
							if set>>i&1 == 1 {
								view = view*size + int(share)
							}
						}
						seen[view]++
						if set == 1<<threshold-1 {
							require.Equal(t, uint64(secret), value(s, shares[:threshold+1], 0))
							require.Equal(t, uint64(secret), value(s, shares[n-threshold-1:], n-threshold-1))
						}
					}
					for _, times := range seen {
						require.Equal(t, 1, times)
					}
				}
			}
		}
	}
}

// dealt returns the shares of all parties, of which r says what those of the followers are.
func dealt(s *space, dealer, n, threshold int, secret uint64, r int) []uint64 {
	shares, src := make([]uint64, n), []uint64{secret}
	for k := 1; k <= threshold; k++ {
		share := uint64(r & (1<<s.columns - 1))
		r >>= s.columns
		shares[(dealer+k)%n] = share
		src = append(src, share)
	}
	for i, coeff := range s.dealing {
		for j, c := range coeff {
			shares[i] ^= s.mul(c, src[j])
		}
	}
	return shares
}

// value returns the value at zero of a polynomial that parties from one on have values of.
func value(s *space, shares []uint64, first int) (sum uint64) {
	points := make([]uint64, len(shares))
	for i := range points {
		points[i] = uint64(first + i + 1)
	}
	for i, c := range s.lagrange(0, points) {
		sum ^= s.mul(c, shares[i])
	}
	return sum
}

// TestSmallFields holds the field laws, of every element, in all three fields, and the
// products of planes to those of elements.
func TestSmallFields(t *testing.T) {
	for _, n := range []int{7, 15, 16} {
		f := smallest(n)
		size := uint64(1) << f.m
		require.Less(t, uint64(n), size)
		require.Zero(t, f.inv(0))
		for a := range size {
			if a > 0 {
				require.Equal(t, uint64(1), f.mul(a, f.inv(a)))
			}
			x, y, z := engine.New(f.m, 1), engine.New(f.m, 1), engine.New(f.m, 1)
			for b := range size {
				require.Equal(t, f.mul(a, b), f.mul(b, a))
				require.Equal(t, f.mul(a, f.mul(b, 3)), f.mul(f.mul(a, b), 3))
				for k := range f.m {
					x.Parts[k][0] |= a >> k & 1 << b
					y.Parts[k][0] |= b >> k & 1 << b
				}
			}
			check := func(name string, of func(b uint64) uint64) {
				for b := range size {
					got := uint64(0)
					for k := range f.m {
						got |= z.Parts[k][0] >> b & 1 << k
					}
					require.Equal(t, of(b), got, name)
				}
			}
			f.product(z, x, y)
			check("product", func(b uint64) uint64 { return f.mul(a, b) })
			f.combine(z, []Vec{x, y}, []uint64{3, a})
			check("combine", func(b uint64) uint64 { return f.mul(a, 3) ^ f.mul(a, b) })
		}
	}
}

// TestElements holds numbers to elements and back, at the edges.
func TestElements(t *testing.T) {
	for _, x := range []int64{lowestNumber, lowestNumber + 1, -1, 0, 1, highestNumber - 1, highestNumber} {
		require.Equal(t, x, number(element(x)))
	}
	require.Equal(t, int64(highestNumber), number(element(lowestNumber-1)))
	require.Equal(t, int64(lowestNumber), number(element(highestNumber+1)))
	require.Equal(t, uint64(3), element(1<<63-1))  // 2^63 is 4
	require.Equal(t, element(-4), element(-1<<63)) // 2^63 is 4
}

// TestMasks holds that what conversions open is uniform whatever the secret is: c = s + r,
// where r is that of masks, which is in the field, and whose bits are shared.
func TestMasks(t *testing.T) {
	const n = 1000
	none(t, run(t, 5, func(p *Party) error {
		m, err := p.masks(n, 0)
		if err != nil {
			return err
		}
		r, err := p.reveal(p.numbers, m.r, p.everybody(), false)
		if err != nil {
			return err
		}
		words, err := p.RevealBits(engine.Concat(m.bits...), p.everybody())
		if err != nil {
			return err
		}
		require.Equal(t, planes(r.Parts[0]), words)
		// Every bit is one 500 times, with a standard deviation of 16. Coins are fixed.
		for k := range m.bits {
			ones := 0
			for _, w := range words[k*engine.Words(n) : (k+1)*engine.Words(n)] {
				ones += bits.OnesCount64(w)
			}
			require.InDelta(t, n/2, ones, 8*16)
		}
		return nil
	}))
}

// TestBitMasks holds that what [Party.Numbers] opens is uniform whatever the bits are: it is
// masked by bits that are random, and the same as numbers. Of 6400 half are ones, with a
// standard deviation of 40. Coins are fixed.
func TestBitMasks(t *testing.T) {
	const n, count = 64 * 50, 2
	none(t, run(t, 7, func(p *Party) error {
		numbers, masks, err := p.bitMasks(sizes(n, count))
		if err != nil {
			return err
		}
		r, err := p.Reveal(numbers, p.everybody())
		if err != nil {
			return err
		}
		words, err := p.RevealBits(masks, p.everybody())
		if err != nil {
			return err
		}
		ones := 0
		for i, bit := range r {
			require.Equal(t, uint64(bit), words[i/64]>>(i%64)&1)
			ones += int(bit)
		}
		require.InDelta(t, n*count/2, ones, 8*40)
		return nil
	}))
}

// TestCarries holds sums at the edges, where a carry goes around: with pairs whose sum is
// the prime less one, the prime, and one more.
func TestCarries(t *testing.T) {
	const prime = 1<<61 - 1
	a := []uint64{0, 0, 1, 1, prime - 1, prime - 1, 1 << 60, 1 << 60, 0x155555555555}
	b := []uint64{0, prime - 1, prime - 1, prime - 2, 1, prime - 1, 1<<60 - 1, 1 << 60, prime - 0x155555555555}
	none(t, run(t, 4, func(p *Party) error {
		var of [2][]Vec
		for side, numbers := range [][]uint64{a, b} {
			for k, word := range planes(numbers) {
				x, err := p.InputBits(side, 1, mine(p, side, []uint64{word}))
				if err != nil {
					return err
				}
				of[side] = append(of[side], x)
				require.Less(t, k, 61)
			}
		}
		gen, prop := make([]Vec, 61), make([]Vec, 61)
		for k := range gen {
			gen[k], prop[k] = p.NewBits(1), p.NewBits(1)
			engine.Xor(prop[k], of[0][k], of[1][k])
		}
		if err := p.And(gen, of[0], of[1]); err != nil {
			return err
		}
		var single []Vec
		for _, k := range []int{0, 1, 2, 30, 59, 60} {
			carry, err := p.into(k, gen, prop)
			if err != nil {
				return err
			}
			single = append(single, carry)
		}
		carry, err := p.carries(gen, prop)
		if err != nil {
			return err
		}
		for i, k := range []int{0, 1, 2, 30, 59, 60} {
			engine.Xor(single[i], single[i], carry[k])
		}
		for k := range prop {
			engine.Xor(prop[k], prop[k], carry[k])
		}
		difference, err := p.RevealBits(engine.Concat(single...), p.everybody())
		if err != nil {
			return err
		}
		sums, err := p.RevealBits(engine.Concat(prop...), p.everybody())
		if err != nil {
			return err
		}
		want := make([]uint64, len(a))
		for i := range want {
			want[i] = (a[i] + b[i]) % prime
		}
		require.Equal(t, planes(want), sums)
		for _, w := range difference {
			require.Zero(t, w&(1<<len(a)-1))
		}
		return nil
	}))
}
