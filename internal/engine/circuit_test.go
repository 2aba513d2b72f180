package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A plain computes in the clear, with a number as the sum of two or three random ones,
// and counts conjunctions and rounds.
type plain struct {
	summands    int
	rand        *rand.Rand
	rounds, and int
}

func (p *plain) NewBits(n int) Vec { return New(1, n) }

func (p *plain) Not(x Vec) {
	for i := range x.Parts[0] {
		x.Parts[0][i] = ^x.Parts[0][i]
	}
}

func (p *plain) And(dst, x, y []Vec) error {
	p.rounds++
	for k, z := range dst {
		Mask(z, x[k], y[k].Parts[0])
		p.and += z.Len()
	}
	return nil
}

func (p *plain) Summands(x Vec, bits int, negate bool) ([]Vec, error) {
	terms := make([][]uint64, p.summands)
	rest := x.Clone().Parts[0]
	for k := range terms[1:] {
		terms[k] = make([]uint64, x.Len())
		for i := range rest {
			terms[k][i] = p.rand.Uint64()
			rest[i] -= terms[k][i]
		}
	}
	for i := range rest {
		if negate {
			rest[i] = -rest[i]
		}
	}
	terms[len(terms)-1] = rest
	vecs := make([]Vec, len(terms))
	for k := range vecs {
		vecs[k] = Vec{[][]uint64{Slice(terms[k], Planes(bits))}}
	}
	return vecs, nil
}

// TestCircuits compares all circuits with Go, for every size, over edges and random
// numbers.
func TestCircuits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for summands := 2; summands <= 3; summands++ {
		for size := 1; size <= 64; size++ {
			if testing.Short() && size > 5 && size%9 != 1 {
				continue
			}
			lowest := int64(-1) << (size - 1)
			x := []int64{lowest, lowest + 1, -1, 0, ^lowest, ^lowest - 1}
			for range 70 {
				x = append(x, int64(r.Uint64())>>(64-size))
			}
			numbers := make([]uint64, len(x))
			for i := range x {
				if x[i] < lowest || x[i] > ^lowest { // of small sizes
					x[i] = 0
				}
				numbers[i] = uint64(x[i])
			}
			v := Vec{[][]uint64{numbers}}
			bit := func(plane Vec, i int) bool { return plane.Parts[0][i/64]>>(i%64)&1 == 1 }
			name := func(i int) string { return fmt.Sprintf("%d of %d bits, %d summands", x[i], size, summands) }
			levels := 0
			for 1<<levels < Planes(size) {
				levels++
			}

			g := &plain{summands: summands, rand: r}
			negative, err := Negative(g, v, size)
			require.NoError(t, err)
			require.Equal(t, levels+summands-1, g.rounds)
			require.LessOrEqual(t, g.and, (summands+1)*Planes(size)*Words(len(x)))
			if summands == 2 {
				require.Equal(t, NegativeWords(size)*Words(len(x)), g.and)
			}
			g = &plain{summands: summands, rand: r}
			zero, err := Zero(g, v, size)
			require.NoError(t, err)
			require.Equal(t, levels+summands-2, g.rounds)
			require.LessOrEqual(t, g.and, (summands-1)*Planes(size)*Words(len(x)))
			g = &plain{summands: summands, rand: r}
			planes, err := Decompose(g, v, size)
			require.NoError(t, err)
			require.LessOrEqual(t, g.rounds, levels+summands-1)
			require.Equal(t, size*Words(len(x)), planes.Len())
			for i := range x {
				require.Equal(t, x[i] < 0, bit(negative, i), name(i))
				require.Equal(t, x[i] == 0, bit(zero, i), name(i))
				for k := range size {
					require.Equal(t, x[i]>>k&1 == 1, bit(planes.Slice(k*Words(len(x)), (k+1)*Words(len(x))), i), name(i))
				}
			}
		}
	}
}

func TestVec(t *testing.T) {
	v := Vec{[][]uint64{{1, 2, 3}, {4, 5, 6}}}
	require.Equal(t, "engine.Vec(3) engine.Vec(3)", fmt.Sprintf("%+v %d", v, v))
	require.Equal(t, "engine.Vec(3)", v.LogValue().String())
	require.True(t, v.Is(2, 3))
	require.False(t, Vec{[][]uint64{{1}, {}}}.Is(2, 1))
	require.Equal(t, 0, Vec{}.Len())
	require.Equal(t, [][]uint64{{3, 2}, {6, 5}}, Concat(v.Slice(2, 3), v.Slice(1, 2)).Parts)
	c := v.Clone()
	c.Parts[0][0] = 9
	require.Equal(t, uint64(1), v.Parts[0][0])
}
