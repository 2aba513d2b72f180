package rep3

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// natural returns planes of bits in their natural order.
func natural(words []uint64, bits int) []uint64 {
	w := engine.Words(len(words))
	planes := make([]uint64, bits*w)
	for i, x := range words {
		for k := range bits {
			planes[k*w+i/64] |= x >> k & 1 << (i % 64)
		}
	}
	return planes
}

// TestSort compares sorting with that of Go: lengths around words and messages, keys of all
// numbers of bits, with many that are equal, and payload that shows the order of these.
func TestSort(t *testing.T) {
	for _, c := range []struct{ n, bits int }{
		{0, 5}, {1, 1}, {2, 64}, {3, 0}, {64, 3}, {65, 33}, {1000, 32}, {1001, 5}, {2*chunk + 3, 7},
		// All forms of records: two columns, then one of words, then one of halves.
		{1, 32}, {1, 33}, {1, 64}, {2, 31}, {2, 33}, {200, 64}, {200, 57}, {200, 25}, {200, 24}, {256, 26},
	} {
		keys, rows := numbers(1, c.n), make([]int64, c.n)
		for i := range keys {
			if keys[i] >>= (64 - c.bits) & 63; c.bits == 0 {
				keys[i] = 0
			}
			rows[i] = int64(i)
		}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[a], keys[b]) })
		none(t, run(t, func(p *Party) error {
			planes, err := p.InputBits(0, c.bits*engine.Words(c.n), p.mine(0, natural(keys, c.bits)))
			require.NoError(t, err)
			payload := NewVec(c.n)
			if first := p.first(payload); first != nil {
				for i := range first {
					first[i] = uint64(i)
				}
			}
			twice := NewVec(c.n)
			p.Combine(twice, -2, payload, 0, payload)
			before := p.Stats().Rounds
			sorted, err := p.Sort(c.n, planes, c.bits, []Vec{payload, twice})
			require.NoError(t, err)
			require.Equal(t, 7*(c.bits/2)+6*(c.bits%2)+5, p.Stats().Rounds-before)
			opened, err := p.Reveal(sorted[0], everyone)
			require.NoError(t, err)
			require.Equal(t, want, opened, "%d keys of %d bits", c.n, c.bits)
			doubled, err := p.Reveal(sorted[1], everyone)
			require.NoError(t, err)
			for i, x := range doubled {
				require.Equal(t, -2*want[i], x)
			}
			// What was there is what it was.
			opened, err = p.Reveal(payload, everyone)
			require.Equal(t, rows, opened)
			return err
		}))
	}
}

// TestRecords brings records through all their forms, also those that only more rows have
// than fit in memory here: what is left in the end are the numbers of the rows.
func TestRecords(t *testing.T) {
	const n = 200
	p, keys := &Party{}, numbers(1, n)
	for _, rowBits := range []int{8, 29, 30, 31} {
		for size := range 65 {
			planes := natural(keys, size)
			r := p.newRecords(&pool[uint32]{n: n}, Vec{Parts: [][]uint64{planes, make([]uint64, len(planes))}}, size)
			r.rowBits = rowBits
			for low := 0; low < size; low += 2 {
				r.shrink(low)
				for k := low; k < min(low+2, size); k++ {
					bits := make([]uint32, n)
					r.known(bits, k)
					for i, bit := range bits {
						if uint64(bit) != uint64(keys[i])>>k&1 {
							t.Fatalf("bit %d of key %d of %d bits is wrong, beside rows of %d", k, i, size, rowBits)
						}
					}
				}
			}
			rows := r.numbers()
			for i := range n {
				if got := rows.own[i] ^ rows.next[i]; got != uint32(i) {
					t.Fatalf("row %d of %d is %d, beside keys of %d bits", i, n, got, size)
				}
			}
		}
	}
}

// TestShuffle shuffles three elements often: each of the six orders comes up as often as the
// others. Of 1200, each is there 200 times, with a standard deviation of 12.9: that one is off
// by nine of them has a probability below 10^-17.
func TestShuffle(t *testing.T) {
	const times = 1200
	none(t, run(t, func(p *Party) error {
		count := make(map[string]int)
		v, err := p.inputWords(1, 3, p.mine(1, []uint64{1, 2, math.MaxUint64}))
		require.NoError(t, err)
		square := NewVec(3)
		require.NoError(t, p.Mul(square, v, v))
		all := make([]Vec, 0, times)
		before := p.Stats().Rounds
		for range times {
			z, err := p.Shuffle([]Vec{v, square})
			require.NoError(t, err)
			all = append(all, z...)
		}
		require.Equal(t, 2*times, p.Stats().Rounds-before)
		opened, err := p.Reveal(engine.Concat(all...), everyone)
		require.NoError(t, err)
		for len(opened) > 0 {
			for i := range 3 {
				require.Equal(t, opened[i]*opened[i], opened[3+i])
			}
			count[fmt.Sprint(opened[:3])]++
			opened = opened[6:]
		}
		require.Len(t, count, 6)
		for order, n := range count {
			require.InDelta(t, times/6, n, 9*12.9, order)
		}
		return nil
	}))
}

// TestReorder goes into a random order and back, with elements of all kinds.
func TestReorder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 2*chunk + 1} {
		words := numbers(3, n)
		none(t, run(t, func(p *Party) error {
			s := p.newShuffle(&pool[uint32]{n: n})
			for _, xor := range []bool{false, true} {
				long := &column[uint64]{own: make([]uint64, n), next: make([]uint64, n), xor: xor, pool: &pool[uint64]{n: n}}
				short := &column[uint32]{own: make([]uint32, n), next: make([]uint32, n), xor: xor, pool: &pool[uint32]{n: n}}
				for c := range columns {
					for i, w := range words {
						long.summands(c)[i] = w * uint64(p.one(c))
						short.summands(c)[i] = uint32(w) * p.one(c)
					}
				}
				tracks := []track{short, long}
				for _, inverse := range []bool{false, true} {
					require.NoError(t, p.reorder(s, tracks, inverse))
				}
				open := p.reveal
				if xor {
					open = func(x Vec) ([]uint64, error) { return p.RevealBits(x, everyone) }
				}
				all, err := open(vecs(tracks[1:])[0])
				require.NoError(t, err)
				halves := NewVec(n)
				for c, part := range halves.Parts {
					for i, w := range short.summands(c) {
						part[i] = uint64(w)
					}
				}
				lower, err := open(halves)
				require.NoError(t, err)
				for i, w := range words {
					require.Equal(t, w, all[i])
					require.Equal(t, uint32(w), uint32(lower[i]))
				}
			}
			require.Error(t, p.reorder(s, []track{&column[uint64]{own: make([]uint64, n+1)}}, false))
			return nil
		}))
	}
}

// TestSortMasks has products and places of zeros, of which every party knows what it would send
// but for its mask: what it sends is uniform.
func TestSortMasks(t *testing.T) {
	const n = 4096
	none(t, run(t, func(p *Party) error {
		zeros := &column[uint32]{own: make([]uint32, n), next: make([]uint32, n), pool: &pool[uint32]{n: n}}
		product, err := p.product(zeros, zeros)
		require.NoError(t, err)
		places, err := p.places(zeros, zeros, zeros)
		require.NoError(t, err)
		for _, z := range []*column[uint32]{product, places} {
			var sent []byte
			for _, w := range z.own {
				sent = binary.LittleEndian.AppendUint32(sent, w)
			}
			enginetest.UniformBytes(t, "own summands", sent)
		}
		return nil
	}))
}

// TestSortMistakes sorts what is no vector of the length.
func TestSortMistakes(t *testing.T) {
	long := maxLength
	long++ // or negative, where integers are of 32 bits
	none(t, run(t, func(p *Party) error {
		for _, err := range []error{
			second(p.Sort(-1, NewVec(0), 1, nil)),
			second(p.Sort(long, NewVec(0), 0, nil)),
			second(p.Sort(65, NewVec(1), 1, nil)),
			second(p.Sort(1, NewVec(65), 65, nil)),
			second(p.Sort(1, NewVec(1), 1, []Vec{NewVec(2)})),
			second(p.Shuffle([]Vec{NewVec(1), NewVec(2)})),
			second(p.Shuffle([]Vec{engine.New(1, 2)})),
		} {
			require.Error(t, err)
		}
		return nil
	}))
}

// TestNoOrder opens what is no order, which ends the run.
func TestNoOrder(t *testing.T) {
	for _, places := range [][]uint32{{0, 0}, {0, 2}, {1, 1 << 31}} {
		errs := run(t, func(p *Party) error {
			v := (&pool[uint32]{n: len(places)}).new(false)
			for c := range columns {
				for i, place := range places {
					v.summands(c)[i] = place * p.one(c)
				}
			}
			_, err := p.openOrder(v)
			require.Equal(t, errOrder, err)
			_, later := p.reveal(NewVec(1))
			require.Error(t, later)
			return err
		})
		for _, err := range errs {
			require.ErrorIs(t, err, session.ErrPeer)
		}
	}
}

func second[T any](_ T, err error) error { return err }
