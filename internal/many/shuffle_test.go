package many

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// shuffled are the numbers of passes that the package comment states.
var shuffled = map[int]int{4: 2, 5: 3, 6: 3, 7: 6, 8: 4, 9: 10, 10: 7, 11: 26, 12: 14, 13: 52, 14: 28, 15: 120, 16: 64}

// TestPasses holds that for every t parties there is a pass in which none of them is the permuter
// and no two are a pair, that every pass has each party at most once, and how many there are.
func TestPasses(t *testing.T) {
	for n := Least; n <= Most; n++ {
		all, threshold := passes(n), (n-1)/2
		require.Len(t, all, shuffled[n])
		hidden := make(map[uint16]bool)
		for _, of := range all {
			require.Len(t, of.pairs, threshold)
			seen := map[int]bool{of.permuter: true}
			for _, pair := range of.pairs {
				for _, i := range pair {
					require.False(t, seen[i])
					require.True(t, 0 <= i && i < n)
					seen[i] = true
				}
			}
			for set := range uint16(1<<n - 1) {
				if bits.OnesCount16(set) == threshold && hides(of, set) {
					hidden[set] = true
				}
			}
		}
		sets := 0
		for set := range uint16(1<<n - 1) {
			if bits.OnesCount16(set) == threshold {
				sets++
			}
		}
		require.Len(t, hidden, sets, "%d parties", n)
		// No pass is for more sets than this.
		most := 1 << threshold
		if n%2 == 0 {
			most += threshold << (threshold - 1)
		}
		t.Logf("%d parties: %d passes, at least %d", n, len(all), (sets+most-1)/most)
		require.LessOrEqual(t, len(all), 4*((sets+most-1)/most))
	}
}

// TestShuffle holds that columns of numbers and of words are in the same order, which is a
// permutation, and what that costs, for lengths around messages.
func TestShuffle(t *testing.T) {
	for _, c := range []struct{ parties, n int }{
		{4, 0}, {4, 1}, {4, 2}, {4, 65}, {4, 2*chunk + 3}, {5, 0}, {5, 1}, {5, 1001}, {6, 200}, {7, 200}, {8, 200}, {9, 99}, {10, 100}, {11, 10},
		{12, 100}, {13, 11}, {14, 12}, {15, 13}, {16, 14},
	} {
		if testing.Short() && c.parties > 8 {
			continue
		}
		values, words := make([]int64, c.n), make([]uint64, c.n)
		for i := range values {
			values[i], words[i] = int64(i)-3, 0xfedcba9876543210^uint64(i)
		}
		sent := make([]uint64, c.parties)
		none(t, run(t, c.parties, func(s *Party) error {
			x, err := s.Input(1, c.n, mine(s, 1, values))
			if err != nil {
				return err
			}
			b, err := s.InputBits(2, c.n, mine(s, 2, words))
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
			require.Equal(t, shuffled[c.parties]+2, now.Rounds-before.Rounds)
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
		}))
		if c.n > chunk || c.n == 0 {
			continue
		}
		total, threshold, passes := uint64(0), (c.parties-1)/2, passes(c.parties)
		for _, bytes := range sent {
			total += bytes
		}
		// Of each column, those who enter send the rest, all pairs two messages, and each
		// permuter hands on; then there are an order for each pair, and the messages of dealing.
		pairs, columns := threshold*len(passes), threshold+2*threshold*len(passes)
		for k, of := range passes[1:] {
			if of.permuter != passes[k].permuter {
				columns++
			}
		}
		dealt := (threshold + 1) * (c.parties - 1 - threshold)
		want := 3*columns*(8*c.n+headerSize) + pairs*(8*((c.n+1)/2)+headerSize) +
			dealt*(2*8*c.n+headerSize) + dealt*smallest(c.parties).m*(8*c.n+headerSize)
		require.EqualValues(t, want, total, "%d parties", c.parties)
	}
}

// TestShuffleUniform shuffles three elements often: each of the six orders comes up as often as
// the others. Of 1200, each is there 200 times, with a standard deviation of 12.9: that one is
// off by nine of them has a probability below 10^-17.
func TestShuffleUniform(t *testing.T) {
	const times = 1200
	for _, parties := range []int{4, 5} {
		none(t, run(t, parties, func(s *Party) error {
			v, err := s.Input(1, 3, mine(s, 1, []int64{1, 2, 3}))
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
		}))
	}
}

// TestShuffleProduct holds that a shuffle is the product of the permutations of all passes, each of
// which is another one each time and known to the permuter only: with one less, those who know all
// others would know the order. Helpers get another one each.
func TestShuffleProduct(t *testing.T) {
	const n, times = 20, 3
	for parties := Least; parties <= Most; parties++ {
		if testing.Short() && parties > 6 {
			continue
		}
		orders := make([][][][]uint32, parties) // by party, time and pass
		var opened [times][]int64
		none(t, run(t, parties, func(p *Party) error {
			values := make([]int64, n)
			for i := range values {
				values[i] = int64(i)
			}
			v, err := p.Input(0, n, mine(p, 0, values))
			if err != nil {
				return err
			}
			for at := range times {
				s := p.newShuffle(n, []*space{p.numbers})
				drawn := make([][]uint32, len(s.turns))
				for k := range len(s.turns) + 1 {
					if err := s.step(k, []Vec{v}); err != nil {
						return err
					}
					if k < len(s.turns) {
						drawn[k] = s.turns[k].order
					}
					if k > 1 {
						require.Nil(t, s.turns[k-2].order)
					}
				}
				orders[p.index] = append(orders[p.index], drawn)
				z, _, err := s.deal(1)
				if err != nil {
					return err
				}
				x, err := p.Reveal(z[0], p.everybody())
				if err != nil {
					return err
				}
				if p.index == 0 {
					opened[at] = x
				}
			}
			return nil
		}))
		all := make(map[string]bool)
		for at, x := range opened {
			want := make([]int64, n)
			for i := range want {
				want[i] = int64(i)
			}
			for k, of := range passes(parties) {
				order := orders[of.permuter][at][k]
				for i := range parties {
					if i != of.permuter && !of.helps(i) {
						require.Nil(t, orders[i][at][k])
						continue
					}
					require.False(t, all[fmt.Sprint(orders[i][at][k])])
					all[fmt.Sprint(orders[i][at][k])] = true
				}
				moved := make([]int64, n)
				engine.Gather(moved, want, order)
				want = moved
			}
			require.Equal(t, want, x, "shuffle %d of %d parties", at, parties)
		}
	}
}

// TestOrders sends orders, and refuses what is none.
func TestOrders(t *testing.T) {
	none(t, run(t, 4, func(p *Party) error {
		for _, order := range [][]uint32{{}, {0}, {1, 0}, {4, 2, 0, 1, 3}} {
			s := &shuffle{Party: p, elements: len(order)}
			back, err := s.parseOrder(orderWords(order), 1)
			require.NoError(t, err)
			require.Equal(t, order, back)
		}
		_, err := (&shuffle{Party: p, elements: 1}).parseOrder([]uint64{1 << 32}, 1)
		require.ErrorContains(t, err, "left over")
		for _, order := range [][]uint32{{1}, {1 << 31}, {0, 0}, {0, 2, 2}, {0, 1, 3}, {math.MaxUint32, 0, 1}} {
			s := &shuffle{Party: p, elements: len(order)}
			_, err := s.parseOrder(orderWords(order), 1)
			require.ErrorIs(t, err, session.ErrPeer)
			require.ErrorContains(t, err, "no permutation")
			at := new(engine.PartyError)
			require.ErrorAs(t, err, &at)
			require.Equal(t, 1, at.Party)
		}
		return nil
	}))
}

// TestShuffleMistakes are errors before anything is sent.
func TestShuffleMistakes(t *testing.T) {
	none(t, run(t, 4, func(s *Party) error {
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
	}))
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
		none(t, run(t, c.parties, func(s *Party) error {
			b, err := s.InputBits(0, len(planes), mine(s, 0, planes))
			if err != nil {
				return err
			}
			payload, err := s.Input(1, c.n, mine(s, 1, rows))
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
			rounds := passes*(2+halvings+1+len(s.passes)+2+1) + c.bits/2
			if passes > 1 {
				rounds += len(s.passes) + 2 + 1
			}
			require.Equal(t, rounds, s.Stats().Rounds-before)
			opened, err := s.Reveal(sorted[0], s.everybody())
			require.Equal(t, want, opened, "%d keys of %d bits, %d parties", c.n, c.bits, c.parties)
			return err
		}))
	}
}

// TestSortTable holds the costs that the package comment states, by rehearsals of sorts of fewer
// keys.
func TestSortTable(t *testing.T) {
	const n = 1 << 10
	for parties, want := range map[int]struct {
		average, most float64 // kB
		rounds        int
	}{
		4: {2.2, 2.8, 165}, 5: {3.8, 4.6, 198}, 6: {4.2, 5.2, 198}, 7: {6.8, 8.1, 249}, 8: {7.1, 9.6, 215}, 9: {11.0, 12.8, 333},
		10: {10.8, 13.9, 282}, 11: {19.0, 21.3, 605}, 12: {16.1, 19.5, 401}, 13: {30.7, 33.2, 1047}, 14: {23.9, 28.0, 639},
		15: {55.6, 58.8, 2203}, 16: {39.3, 44.7, 1251},
	} {
		if testing.Short() && parties > 6 {
			continue
		}
		all, most := 0.0, 0.0
		for i := range parties {
			p, err := Rehearse(i, parties, nil)
			require.NoError(t, err)
			_, err = engine.Radix{Shuffler: p, Alone: true}.Sort(n, p.NewBits(32*n/64), 32, []Vec{p.NewVec(n)})
			require.NoError(t, err)
			require.Equal(t, want.rounds, p.Stats().Rounds, "%d parties", parties)
			sent := float64(p.Stats().Sent) / n / 1000
			all, most = all+sent, max(most, sent)
		}
		// Of so few keys, what goes before messages is something.
		require.InDelta(t, want.average, all/float64(parties), 0.06+0.02*want.average, "%d parties", parties)
		require.InDelta(t, want.most, most, 0.06+0.02*want.most, "%d parties", parties)
	}
}

// A word is one of what a party sees of a shuffle: in all runs, and of the summands before which pass
// it is, or of what is made of these.
type word struct {
	pass  int
	of    string // where it comes from: coins, a stream or what another party sends
	order bool   // whether it is of a permutation of one element
	runs  []uint64
}

// schedule returns what a party of n sees of a shuffle of one word, in the order of each source.
func schedule(n, self int, family []pass) (all []*word) {
	for range smallest(n).m {
		all = append(all, &word{of: "share"})
	}
	see := func(pass int, of string, from int) { all = append(all, &word{pass: pass, of: fmt.Sprint(of, from)}) }
	give := func(pass, from int, to ...int) {
		for _, j := range to {
			switch {
			case from == self && j == self:
				see(pass, "coins", 0)
			case from == self:
				see(pass, "to", j)
			case j == self:
				see(pass, "from", from)
			}
		}
	}
	order := func(of string, from int) {
		see(0, of, from)
		all[len(all)-1].order = true
	}
	for k := range len(family) + 1 {
		var of pass
		if k < len(family) {
			of = family[k]
		}
		switch {
		case k == 0:
			for i := range (n-1)/2 + 1 {
				from := (of.permuter + i) % n
				give(0, from, of.owners()...)
				if i > 0 && self == of.permuter {
					see(0, "sent by", from)
				}
			}
		case k < len(family):
			give(k, family[k-1].permuter, of.owners()...)
			for _, pair := range family[k-1].pairs {
				give(k, pair[1], append(of.owners(), of.permuter)...)
			}
		case family[k-1].helps(self):
			see(k, "coins", 0)
		}
		if k < len(family) && self == of.permuter {
			order("coins", 0)
		}
		for _, pair := range of.pairs {
			switch self {
			case pair[0]:
				order("from", of.permuter)
				see(k, "to", pair[1])
			case pair[1]:
				see(k, "from", pair[0])
			case of.permuter:
				order("to", pair[0])
				see(k, "sent by", pair[0])
			}
		}
		if k > 0 && self == family[k-1].permuter {
			for _, pair := range family[k-1].pairs {
				see(k, "sent by", pair[1])
			}
			if k > 1 && family[k-2].permuter != self {
				see(k-1, "sent by", family[k-2].permuter)
			}
		}
	}
	return all
}

// TestShuffleViews holds that no t parties see anything of a secret that is shuffled, and that what
// they see of the summands before a pass that is hidden from them and of those after it are not
// related, so that they do not see what it is. All that they see are sums of random bits and of
// those of the secret; so this is so if these are linearly independent. There are 512 bits of each
// word and at most half as many words, so that independent ones seem dependent with a
// probability below 2^-250.
func TestShuffleViews(t *testing.T) {
	const runs = 8
	families := make(map[int][]pass)
	for n := Least; n <= 8; n++ {
		families[n] = passes(n)
	}
	// A party permutes twice in turn, and owners become helpers.
	again := families[7][0]
	again.pairs = nil
	for _, pair := range families[7][0].pairs {
		again.pairs = append(again.pairs, [2]int{pair[1], pair[0]})
	}
	families[7] = append([]pass{again}, families[7]...)
	for n, family := range families {
		threshold := (n - 1) / 2
		for dealer := range 2 { // one is not among the t
			secrets := make([]uint64, runs)
			views := make([][]*word, n)
			for i := range views {
				views[i] = schedule(n, i, family)
			}
			for r := range runs {
				secrets[r] = 0x9e3779b97f4a7c15 * uint64(r+1)
				for i, seen := range observe(t, n, dealer, r, secrets[r], family) {
					at := make(map[string]int)
					for _, w := range views[i] {
						w.runs = append(w.runs, seen[w.of][at[w.of]])
						at[w.of]++
					}
				}
			}
			for set := range uint16(1) << n {
				size := bits.OnesCount16(set)
				if size > threshold+1 || size < threshold || set>>dealer&1 == 1 {
					continue
				}
				seen := func(from, to int) (all [][]uint64) {
					for i := range n {
						for _, w := range views[i] {
							if set>>i&1 == 1 && !w.order && from <= w.pass && w.pass < to {
								all = append(all, w.runs)
							}
						}
					}
					return all
				}
				all := seen(0, len(family)+1)
				if size > threshold { // they have all shares that it takes
					require.Equal(t, rank(all), rank(append(all, secrets)), "%b of %d", set, n)
					continue
				}
				require.Equal(t, rank(all)+1, rank(append(all, secrets)), "%b of %d", set, n)
				require.Less(t, rank(all), 64*runs/2)
				for k, of := range family {
					if hides(of, set) {
						require.Equal(t, rank(all), rank(seen(0, k+1))+rank(seen(k+1, len(family)+1)), "%b of %d, pass %d", set, n, k)
					}
				}
			}
		}
	}
}

// hides reports whether a pass is hidden from a set of parties: none of them permutes, and no two
// are a pair.
func hides(of pass, set uint16) bool {
	return set>>of.permuter&1 == 0 && !slices.ContainsFunc(of.pairs, func(pair [2]int) bool {
		return (set>>pair[0])&(set>>pair[1])&1 == 1
	})
}

// observe has all parties shuffle a secret word with the coins of a run, and returns what each one
// sees: words by where they come from.
func observe(t *testing.T, n, dealer, run int, secret uint64, family []pass) []map[string][]uint64 {
	const most = 1000 // words of a stream
	all := make([]map[string][]uint64, n)
	stocks := make([]*Stock, n) // which make coins that differ
	for i := range stocks {
		stocks[i] = &Stock{index: i, n: n, id: [prg.Size]byte{byte(run + 1)}}
	}
	var errs []error
	var r enginetest.Recorder
	synctest.Test(t, func(t *testing.T) {
		streams := pipes(n)
		for i := range streams {
			for j, rw := range streams[i] {
				if j != i {
					streams[i][j] = r.Tap(i, j, rw.(net.Conn))
				}
			}
		}
		errs = joinWith(t.Context(), streams, stocks, nil, func(p *Party) error {
			seen := make(map[string][]uint64)
			all[p.index] = seen
			b, err := p.InputBits(dealer, 1, mine(p, dealer, []uint64{secret}))
			if err != nil {
				return err
			}
			for _, part := range b.Parts {
				seen["share"] = append(seen["share"], part[0])
			}
			copied := func(of string, i int, g prg.PRG) {
				words := make([]uint64, most)
				g.Uint64s(words)
				seen[fmt.Sprint(of, i)] = words
			}
			copied("coins", 0, *p.coins)
			for i, l := range p.links {
				if l != nil {
					copied("to", i, *l.to)
					copied("from", i, *l.from)
				}
			}
			p.passes = family
			s := p.newShuffle(1, []*space{p.bits})
			for k := range len(s.turns) + 1 {
				if err := s.step(k, []Vec{b}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	none(t, errs)
	for from := range n {
		for to, frames := range r.Sent(from, n) {
			var words []uint64
			for _, f := range frames {
				if f.Type == typeWord {
					words = append(words, binary.LittleEndian.Uint64(f.Payload))
				}
			}
			if from == dealer && (to-dealer+n)%n > (n-1)/2 {
				words = words[smallest(n).m:] // its share
			}
			if from != to {
				all[to][fmt.Sprint("sent by", from)] = words
			}
		}
	}
	return all
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
		_, _, err := p.Shuffle([]Vec{x}, nil)
		return err
	})
}

func BenchmarkSort(b *testing.B) {
	benchmark(b, []int{4, 5, 7}, 1<<12, func(p *Party, x Vec) error {
		_, err := engine.Radix{Shuffler: p}.Sort(x.Len(), p.NewBits(32*engine.Words(x.Len())), 32, []Vec{x})
		return err
	})
}
