package rep3

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// TestBits computes with words of bits, in more than one segment.
func TestBits(t *testing.T) {
	for _, n := range []int{0, 1, 3, chunk + 5} {
		a, b := numbers(1, n), numbers(2, n)
		none(t, run(t, func(p *Party) error {
			x, err := p.InputBits(1, n, p.mine(1, a))
			require.NoError(t, err)
			y, err := p.InputBits(2, n, p.mine(2, b))
			require.NoError(t, err)
			first, second := p.pair(y, false)
			require.Equal(t, p.index == 0, first != nil)
			require.Equal(t, p.index == 0, second == nil)
			u, err := p.InputBits(0, n, first)
			require.NoError(t, err)
			w := p.known(n, second)
			engine.Xor(w, w, u) // y again
			p.Not(w)
			rounds := p.rounds
			xy, xw := NewVec(n), NewVec(n)
			require.NoError(t, p.And([]Vec{xy, xw}, []Vec{x, x}, []Vec{y, w}))
			require.Equal(t, rounds+1, p.rounds)
			both, err := p.RevealBits(xy, everyone)
			require.NoError(t, err)
			first, err = p.RevealBits(xw, everyone)
			for i := range a {
				require.Equal(t, a[i]&b[i], both[i])
				require.Equal(t, a[i]&^b[i], first[i])
			}
			return err
		}))
	}
}

// TestBitMasks is [TestMasks] for conjunctions: what is sent for factors of zero is
// uniform, and adds up to zero. Of 64·16256 bits half are ones; that it is more than
// eight standard deviations of 510 off has a probability below 10^-14.
func TestBitMasks(t *testing.T) {
	var sent [Parties][]uint64
	none(t, run(t, func(p *Party) error {
		x, z := NewVec(chunk), NewVec(chunk)
		err := p.And([]Vec{z}, []Vec{x}, []Vec{x})
		sent[p.index] = z.Parts[0]
		return err
	}))
	for i := range chunk {
		require.Zero(t, sent[0][i]^sent[1][i]^sent[2][i])
	}
	for _, words := range sent {
		ones := 0
		for _, w := range words {
			ones += bits.OnesCount64(w)
		}
		require.InDelta(t, 32*chunk, ones, 8*510)
	}
}

// TestBitMistakes are errors before anything is sent.
func TestBitMistakes(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		one, two := NewVec(1), NewVec(2)
		require.Error(t, p.And([]Vec{two}, []Vec{one}, []Vec{two}))
		require.Error(t, p.And([]Vec{two}, []Vec{two}, nil))
		require.Error(t, p.MatMul(one, 1, 2, 1, two, one))
		require.Error(t, p.Truncate(one, two, 3))
		require.Error(t, p.Truncate(two, two, 0))
		_, err := p.Summands(one, 65, false)
		require.Error(t, err)
		_, err = p.Numbers(65, one)
		require.Error(t, err)
		return nil
	}))
}
