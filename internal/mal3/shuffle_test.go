package mal3

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// inputs returns columns of numbers and of words that parties share.
func inputs(p *Party, numbers [][]int64, words [][]uint64) (numberVecs, wordVecs []Vec, err error) {
	for i, x := range numbers {
		v, err := p.Input(i%Parties, len(x), mine(p, i%Parties, x))
		if err != nil {
			return nil, nil, err
		}
		numberVecs = append(numberVecs, v)
	}
	for i, x := range words {
		v, err := p.InputBits(i%Parties, len(x), mine(p, i%Parties, x))
		if err != nil {
			return nil, nil, err
		}
		wordVecs = append(wordVecs, v)
	}
	return numberVecs, wordVecs, nil
}

// TestShuffles shuffles columns of all kinds, of lengths around words, pieces and messages:
// rows stay together, and nothing is lost. Vectors may be altered before the check.
func TestShuffles(t *testing.T) {
	for _, n := range []int{0, 1, 2, 63, 65, maskPiece + 1, 2*piece + 3} {
		for _, kinds := range [][2]int{{1, 0}, {0, 1}, {3, 2}, {1, 1}} {
			x, w := make([][]int64, kinds[0]), make([][]uint64, kinds[1])
			for i := range x {
				x[i] = numbers(uint64(i), n)
			}
			for i := range w {
				w[i] = words(uint64(i), n)
			}
			// rows returns all of each row, in order.
			rows := func(x [][]int64, w [][]uint64) (rows []string) {
				for k := range n {
					row := ""
					for _, x := range x {
						row += fmt.Sprint(x[k], " ")
					}
					for _, w := range w {
						row += fmt.Sprint(w[k], " ")
					}
					rows = append(rows, row)
				}
				return rows
			}
			none(t, run(t, func(p *Party) error {
				a, b, err := inputs(p, x, w)
				require.NoError(t, err)
				kept := make([]Vec, 0, len(a)+len(b))
				for _, v := range slices.Concat(a, b) {
					kept = append(kept, v.Clone())
				}
				before := p.Stats().Rounds
				y, z, err := p.Shuffle(a, b)
				require.NoError(t, err)
				if n > 0 {
					require.Equal(t, 3, p.Stats().Rounds-before)
				}
				require.Equal(t, kept, slices.Concat(a, b))
				result := make([]Vec, 0, len(y)+len(z))
				for _, v := range slices.Concat(y, z) {
					result = append(result, v.Clone())
				}
				for _, v := range slices.Concat(a, b, y, z) {
					clear(v.Parts[0])
					clear(v.Parts[1])
				}
				opened, openedWords := make([][]int64, len(y)), make([][]uint64, len(z))
				for i := range y {
					opened[i], err = p.Reveal(result[i], everyone)
					require.NoError(t, err)
				}
				for i := range z {
					openedWords[i], err = p.RevealBits(result[len(y)+i], everyone)
					require.NoError(t, err)
				}
				want, got := rows(x, w), rows(opened, openedWords)
				if n > 60 {
					require.NotEqual(t, want, got)
				}
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got)
				return nil
			}))
		}
	}
}

// TestShuffleMistakes has columns of different lengths, before anything is sent.
func TestShuffleMistakes(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		sent := p.Stats()
		for _, v := range [][2][]Vec{
			{{p.NewVec(2), p.NewVec(3)}, nil},
			{{p.NewVec(2)}, {p.NewBits(3)}},
			{{p.NewVec(0)}, {p.NewBits(1)}},
			{{engine.New(1, 2)}, nil},
		} {
			_, _, err := p.Shuffle(v[0], v[1])
			require.Error(t, err)
		}
		require.Equal(t, sent, p.Stats())
		y, z, err := p.Shuffle(nil, nil)
		require.Empty(t, y)
		require.Empty(t, z)
		return err
	}))
}
