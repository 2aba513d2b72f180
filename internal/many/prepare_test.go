package many

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
)

// convert does everything that takes masks, of numbers and of bits, and opens the results.
func convert(p *Party, numbers []int64, words []uint64) (results []uint64, err error) {
	n := len(numbers)
	x, err := p.Input(1, n, mine(p, 1, numbers))
	if err != nil {
		return nil, err
	}
	b, err := p.InputBits(2, len(words), mine(p, 2, words))
	if err != nil {
		return nil, err
	}
	negative, err := p.Negative(x, 61)
	if err != nil {
		return nil, err
	}
	zero, err := p.Zero(x, 61)
	if err != nil {
		return nil, err
	}
	bits, err := p.Decompose(x, 20)
	if err != nil {
		return nil, err
	}
	opened, err := p.RevealBits(engine.Concat(negative, zero, bits), p.everybody())
	if err != nil {
		return nil, err
	}
	w := engine.Words(n)
	for i, word := range opened {
		if i%w == w-1 && n%64 > 0 {
			word &= 1<<(n%64) - 1
		}
		results = append(results, word)
	}
	ones, err := p.Numbers(n, b.Slice(0, w), b.Slice(w, 2*w), negative)
	if err != nil {
		return nil, err
	}
	signs, halves := p.NewVec(n), p.NewVec(n)
	if err := p.Truncate(signs, x, 60); err != nil {
		return nil, err
	}
	if err := p.Truncate(halves, x, 1); err != nil {
		return nil, err
	}
	// Halves are rounded down or up; what counts is that it is one of both.
	quotients, err := p.Reveal(halves, p.everybody())
	if err != nil {
		return nil, err
	}
	for i, q := range quotients {
		if q != numbers[i]>>1 && q != numbers[i]>>1+1 {
			return nil, fmt.Errorf("half of %d is %d", numbers[i], q)
		}
	}
	for _, v := range append(ones, signs) {
		values, err := p.Reveal(v, p.everybody())
		if err != nil {
			return nil, err
		}
		for _, x := range values {
			results = append(results, uint64(x))
		}
	}
	return results, nil
}

// TestPrepared compares results with masks made before, whether they are fewer, as many or
// more than are used, over every field of bits, with those of Go. Four conversions of 150
// numbers take 12 words of masks, and so do four vectors of bits, beside those of a division.
func TestPrepared(t *testing.T) {
	const n, used = 150, 12
	r := rand.New(rand.NewPCG(3, 4))
	numbers, words := make([]int64, n), make([]uint64, 2*engine.Words(n))
	for i := range numbers {
		numbers[i] = r.Int64N(3)*(1<<19-1) - (1<<19 - 1) // and zeros
	}
	for i := range words {
		words[i] = r.Uint64()
	}
	bit := func(i, k int) uint64 { return uint64(numbers[i]) >> k & 1 }
	var want []uint64
	plane := func(of func(i int) bool) {
		word := make([]uint64, engine.Words(n))
		for i := range n {
			if of(i) {
				word[i/64] |= 1 << (i % 64)
			}
		}
		want = append(want, word...)
	}
	plane(func(i int) bool { return numbers[i] < 0 })
	plane(func(i int) bool { return numbers[i] == 0 })
	for k := range 20 {
		plane(func(i int) bool { return bit(i, k) == 1 })
	}
	for k := range 2 {
		for i := range n {
			want = append(want, words[k*engine.Words(n)+i/64]>>(i%64)&1)
		}
	}
	for i := range n {
		want = append(want, bit(i, 63))
	}
	for i := range n {
		want = append(want, -bit(i, 63)) // divided by 2^60
	}
	for _, parties := range []int{4, 5, 8, 16} {
		for _, prepared := range []int{0, 1, 4, used - 1, used, used + 60} {
			if parties > 5 && prepared != 4 || testing.Short() && parties == 5 {
				continue
			}
			name := fmt.Sprintf("%d words, %d parties", prepared, parties)
			none(t, run(t, parties, func(p *Party) error {
				// By two calls, of which the second one makes what the first one has not.
				for _, some := range []int{prepared / 2, prepared} {
					if err := p.Prepare(engine.Demand{Comparisons: 64 * some, Bits: 64 * some}); err != nil {
						return err
					}
				}
				require.Equal(t, [2]int{prepared, prepared}, [2]int{p.readyMasks.words, p.readyBits.words}, name)
				got, err := convert(p, numbers, words)
				if err != nil {
					return err
				}
				require.Equal(t, want, got, name)
				left := [2]int{max(0, prepared-used), max(0, prepared-used-engine.Words(n)*(2*p.t+1))}
				require.Equal(t, left, [2]int{p.readyMasks.words, p.readyBits.words}, name)
				return nil
			}))
		}
	}
}

// TestPreparedCost holds the bytes and rounds of Prepare, and of what takes from it: a call
// sends nothing for what is ready, and Prepare what calls would have sent.
func TestPreparedCost(t *testing.T) {
	const n = 640
	for _, parties := range []int{4, 5, 7} {
		none(t, run(t, parties, func(p *Party) error {
			x := p.NewVec(n)
			b := p.NewBits(n / 64)
			cost := func(f func() error) (sent, rounds int) {
				before := p.Stats()
				require.NoError(t, f())
				now := p.Stats()
				return int(now.Sent - before.Sent), now.Rounds - before.Rounds
			}
			halvings := 0
			for 1<<halvings < p.t+1 {
				halvings++
			}
			for _, c := range []struct {
				name                 string
				demand               engine.Demand
				prepare, rounds, all int // rounds of Prepare, of the call after it, and of one without
				f                    func() error
			}{
				{"Negative", engine.Demand{Comparisons: n}, 1 + 8*halvings, 9, 10 + 8*halvings, func() error { return second(p.Negative(x, 61)) }},
				{"Zero", engine.Demand{Comparisons: n - 63}, 1 + 8*halvings, 7, 8 + 8*halvings, func() error { return second(p.Zero(x, 61)) }},
				{"Decompose", engine.Demand{Comparisons: n}, 1 + 8*halvings, 8, 9 + 8*halvings, func() error {
					return second(p.Decompose(x, 61))
				}},
				{"Numbers", engine.Demand{Bits: n}, 1 + halvings, 1, 2 + halvings, func() error { return second(p.Numbers(n, b)) }},
			} {
				name := c.name
				all, rounds := cost(c.f)
				require.Equal(t, c.all, rounds, name)
				made, rounds := cost(func() error { return p.Prepare(c.demand) })
				require.Equal(t, c.prepare, rounds, name)
				again, rounds := cost(func() error { return p.Prepare(c.demand) })
				require.Zero(t, again+rounds, name)
				sent, rounds := cost(c.f)
				require.Equal(t, c.rounds, rounds, name)
				require.Equal(t, all, made+sent, name)
				// With less by a word, a call makes one word.
				less := c.demand
				less.Comparisons, less.Bits = max(0, less.Comparisons-64), max(0, less.Bits-64)
				require.NoError(t, p.Prepare(less))
				few, rounds := cost(c.f)
				require.Equal(t, c.all, rounds, name)
				if p.index == 0 { // others may have nothing to deal
					require.Less(t, few, all, name)
				}
				require.LessOrEqual(t, few, all, name)
				require.Equal(t, [2]int{}, [2]int{p.readyMasks.words, p.readyBits.words})
			}
			// A division takes bits for each sum of two, and one more.
			require.NoError(t, p.Prepare(engine.Demand{Comparisons: n, Bits: (2*p.t + 2) * n}))
			require.NoError(t, p.Truncate(p.NewVec(n), x, 20))
			require.Equal(t, [2]int{n / 64, n / 64}, [2]int{p.readyMasks.words, p.readyBits.words})
			// In pieces, one after the other.
			_, rounds := cost(func() error { return p.Prepare(engine.Demand{Bits: n + 1<<14 + 1}) })
			require.Equal(t, 2*(1+halvings), rounds)
			return nil
		}))
	}
}

// TestPreparedTable holds the bytes that the package comment states, by rehearsals.
func TestPreparedTable(t *testing.T) {
	const n = 1 << 13
	for parties, want := range map[int][2][3]float64{
		4: {{417, 99, 53}, {33, 0.4}},
		5: {{771, 107, 61}, {49, 0.8}},
		7: {{1689, 160, 92}, {97, 1.1}},
	} {
		p, err := Rehearse(0, parties, nil)
		require.NoError(t, err)
		x := p.NewVec(n)
		for i, steps := range [2][]func() error{{
			func() error { return p.Prepare(engine.Demand{Comparisons: 2 * n}) },
			func() error { return second(p.Negative(x, 61)) },
			func() error { return second(p.Zero(x, 61)) },
		}, {
			func() error { return p.Prepare(engine.Demand{Bits: 2 * n}) },
			func() error { return second(p.Numbers(n, p.NewBits(n/64))) },
		}} {
			for k, step := range steps {
				before := p.Stats().Sent
				require.NoError(t, step())
				sent := float64(p.Stats().Sent-before) / n
				if k == 0 {
					sent /= 2
				}
				require.InDelta(t, want[i][k], sent, 0.5, "%d parties", parties)
			}
		}
	}
}

// TestOnce takes masks that are ready in portions of many sizes, over two pieces: they are what
// masks have to be, none of them is given out a second time, and what was given out is no longer
// there.
func TestOnce(t *testing.T) {
	const ready = pieceWords + 40
	none(t, run(t, 4, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Comparisons: 64 * ready, Bits: 64 * ready}); err != nil {
			return err
		}
		require.Len(t, p.readyMasks.pieces, 2)
		require.Len(t, p.readyBits.pieces, 2)
		pieces := append([]piece(nil), append(p.readyMasks.pieces, p.readyBits.pieces...)...)
		cleared := func(words int) {
			for i, from := range pieces {
				gone := 64 * min(max(0, words-i%2*pieceWords), pieceWords)
				numbers := from.r.Parts[0]
				require.Equal(t, make([]uint64, min(gone, len(numbers))), numbers[:min(gone, len(numbers))])
				for _, v := range from.bits {
					for _, part := range v.Parts {
						n := min(gone/64, len(part))
						require.Equal(t, make([]uint64, n), part[:n])
					}
				}
			}
		}
		seen := make(map[uint64]bool)
		taken, ones := 0, 0
		for _, n := range []int{1, 64, 65, 200, 64 * (pieceWords - 15), 700, 64 * 60} {
			m, err := p.takeMasks(n)
			if err != nil {
				return err
			}
			r, err := p.reveal(p.numbers, m.r, p.everybody(), false)
			if err != nil {
				return err
			}
			opened, err := p.RevealBits(engine.Concat(m.bits...), p.everybody())
			if err != nil {
				return err
			}
			w := engine.Words(n)
			want := planes(r.Parts[0])
			for i, word := range opened {
				if i%w == w-1 && n%64 > 0 {
					word &= 1<<(n%64) - 1 // beyond are bits of other masks
				}
				require.Equal(t, want[i], word)
			}
			// 61 random bits, of some 2^15 numbers, are equal with a probability below 2^-32.
			for _, a := range r.Parts[0] {
				require.False(t, seen[a])
				seen[a] = true
			}

			bits, masks, err := p.takeBitMasks(sizes(n, 1))
			if err != nil {
				return err
			}
			values, err := p.Reveal(bits, p.everybody())
			if err != nil {
				return err
			}
			words, err := p.RevealBits(masks, p.everybody())
			if err != nil {
				return err
			}
			require.Len(t, values, n)
			for i, bit := range values {
				require.Equal(t, uint64(bit), words[i/64]>>(i%64)&1)
				ones += int(bit)
			}
			taken += w
			require.Equal(t, max(0, ready-taken), p.readyMasks.words)
			require.Equal(t, max(0, ready-taken), p.readyBits.words)
			cleared(min(taken, ready))
		}
		require.Greater(t, taken, ready)
		require.Empty(t, p.readyMasks.pieces)
		require.Empty(t, p.readyBits.pieces)
		require.InDelta(t, len(seen)/2, ones, 8*90) // of some 2^14 bits with a standard deviation of 70
		return nil
	}))
}

// TestReadyMemory holds how much memory the package comment says that masks take: numbers of 8
// bytes, and of each bit an element of the small field.
func TestReadyMemory(t *testing.T) {
	for parties, want := range map[int][2]float64{4: {8 + 61*3./8, 8 + 3./8}, 8: {8 + 61*4./8, 8 + 4./8}, 16: {8 + 61*5./8, 8 + 5./8}} {
		p, err := Rehearse(1, parties, nil)
		require.NoError(t, err)
		require.NoError(t, p.Prepare(engine.Demand{Comparisons: 640, Bits: 640}))
		for i, q := range []*pile{&p.readyMasks, &p.readyBits} {
			words := 0
			for _, v := range append([]Vec{q.pieces[0].r}, q.pieces[0].bits...) {
				for _, part := range v.Parts {
					words += cap(part)
				}
			}
			require.Equal(t, want[i], float64(8*words)/640)
			require.LessOrEqual(t, want[i], 46.2)
		}
	}
}

// TestBrokenPrepare has a party stop while others make masks, and while they take some that
// are ready and make the rest: nothing is ready after that, and nothing can be computed.
func TestBrokenPrepare(t *testing.T) {
	gone := errors.New("gone")
	for name, f := range map[string]func(p *Party) error{
		"Prepare":  func(p *Party) error { return p.Prepare(engine.Demand{Comparisons: 128, Bits: 128}) },
		"Negative": func(p *Party) error { return second(p.Negative(p.NewVec(65), 61)) },
		"Numbers":  func(p *Party) error { return second(p.Numbers(65, p.NewBits(2))) },
	} {
		parties := make([]*Party, 4)
		var pieces [4][]piece
		errs := run(t, 4, func(p *Party) error {
			parties[p.index] = p
			if err := p.Prepare(engine.Demand{Comparisons: 64, Bits: 64}); err != nil {
				return err
			}
			pieces[p.index] = append(append(pieces[p.index], p.readyMasks.pieces...), p.readyBits.pieces...)
			if p.index == 2 {
				return gone
			}
			err := f(p)
			require.Error(t, err, name)
			for range 2 {
				require.Error(t, second(p.Negative(p.NewVec(1), 61)), name)
				require.Error(t, second(p.Numbers(1, p.NewBits(1))), name)
			}
			return err
		})
		for i, err := range errs {
			require.Error(t, err, name)
			require.Equal(t, [2]pile{}, [2]pile{parties[i].readyMasks, parties[i].readyBits}, name)
			require.Len(t, pieces[i], 2)
			for _, from := range pieces[i] {
				for _, v := range append([]Vec{from.r}, from.bits...) {
					for _, part := range v.Parts {
						require.Equal(t, make([]uint64, len(part)), part, name)
					}
				}
			}
		}
	}
}

// TestPrepareMistakes are errors before anything is sent, and take nothing.
func TestPrepareMistakes(t *testing.T) {
	none(t, run(t, 4, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Products: -3, Comparisons: 1, Bits: 1}); err != nil {
			return err // of products nothing is prepared
		}
		before, wide := p.Stats(), engine.New(2, 1)
		for _, err := range []error{
			p.Prepare(engine.Demand{Comparisons: -1}), p.Prepare(engine.Demand{Comparisons: 200, Bits: -1}),
			second(p.Negative(wide, 61)), second(p.Zero(p.NewVec(1), 0)), second(p.Decompose(p.NewVec(1), 65)),
			second(p.Numbers(65, p.NewBits(1))), second(p.Numbers(1, p.NewBits(1), wide)), second(p.Numbers(-1)),
		} {
			require.Error(t, err)
		}
		require.Equal(t, before, p.Stats())
		require.Equal(t, [2]int{1, 1}, [2]int{p.readyMasks.words, p.readyBits.words})
		return nil
	}))
}

// TestPreparedMasks holds that what is opened under masks that were ready is uniform, whatever
// the secret is: c = s + r takes each value of its highest four bits 512 times of 2^13.
func TestPreparedMasks(t *testing.T) {
	const n = 1 << 13
	none(t, run(t, 4, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Comparisons: n}); err != nil {
			return err
		}
		m, err := p.takeMasks(n)
		if err != nil {
			return err
		}
		c, err := p.masked(p.NewVec(n), 1<<60, m)
		if err != nil {
			return err
		}
		counts := make([]int, 16)
		for _, a := range c {
			counts[a>>(field.Bits-4)]++
		}
		for _, times := range counts {
			require.InDelta(t, n/16, times, 8*23) // with a standard deviation of 22
		}
		return nil
	}))
}

func second[T any](_ T, err error) error { return err }
