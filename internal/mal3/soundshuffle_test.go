package mal3

import (
	"encoding/binary"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// moved shuffles columns of numbers and words, and has party 1 send what at adds errors to, in
// a pass in which it is A or B: summands of the party that is C then.
func (p *Party) moved(numbers, words []Vec, isA bool, at func(s *shuffle, of int)) error {
	if _, _, err := p.Shuffle(numbers, words); err != nil {
		return err
	}
	s := p.shuffles.shuffles[len(p.shuffles.shuffles)-1]
	switch {
	case isA && p.Index() == 0:
		at(s, 1)
	case !isA && p.Index() == 2:
		at(s, 0)
	}
	return nil
}

// TestShuffleSoundness is TestSoundness for shuffles.
func TestShuffleSoundness(t *testing.T) {
	const rowOrColumn = 1 - 9./16 // ρ = 0 or χ = 0
	number := func(e wide, row int) func(s *shuffle, of int) {
		return func(s *shuffle, of int) {
			v := s.numbers.tracks[0].after[of]
			v[row] = plus(v[row], e)
		}
	}
	word := func(s *shuffle, of int) { s.words.tracks[1].after[of][6] ^= 1 << 63 }
	tests := map[string]struct {
		missed float64
		f      func(p *Party, x, y Vec) error
	}{
		"a number of A": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, nil, true, number(worst, 3))
		}},
		"a number of B": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x, y}, []Vec{x}, false, number(worst, 0))
		}},
		// Of which the lower half is what differs.
		"a small error of A": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, nil, true, number(wide{Lo: 1}, 3))
		}},
		"a low bit of a word": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved(nil, []Vec{x, y}, true, func(s *shuffle, of int) { s.words.tracks[1].after[of][2] ^= 1 })
		}},
		"one row": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x.Slice(0, 1)}, nil, true, number(worst, 0))
		}},
		"a word of A": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved(nil, []Vec{x, y}, true, word)
		}},
		"a word of B": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, []Vec{x, y}, false, word)
		}},
		// A party that guesses ρ takes its error out of what it sends of α.
		"a guess": {rowOrColumn, func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, nil, true, func(s *shuffle, of int) {
				number(worst, 3)(s, of)
				c := &s.numbers.tracks[0].masked[of]
				*c = minus(*c, product(3, worst.Lo))
			})
		}},
		// If χ = 0 all the same.
		"what is sent of α": {1. / 4, func(p *Party, x, y Vec) error {
			return p.moved(nil, []Vec{x}, true, func(s *shuffle, of int) { s.words.tracks[0].masked[of].Hi ^= 1 })
		}},
		// Two elements change places: if both have the same ρ, or χ = 0.
		"another permutation": {rowOrColumn, func(p *Party, x, y Vec) error { return p.permuted([]Vec{x}, nil) }},
		"of words":            {rowOrColumn, func(p *Party, x, y Vec) error { return p.permuted(nil, []Vec{x}) }},
	}
	n := 64
	if *long {
		n = 4096
	}
	for name, d := range tests {
		t.Run(name, func(t *testing.T) {
			for range 8 {
				require.False(t, missed(t, ^uint64(0), d.f))
			}
			count := 0
			for range n {
				if missed(t, 3, d.f) {
					count++
				}
			}
			off := float64(count) - d.missed*float64(n)
			require.LessOrEqual(t, off*off, 6.5*6.5*float64(n)*d.missed*(1-d.missed), "%d of %d missed", count, n)
			t.Logf("missed %d of %d, expected %.0f", count, n, d.missed*float64(n))
		})
	}
}

// permuted shuffles, and has party 1 exchange two elements of what it sends in the pass in
// which it is A: it takes another permutation, and then goes on as if it had not.
func (p *Party) permuted(numbers, words []Vec) error {
	s := p.newShuffle(7, numbers, words)
	p.drawShuffle(s)
	const a, b = 2, 5
	for k := range Parties {
		if k != 1 || p.Index() != 1 {
			if err := p.pass(s, k); err != nil {
				return err
			}
			continue
		}
		order := s.orders[1]
		var numbers []wide
		var words []uint64
		for _, t := range s.numbers.tracks {
			numbers = t.parts[1]
		}
		for _, t := range s.words.tracks {
			words = t.parts[1]
		}
		order[a], order[b] = order[b], order[a]
		if err := p.pass(s, k); err != nil {
			return err
		}
		order[a], order[b] = order[b], order[a]
		// What it does not send is what it should be.
		for _, t := range s.numbers.tracks {
			e := minus(numbers[order[a]], numbers[order[b]])
			t.parts[1][a], t.parts[1][b] = plus(t.parts[1][a], e), minus(t.parts[1][b], e)
		}
		for _, t := range s.words.tracks {
			e := words[order[a]] ^ words[order[b]]
			t.parts[1][a] ^= e
			t.parts[1][b] ^= e
		}
	}
	p.shuffles.shuffles = append(p.shuffles.shuffles, s)
	return nil
}

// TestShuffleCancelling has errors that would cancel each other if they had the same challenge.
func TestShuffleCancelling(t *testing.T) {
	add := func(s *shuffle, column, of, row int, e wide) {
		v := s.numbers.tracks[column].after[of]
		v[row] = plus(v[row], e)
	}
	one, minusOne := wide{Lo: 1}, minus(wide{}, wide{Lo: 1})
	for name, f := range map[string]func(p *Party, x, y Vec) error{
		"rows": func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, nil, true, func(s *shuffle, of int) {
				add(s, 0, of, 2, one)
				add(s, 0, of, 3, minusOne)
			})
		},
		"columns": func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x, y}, nil, true, func(s *shuffle, of int) {
				add(s, 0, of, 2, one)
				add(s, 1, of, 2, minusOne)
			})
		},
		"columns of words": func(p *Party, x, y Vec) error {
			return p.moved(nil, []Vec{x, y}, false, func(s *shuffle, of int) {
				s.words.tracks[0].after[of][4] ^= 1
				s.words.tracks[1].after[of][4] ^= 1
			})
		},
		"passes": func(p *Party, x, y Vec) error {
			if err := p.moved([]Vec{x}, nil, true, func(s *shuffle, of int) { add(s, 0, of, 1, one) }); err != nil {
				return err
			}
			// The two who compare have one of both each.
			if p.Index() == 2 {
				add(p.shuffles.shuffles[0], 0, 0, 1, one)
			}
			return nil
		},
		"shuffles": func(p *Party, x, y Vec) error {
			if err := p.moved([]Vec{x}, nil, true, func(s *shuffle, of int) { add(s, 0, of, 1, one) }); err != nil {
				return err
			}
			return p.moved([]Vec{x}, nil, true, func(s *shuffle, of int) { add(s, 0, of, 1, minusOne) })
		},
		"a number and a word": func(p *Party, x, y Vec) error {
			return p.moved([]Vec{x}, []Vec{x}, true, func(s *shuffle, of int) {
				add(s, 0, of, 1, one)
				s.words.tracks[0].after[of][1] ^= 1
			})
		},
	} {
		require.False(t, missed(t, ^uint64(0), f), name)
	}
}

// TestShuffleWeights has party 0 send party 2 a wrong element in the first pass, and then, when it
// knows the challenge, such a d that the sums of both others are equal: they find it by the
// digest of d from party 1.
func TestShuffleWeights(t *testing.T) {
	const n, row, third = 7, 4, 2
	for _, ofWords := range []bool{false, true} {
		var errs [Parties]error
		synctest.Test(t, func(t *testing.T) {
			ring, taps := tapped()
			var corrupted *Party
			frames := 0
			taps[0][0].alter = func(_ int, typ byte, payload []byte, _ [][]byte) {
				size := n * wideSize
				if ofWords {
					size = n * 8
				}
				if (typ != typeWide || ofWords) && (typ != typeMoved || !ofWords) || len(payload) != size {
					return
				}
				if frames++; frames < 2 { // what was moved
					return
				}
				rho := corrupted.rho(corrupted.shuffles.shuffles[0], 0)[row]
				if ofWords {
					binary.LittleEndian.PutUint64(payload, binary.LittleEndian.Uint64(payload)^rho)
					return
				}
				d := plus(aes128.FromBytes([wideSize]byte(payload)), wide{Lo: rho}).Bytes()
				copy(payload, d[:])
			}
			join(t.Context(), ring, func(p *Party) error {
				if p.Index() == 0 {
					corrupted = p
				}
				// With summands of ones an element of d is one of the inner product, and what is
				// of party 1, with zeros, stays right.
				x := p.NewVec(n)
				for c, part := range x.Parts {
					for i := range part {
						if (p.Index()+c)%Parties != third {
							part[i] = 1
						}
					}
				}
				numbers, words := []Vec{x}, []Vec(nil)
				if ofWords {
					numbers, words = words, numbers
				}
				if _, _, err := p.Shuffle(numbers, words); err != nil {
					return err
				}
				if s := p.shuffles.shuffles[0]; p.Index() == third && ofWords {
					s.words.tracks[0].after[1][row] ^= 1
				} else if p.Index() == third {
					v := s.numbers.tracks[0].after[1]
					v[row] = plus(v[row], wide{Lo: 1})
				}
				errs[p.Index()] = p.Check()
				return errs[p.Index()]
			})
			require.Equal(t, 2, frames)
		})
		require.ErrorIs(t, errs[third], errDeviation)
		require.Error(t, errs[1])
	}
}
