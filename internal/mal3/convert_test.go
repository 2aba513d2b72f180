package mal3

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// TestSummands converts and truncates numbers whose summands are at the edges, as a corrupted party
// or a client can choose them.
func TestSummands(t *testing.T) {
	edges := []int64{0, 1, -1, 2, 255, 256, -256, 1 << 32, math.MaxInt64, math.MinInt64, math.MaxInt64 - 255, math.MinInt64 + 1, 1 << 62, -1 << 62, 1<<62 - 1}
	var x []int64
	var summands [Parties][]uint64
	for _, v := range edges {
		for _, a := range edges {
			for _, b := range edges {
				x = append(x, v)
				for k, s := range []int64{a, b, v - a - b} {
					summands[k] = append(summands[k], uint64(s))
				}
			}
		}
	}
	n := len(x)
	bit := func(words []uint64, i int) uint64 { return words[i/64] >> (i % 64) & 1 }
	none(t, run(t, func(p *Party) error {
		i := p.Index()
		v := Vec{Parts: [][]uint64{summands[i], summands[(i+1)%Parties]}}
		negative, err := p.Negative(v, 64)
		if err != nil {
			return err
		}
		zero, err := p.Zero(v, 64)
		if err != nil {
			return err
		}
		planes, err := p.Decompose(v, 64)
		if err != nil {
			return err
		}
		words, err := p.RevealBits(engine.Concat(negative, zero, planes), everyone)
		if err != nil {
			return err
		}
		w := engine.Words(n)
		for i, x := range x {
			require.Equal(t, uint64(x)>>63, bit(words, i), "the sign of %d", x)
			require.Equal(t, x == 0, bit(words[w:], i) == 1, "%d is zero", x)
			for k := range 64 {
				require.Equal(t, uint64(x)>>k&1, bit(words[(2+k)*w:], i), "bit %d of %d", k, x)
			}
		}
		for _, shift := range []int{1, 2, 8, 31, 60, 61} {
			z := p.NewVec(n)
			if err := p.Truncate(z, v, shift); err != nil {
				return err
			}
			values, err := p.Reveal(z, everyone)
			if err != nil {
				return err
			}
			for i, x := range x {
				if x >= -1<<62 && x < 1<<62 {
					require.Equal(t, x>>shift, values[i], "%d / 2^%d", x, shift)
				}
			}
		}
		return nil
	}))
}
