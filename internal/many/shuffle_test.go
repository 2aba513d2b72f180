package many

import (
	"cmp"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// shuffled are the numbers of committees that the package comment states, and how many members
// leave one before the next one.
var shuffled = map[int][2]int{4: {2, 2}, 5: {10, 9}, 6: {7, 8}, 7: {35, 34}, 8: {14, 26}, 9: {126, 125}, 10: {53, 69}, 12: {132, 262}}

// TestCommittees holds that every t parties have a committee that none of them is in, that they
// are of t + 1 parties, and as many as the package comment says.
func TestCommittees(t *testing.T) {
	for n := Least; n <= Most; n++ {
		family, threshold := committees(n), (n-1)/2
		want, ok := shuffled[n]
		require.Equal(t, ok, family != nil, "%d parties", n)
		if !ok {
			continue
		}
		require.Len(t, family, want[0])
		leaving := 0
		for k, c := range family {
			require.Len(t, c.members(), threshold+1)
			require.Less(t, bits.Len16(uint16(c)), n+1)
			if k > 0 {
				require.NotEqual(t, family[k-1], c)
				leaving += len((family[k-1] &^ c).members())
			}
		}
		require.Equal(t, want[1], leaving)
		last := family[len(family)-1].members()
		require.Equal(t, threshold, last[threshold]-last[0])
		for set := range committee(1) << n {
			if bits.OnesCount16(uint16(set)) == threshold {
				require.True(t, slices.ContainsFunc(family, func(c committee) bool { return c&set == 0 }), "%b of %d", set, n)
			}
		}
	}
}

// withShuffler runs f at n parties that shuffle.
func withShuffler(t *testing.T, n int, f func(s shuffler) error) {
	none(t, run(t, n, func(p *Party) error {
		return f(p.Shuffler().(shuffler))
	}))
}

// TestShuffle holds that columns of numbers and of words are in the same order, which is a
// permutation, and what that costs, for lengths around messages.
func TestShuffle(t *testing.T) {
	for _, c := range []struct{ parties, n int }{
		{4, 0}, {4, 1}, {4, 2}, {4, 65}, {4, 2*chunk + 3}, {5, 0}, {5, 1}, {5, 1000}, {6, 200}, {7, 200}, {8, 200}, {9, 100}, {10, 100}, {12, 100},
	} {
		if testing.Short() && c.parties > 8 {
			continue
		}
		values, words := make([]int64, c.n), make([]uint64, c.n)
		for i := range values {
			values[i], words[i] = int64(i)-3, 0xfedcba9876543210^uint64(i)
		}
		sent := make([]uint64, c.parties)
		withShuffler(t, c.parties, func(s shuffler) error {
			x, err := s.Input(1, c.n, mine(s.Party, 1, values))
			if err != nil {
				return err
			}
			b, err := s.InputBits(2, c.n, mine(s.Party, 2, words))
			if err != nil {
				return err
			}
			twice := s.NewVec(c.n)
			s.Combine(twice, -2, x, 0, x)
			kept := []Vec{x.Clone(), b.Clone()}
			before := s.Stats()
			vs, ws, err := s.Shuffle([]Vec{x, twice}, []Vec{b})
			if err != nil {
				return err
			}
			now := s.Stats()
			require.Equal(t, shuffled[c.parties][0], now.Rounds-before.Rounds)
			sent[s.index] = now.Sent - before.Sent
			require.Equal(t, kept, []Vec{x, b})
			require.Len(t, vs, 2)
			require.Len(t, ws, 1)
			first, err := s.Reveal(vs[0], s.everybody())
			if err != nil {
				return err
			}
			second, err := s.Reveal(vs[1], s.everybody())
			if err != nil {
				return err
			}
			opened, err := s.RevealBits(ws[0], s.everybody())
			if err != nil {
				return err
			}
			for i, x := range first {
				require.Equal(t, -2*x, second[i])
				require.Equal(t, 0xfedcba9876543210^uint64(x+3), opened[i])
			}
			if c.n > 10 {
				require.False(t, slices.IsSorted(first))
			}
			slices.Sort(first)
			require.Equal(t, values, append([]int64{}, first...))
			// Without columns, and only of one kind.
			vs, ws, err = s.Shuffle(nil, nil)
			require.Empty(t, append(vs, ws...))
			if err != nil {
				return err
			}
			if _, ws, err = s.Shuffle(nil, []Vec{b}); err != nil {
				return err
			}
			opened, err = s.RevealBits(ws[0], s.everybody())
			slices.Sort(opened)
			want := slices.Clone(words)
			slices.Sort(want)
			require.Equal(t, want, append([]uint64{}, opened...))
			return err
		})
		if c.n > chunk || c.n == 0 {
			continue
		}
		// Each column is a message from each one who leaves, and in the end those of dealing.
		total, threshold := uint64(0), (c.parties-1)/2
		for _, bytes := range sent {
			total += bytes
		}
		dealt := (threshold + 1) * (c.parties - 1 - threshold)
		want := 3*shuffled[c.parties][1]*(8*c.n+headerSize) + dealt*(2*8*c.n+headerSize) + dealt*smallest(c.parties).m*(8*c.n+headerSize)
		require.EqualValues(t, want, total, "%d parties", c.parties)
	}
}

// TestShuffleUniform shuffles three elements often: each of the six orders comes up as often as
// the others. Of 1200, each is there 200 times, with a standard deviation of 12.9: that one is
// off by nine of them has a probability below 10^-17.
func TestShuffleUniform(t *testing.T) {
	const times = 1200
	for _, parties := range []int{4, 5} {
		withShuffler(t, parties, func(s shuffler) error {
			v, err := s.Input(1, 3, mine(s.Party, 1, []int64{1, 2, 3}))
			if err != nil {
				return err
			}
			all := make([]Vec, times)
			for i := range all {
				z, _, err := s.Shuffle([]Vec{v}, nil)
				if err != nil {
					return err
				}
				all[i] = z[0]
			}
			opened, err := s.Reveal(engine.Concat(all...), s.everybody())
			if err != nil {
				return err
			}
			count := make(map[string]int)
			for ; len(opened) > 0; opened = opened[3:] {
				count[fmt.Sprint(opened[:3])]++
			}
			require.Len(t, count, 6)
			for order, n := range count {
				require.InDelta(t, times/6, n, 9*12.9, order)
			}
			return nil
		})
	}
}

// TestShuffleOrders holds that every committee has a permutation of its own, which no other party
// can draw, and which is another one each time.
func TestShuffleOrders(t *testing.T) {
	for _, parties := range []int{5, 6, 9} {
		seeds := make([][]uint64, parties)
		withShuffler(t, parties, func(s shuffler) error {
			seeds[s.index] = make([]uint64, len(s.committees))
			for k, g := range s.orders {
				require.Equal(t, s.committees[k].has(s.index), g != nil)
				if g != nil {
					seeds[s.index][k] = (&prgCopy{*g}).next()
				}
			}
			return nil
		})
		all := make(map[uint64]bool)
		for k, c := range committees(parties) {
			members := c.members()
			seed := seeds[members[0]][k]
			require.False(t, all[seed])
			all[seed] = true
			for _, i := range members {
				require.Equal(t, seed, seeds[i][k])
			}
		}
	}
}

// A prgCopy reads a stream without taking anything from it.
type prgCopy struct{ prg.PRG }

func (c *prgCopy) next() uint64 { return c.Uint64() }

// TestShuffleProduct holds that a shuffle is the product of the permutations of all committees, each
// by the next words of its stream: with one less, those who know all others would know the order.
func TestShuffleProduct(t *testing.T) {
	const n, times = 20, 3
	for _, parties := range []int{4, 5, 6, 8, 10} {
		if testing.Short() && parties > 6 {
			continue
		}
		family := committees(parties)
		drawn := make([][]prgCopy, parties) // by party and committee
		opened := make([][][]int64, parties)
		withShuffler(t, parties, func(s shuffler) error {
			drawn[s.index] = make([]prgCopy, len(family))
			for k, g := range s.orders {
				if g != nil {
					drawn[s.index][k].PRG = *g
				}
			}
			values := make([]int64, n)
			for i := range values {
				values[i] = int64(i)
			}
			v, err := s.Input(0, n, mine(s.Party, 0, values))
			if err != nil {
				return err
			}
			for range times {
				z, _, err := s.Shuffle([]Vec{v}, nil)
				if err != nil {
					return err
				}
				x, err := s.Reveal(z[0], s.everybody())
				if err != nil {
					return err
				}
				opened[s.index] = append(opened[s.index], x)
			}
			return nil
		})
		for at := range times {
			want, order := make([]int64, n), make([]uint32, n)
			for i := range want {
				want[i] = int64(i)
			}
			for k, c := range family {
				drawn[c.members()[0]][k].Permute(order)
				before := slices.Clone(want)
				for i, from := range order {
					want[i] = before[from]
				}
			}
			for i := range parties {
				require.Equal(t, want, opened[i][at], "shuffle %d of %d parties", at, parties)
			}
		}
	}
}

// TestShuffleMistakes are errors before anything is sent.
func TestShuffleMistakes(t *testing.T) {
	withShuffler(t, 4, func(s shuffler) error {
		before := s.Stats()
		for _, c := range [][2][]Vec{
			{{s.NewVec(1), s.NewVec(2)}, nil}, {{s.NewVec(1)}, {s.NewBits(2)}}, {{s.NewBits(1)}, nil}, {nil, {s.NewVec(1)}},
			{{engine.New(0, 1)}, nil},
		} {
			_, _, err := s.Shuffle(c[0], c[1])
			require.Error(t, err)
		}
		require.Equal(t, before, s.Stats())
		return nil
	})
	for _, n := range []int{11, 13, 14, 15, 16} {
		p, err := Rehearse(0, n, nil)
		require.NoError(t, err)
		require.Nil(t, p.Shuffler())
	}
}

// TestSort compares a radix sort over shuffles with that of Go, where keys are equal also, and
// holds its rounds to the sum of those of its calls.
func TestSort(t *testing.T) {
	for _, c := range []struct{ parties, n, bits int }{{4, 2, 1}, {4, 65, 33}, {4, 1000, 7}, {4, 10, 64}, {5, 130, 5}, {6, 65, 4}, {8, 20, 3}} {
		r := rand.New(rand.NewPCG(uint64(c.n), uint64(c.bits)))
		keys, rows := make([]uint64, c.n), make([]int64, c.n)
		w := engine.Words(c.n)
		planes := make([]uint64, c.bits*w)
		for i := range keys {
			keys[i] = r.Uint64() >> (64 - c.bits)
			rows[i] = int64(i)
			for k := range c.bits {
				planes[k*w+i/64] |= keys[i] >> k & 1 << (i % 64)
			}
		}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[a], keys[b]) })
		withShuffler(t, c.parties, func(s shuffler) error {
			b, err := s.InputBits(0, len(planes), mine(s.Party, 0, planes))
			if err != nil {
				return err
			}
			payload, err := s.Input(1, c.n, mine(s.Party, 1, rows))
			if err != nil {
				return err
			}
			before := s.Stats().Rounds
			sorted, err := engine.Radix{Shuffler: s}.Sort(c.n, b, c.bits, []Vec{payload})
			if err != nil {
				return err
			}
			// Numbers, Dot, a shuffle and an opening, and Mul for two bits.
			passes, halvings := (c.bits+1)/2, bits.Len(uint(s.t))
			rounds := passes*(2+halvings+1+len(s.committees)+1) + c.bits/2
			if passes > 1 {
				rounds += len(s.committees) + 1
			}
			require.Equal(t, rounds, s.Stats().Rounds-before)
			opened, err := s.Reveal(sorted[0], s.everybody())
			require.Equal(t, want, opened, "%d keys of %d bits, %d parties", c.n, c.bits, c.parties)
			return err
		})
	}
}

// TestSortTable holds the costs that the package comment states, by rehearsals of sorts of fewer
// keys, and that a network takes more bytes and rounds.
func TestSortTable(t *testing.T) {
	const n = 1 << 10
	for parties, want := range map[int]struct {
		average, most float64 // kB
		rounds        int
	}{4: {1.9, 2.8, 131}, 5: {3.3, 4.0, 283}, 6: {3.8, 5.3, 232}, 7: {6.3, 7.3, 708}, 8: {6.9, 8.9, 351},
		9: {11.7, 13.1, 2271}, 10: {10.7, 13.7, 1030}, 12: {18.1, 20.8, 2373}} {
		if testing.Short() && parties > 6 {
			continue
		}
		all, most := 0.0, 0.0
		for i := range parties {
			p, err := Rehearse(i, parties, nil)
			require.NoError(t, err)
			_, err = engine.Radix{Shuffler: p.Shuffler(), Alone: true}.Sort(n, p.NewBits(32*n/64), 32, []Vec{p.NewVec(n)})
			require.NoError(t, err)
			require.Equal(t, want.rounds, p.Stats().Rounds, "%d parties", parties)
			sent := float64(p.Stats().Sent) / n / 1000
			all, most = all+sent, max(most, sent)
		}
		// Of so few keys, what goes before messages is something.
		require.InDelta(t, want.average, all/float64(parties), 0.06+0.02*want.average, "%d parties", parties)
		require.InDelta(t, want.most, most, 0.06+0.02*want.most, "%d parties", parties)
		if parties > 5 {
			continue
		}
		p, err := Rehearse(0, parties, nil)
		require.NoError(t, err)
		_, err = engine.Network{Party: p}.Sort(n, p.NewBits(32*n/64), 32, []Vec{p.NewVec(n)})
		require.NoError(t, err)
		require.Greater(t, float64(p.Stats().Sent)/n/1000, 2*most)
		require.Greater(t, p.Stats().Rounds, want.rounds)
	}
}

// A seen is what a party sees of a word that committees have one after the other: its share, and
// at each step what is sent to it and the next word of the streams of each link.
type seen struct {
	share    []uint64
	received [][]uint64
	to, from [][]uint64 // by step and party
	// The words of each stream from the beginning on.
	allTo, allFrom [][]uint64
}

// TestShuffleViews holds that no t parties see anything of a secret that committees have one after
// the other, and that what they see before and after the permutation of a committee that none of
// them is in are not related, so that they do not see what it is. All that they see are sums of
// random bits and of those of the secret; so this is so if these are linearly independent. A
// committee itself sees the secret. There are some 300 bits of each word and at most half as
// many words, so that independent ones seem dependent with a probability below 2^-100.
func TestShuffleViews(t *testing.T) {
	const runs = 8
	for n := Least; n <= 8; n++ {
		family, threshold := committees(n), (n-1)/2
		for dealer := range 2 { // one is not among the t
			secrets := make([]uint64, runs)
			views := make([][]*seen, runs) // by run and party
			for r := range runs {
				secrets[r] = 0x9e3779b97f4a7c15 * uint64(r+1)
				views[r] = observe(t, n, dealer, r, secrets[r])
			}
			for set := range committee(1) << n {
				size := bits.OnesCount16(uint16(set))
				if size > threshold+1 || size < threshold || set.has(dealer) {
					continue
				}
				all := words(views, set, 0, len(family))
				if size == threshold+1 {
					// In a committee at the beginning they have all summands.
					if set == family[0] {
						require.Equal(t, rank(all), rank(append(all, secrets)), "%b of %d", set, n)
					}
					continue
				}
				for k, c := range family {
					if c&set != 0 {
						continue
					}
					before, after := words(views, set, 0, k+1), words(views, set, k+1, len(family))
					require.Equal(t, rank(all), rank(before)+rank(after), "%b of %d", set, n)
				}
				require.Equal(t, rank(all)+1, rank(append(all, secrets)), "%b of %d", set, n)
				require.Less(t, rank(all), 64*runs/2)
			}
		}
	}
}

// observe has all parties pass on a secret through all committees, with the coins of a run.
func observe(t *testing.T, n, dealer, run int, secret uint64) []*seen {
	all := make([]*seen, n)
	stocks := make([]*Stock, n) // which make coins that differ
	for i := range stocks {
		stocks[i] = &Stock{index: i, n: n, id: [prg.Size]byte{byte(run + 1)}}
	}
	none(t, runWith(t, stocks, func(p *Party) error {
		v := new(seen)
		all[p.index] = v
		b, err := p.InputBits(dealer, 1, mine(p, dealer, []uint64{secret}))
		if err != nil {
			return err
		}
		for _, part := range b.Parts {
			v.share = append(v.share, part[0])
		}
		peek := func() {
			to, from := make([]uint64, n), make([]uint64, n)
			for i, l := range p.links {
				if l != nil {
					to[i], from[i] = (&prgCopy{*l.to}).next(), (&prgCopy{*l.from}).next()
				}
			}
			v.to, v.from = append(v.to, to), append(v.from, from)
		}
		v.allTo, v.allFrom = make([][]uint64, n), make([][]uint64, n)
		for i, l := range p.links {
			if l != nil {
				to, from := *l.to, *l.from
				v.allTo[i], v.allFrom[i] = make([]uint64, 100), make([]uint64, 100)
				to.Uint64s(v.allTo[i])
				from.Uint64s(v.allFrom[i])
			}
		}
		x := &track{p.bits, p.summands(p.bits, b), make([]uint64, 1)}
		peek()
		v.received = append(v.received, nil)
		for k, c := range p.committees[1:] {
			x.spare[0] = 0
			if err := p.pass([]*track{x}, p.committees[k], c); err != nil {
				return err
			}
			var received []uint64
			if c.has(p.index) && !p.committees[k].has(p.index) {
				received = append(received, x.spare[0])
			}
			v.received = append(v.received, received)
			peek()
		}
		return nil
	}))
	return all
}

// TestShuffleParts holds that who leaves a committee takes away from each column, of numbers too, what
// comes next in the streams that it has with all members of the next committee but its heir, and
// sends the rest: no part of a stream hides two columns, or is used in two steps.
func TestShuffleParts(t *testing.T) {
	const n = 3
	for _, parties := range []int{4, 5, 8} {
		withShuffler(t, parties, func(s shuffler) error {
			words, numbers := s.NewBits(n), s.NewVec(n)
			var tracks []*track
			for range 2 {
				tracks = append(tracks, &track{s.numbers, s.summands(s.numbers, numbers), make([]uint64, n)},
					&track{s.bits, s.summands(s.bits, words), make([]uint64, n)})
			}
			for k, to := range s.committees[1:] {
				from := s.committees[k]
				before, streams := make([][]uint64, len(tracks)), make([]prgCopy, parties)
				for at, x := range tracks {
					before[at] = slices.Clone(x.values)
				}
				for j, l := range s.links {
					if l != nil {
						streams[j].PRG = *l.to
					}
				}
				if err := s.pass(tracks, from, to); err != nil {
					return err
				}
				leaving := (from &^ to).members()
				place := slices.Index(leaving, s.index)
				if place < 0 {
					continue
				}
				heir := (to &^ from).members()[place]
				for at, x := range tracks {
					sum, part := slices.Clone(x.values), make([]uint64, n)
					for _, j := range to.members() {
						if j == heir {
							continue
						}
						if x.space == s.bits {
							streams[j].Uint64s(part)
						} else {
							field.Uniform(part, &streams[j].PRG)
						}
						for i := range sum {
							if x.space == s.bits {
								sum[i] ^= part[i]
							} else {
								sum[i] = field.Add(sum[i], part[i])
							}
						}
					}
					require.Equal(t, before[at], sum, "step %d of %d parties", k, parties)
				}
				for j, l := range s.links {
					if l != nil {
						require.Equal(t, streams[j].next(), (&prgCopy{*l.to}).next())
					}
				}
			}
			return nil
		})
	}
}

// words returns what a set of parties sees from one step to another one, of which the first one is
// their share: each word in all runs.
func words(views [][]*seen, set committee, from, to int) (all [][]uint64) {
	for _, i := range set.members() {
		for at := range views[0][i].share {
			if from == 0 {
				all = append(all, column2(views, func(v []*seen) uint64 { return v[i].share[at] }))
			}
		}
		for k := max(from, 1); k < to; k++ {
			for at := range views[0][i].received[k] {
				all = append(all, column2(views, func(v []*seen) uint64 { return v[i].received[k][at] }))
			}
			for j := range views[0] {
				if j == i {
					continue
				}
				for _, stream := range []func(v *seen) (next [][]uint64, words []uint64){
					func(v *seen) ([][]uint64, []uint64) { return v.to, v.allTo[j] },
					func(v *seen) ([][]uint64, []uint64) { return v.from, v.allFrom[j] },
				} {
					next, words := stream(views[0][i])
					for at := slices.Index(words, next[k-1][j]); at < slices.Index(words, next[k][j]); at++ {
						all = append(all, column2(views, func(v []*seen) uint64 {
							_, words := stream(v[i])
							return words[at]
						}))
					}
				}
			}
		}
	}
	return all
}

// column2 returns a word of all runs.
func column2(views [][]*seen, of func(v []*seen) uint64) []uint64 {
	word := make([]uint64, len(views))
	for r, v := range views {
		word[r] = of(v)
	}
	return word
}

// rank returns how many of the rows of bits are linearly independent.
func rank(rows [][]uint64) (n int) {
	left := make([][]uint64, len(rows))
	for i, row := range rows {
		left[i] = slices.Clone(row)
	}
	for bit := 0; len(left) > 0 && bit < 64*len(left[0]); bit++ {
		at := slices.IndexFunc(left, func(row []uint64) bool { return row[bit/64]>>(bit%64)&1 == 1 })
		if at < 0 {
			continue
		}
		n++
		pivot := left[at]
		left = slices.Delete(left, at, at+1)
		for _, row := range left {
			if row[bit/64]>>(bit%64)&1 == 1 {
				for w := range row {
					row[w] ^= pivot[w]
				}
			}
		}
	}
	return n
}

func BenchmarkShuffle(b *testing.B) {
	benchmark(b, []int{4, 5, 7, 9, 12}, 1<<14, func(p *Party, x Vec) error {
		_, _, err := p.Shuffler().Shuffle([]Vec{x}, nil)
		return err
	})
}

func BenchmarkSort(b *testing.B) {
	benchmark(b, []int{4, 5, 7}, 1<<12, func(p *Party, x Vec) error {
		_, err := engine.Radix{Shuffler: p.Shuffler()}.Sort(x.Len(), p.NewBits(32*engine.Words(x.Len())), 32, []Vec{x})
		return err
	})
}

// BenchmarkNetwork is what BenchmarkSort is with a network of comparisons.
func BenchmarkNetwork(b *testing.B) {
	benchmark(b, []int{4, 5, 7}, 1<<12, func(p *Party, x Vec) error {
		_, err := engine.Network{Party: p}.Sort(x.Len(), p.NewBits(32*engine.Words(x.Len())), 32, []Vec{x})
		return err
	})
}
