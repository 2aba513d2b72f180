package mal3

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/prg"
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

// TestOrders shuffles three rows often: each of the six orders comes up as often as the others,
// for numbers and words. Of 1200, each is there 200 times, with a standard deviation of 12.9:
// that one is off by nine of them has a probability below 10^-17.
func TestOrders(t *testing.T) {
	const times = 1200
	none(t, run(t, func(p *Party) error {
		numbers, words, err := inputs(p, [][]int64{{1, 2, -1}}, [][]uint64{{1, 2, 3}})
		require.NoError(t, err)
		var a, b []Vec
		for range times {
			x, w, err := p.Shuffle(numbers, words)
			require.NoError(t, err)
			a, b = append(a, x...), append(b, w...)
		}
		x, err := p.Reveal(engine.Concat(a...), everyone)
		require.NoError(t, err)
		w, err := p.RevealBits(engine.Concat(b...), everyone)
		require.NoError(t, err)
		counts := make(map[string]int)
		for i := 0; i < len(x); i += 3 {
			for k := range 3 {
				require.Equal(t, []int64{1, 2, -1}[w[i+k]-1], x[i+k])
			}
			counts[fmt.Sprint(w[i:i+3])]++
		}
		require.Len(t, counts, 6)
		for order, n := range counts {
			require.InDelta(t, times/6, n, 9*12.9, order)
		}
		return nil
	}))
}

// TestShuffleSimulation compares what a party sees in the pass of a shuffle that it does not know,
// with its shares before and after, what the shuffle is of, and its result, with what a
// simulator makes of random numbers.
func TestShuffleSimulation(t *testing.T) {
	const n = 1 << 14
	x, w := make([]int64, n), make([]uint64, n) // small ones, whose places would show
	for i := range x {
		x[i], w[i] = int64(i), uint64(i)
	}
	var shuffles [Parties]*shuffle
	var third [Parties][2]Vec // shares of the result
	var r enginetest.Recorder
	synctest.Test(t, func(t *testing.T) {
		none(t, join(t.Context(), enginetest.Pipes().Tapped(r.Tap), func(p *Party) error {
			a, b, err := inputs(p, [][]int64{x}, [][]uint64{w})
			if err != nil {
				return err
			}
			y, z, err := p.Shuffle(a, b)
			if err != nil {
				return err
			}
			third[p.Index()] = [2]Vec{y[0], z[0]}
			shuffles[p.Index()] = p.shuffles.shuffles[0]
			return p.Check()
		}))
	})
	names := []string{"x", "w", "numbers before", "upper halves", "next", "upper halves", "after", "upper halves", "next", "upper halves",
		"words before", "next", "after", "next", "d", "upper halves", "d of words", "the summand of the result", "that of words"}
	random := rand.New(rand.NewPCG(9, 10))
	fill := func() []uint64 {
		v := make([]uint64, n)
		for i := range v {
			v[i] = random.Uint64()
		}
		return v
	}
	for i := range Parties {
		s := shuffles[i]
		view := [][]uint64{make([]uint64, n), w}
		for k := range n {
			view[0][k] = uint64(x[k])
		}
		simulated := slices.Clone(view)
		halves := func(v []wide) {
			lower, upper := make([]uint64, n), make([]uint64, n)
			for k, x := range v {
				lower[k], upper[k] = x.Lo, x.Hi
			}
			view = append(view, lower, upper)
		}
		numbers, words := s.numbers.tracks[0], s.words.tracks[0]
		halves(numbers.before[0])
		halves(numbers.before[1])
		halves(numbers.after[0])
		halves(numbers.after[1])
		view = append(view, words.before[0], words.before[1], words.after[0], words.after[1])
		// The second ones of both types are d.
		var d []wide
		var ofWords []uint64
		for _, f := range r.Sent((i+1)%Parties, Parties)[i] {
			switch {
			case f.Type == typeWide && len(f.Payload) > wideSize:
				for b := f.Payload; len(b) > 0; b = b[wideSize:] {
					d = append(d, aes128.FromBytes([wideSize]byte(b)))
				}
			case f.Type == typeMoved:
				for b := f.Payload; len(b) > 0; b = b[8:] {
					ofWords = append(ofWords, binary.LittleEndian.Uint64(b))
				}
			}
		}
		require.Len(t, d, 2*n)
		require.Len(t, ofWords, 2*n)
		halves(d[n:])
		result := third[(i+1)%Parties]
		view = append(view, ofWords[n:], result[0].Parts[1], result[1].Parts[1])
		for k := len(simulated); k < len(view); k++ {
			// Party 2 is C in the first pass, and has what is there before.
			if given := k < 6 || k == 10 || k == 11; given && i == 2 {
				simulated = append(simulated, view[k])
				continue
			}
			simulated = append(simulated, fill())
		}
		enginetest.Compare(t, names, view, simulated)
	}
}

// TestShuffleSeeds has no two seeds of what hides something alike, of columns, passes, kinds and
// shuffles, and each with one other party.
func TestShuffleSeeds(t *testing.T) {
	var seeds [Parties][columns][][prg.Size]byte
	none(t, run(t, func(p *Party) error {
		for range 2 {
			v := p.NewVec(3)
			if _, _, err := p.Shuffle([]Vec{v, v}, []Vec{v, v}); err != nil {
				return err
			}
		}
		for _, s := range p.shuffles.shuffles {
			for with := range columns {
				own := append(seeds[p.Index()][with], s.numbers.alpha[with], s.words.alpha[with])
				for i := range 2 {
					own = append(own, s.numbers.tracks[i].masks[with][:]...)
					own = append(own, s.words.tracks[i].masks[with][:]...)
				}
				seeds[p.Index()][with] = own
			}
		}
		return nil
	}))
	seen := map[[prg.Size]byte]bool{{}: true}
	for i := range Parties {
		require.Len(t, seeds[i][0], 20)
		require.Equal(t, seeds[i][1], seeds[(i+1)%Parties][0])
		for _, seed := range seeds[i][0] {
			require.False(t, seen[seed])
			seen[seed] = true
		}
	}
}

// TestShuffleLog has shuffles checked when there is no room for more: memory has a bound.
func TestShuffleLog(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		p.mostNumbers = 25
		v := p.NewVec(5)
		for i := range 7 {
			moved, _, err := p.Shuffle([]Vec{v}, nil)
			if err != nil {
				return err
			}
			v = moved[0]
			require.Len(t, p.shuffles.shuffles, 1+i%2) // of two numbers a row
		}
		return nil
	}))
}
