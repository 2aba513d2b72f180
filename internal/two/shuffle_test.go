package two

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// TestShuffleTogether shuffles columns of numbers and of words, of lengths around those of
// messages: rows stay together, what was there is what it was, and it takes two rounds.
func TestShuffleTogether(t *testing.T) {
	for name, s := range tested() {
		for _, n := range []int{0, 1, 2, 65, chunk - 1, chunk, 2*chunk + 3} {
			if !s.dealer && n > 65 {
				continue
			}
			for _, widths := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {2, 3}} {
				t.Run(fmt.Sprint(name, n, widths), func(t *testing.T) { testShuffle(t, s, n, widths) })
			}
		}
	}
}

func testShuffle(t *testing.T, s setting, n int, widths [2]int) {
	secret := integers(uint64(n), n)
	none(t, run(t, s, func(p *Party) error {
		var all [2][]Vec
		x, err := p.Input(1, n, mine(p, 1, secret))
		require.NoError(t, err)
		y, err := p.InputBits(1, n, mine(p, 1, unsigned(secret)))
		require.NoError(t, err)
		for k := range widths[0] {
			z := p.NewVec(n)
			p.Combine(z, int64(k)+1, x, 0, x)
			all[0] = append(all[0], z)
		}
		for range widths[1] {
			all[1] = append(all[1], y)
		}
		before := p.Stats().Rounds
		shares := []Vec{x.Clone(), y.Clone()}
		numbers, words, err := p.Shuffle(all[0], all[1])
		if err != nil {
			return err
		}
		require.Equal(t, shares, []Vec{x, y})
		if n > 1 && widths != [2]int{} {
			require.Equal(t, before+2, p.Stats().Rounds)
		}
		require.Empty(t, p.stock.Left())
		require.Len(t, numbers, widths[0])
		require.Len(t, words, widths[1])
		var rows []uint64
		for k, v := range numbers {
			opened, err := p.Reveal(v, everyone)
			if err != nil {
				return err
			}
			if k == 0 {
				rows = unsigned(opened)
			}
			for i, x := range opened {
				require.Equal(t, rows[i]*(uint64(k)+1), uint64(x))
			}
		}
		for _, v := range words {
			opened, err := p.RevealBits(v, everyone)
			if err != nil {
				return err
			}
			if rows == nil {
				rows = opened
			}
			require.Equal(t, rows, opened)
		}
		if widths != [2]int{} {
			if n > 60 {
				require.NotEqual(t, unsigned(secret), rows) // but with a probability below 10^-60
			}
			slices.Sort(rows)
			want := unsigned(secret)
			slices.Sort(want)
			require.True(t, slices.Equal(want, rows))
		}
		return nil
	}))
}

// TestShuffles counts the orders of three elements, and those that each party knows of: all are
// as likely as the others, and together with what a party knows so are those of the whole.
func TestShuffles(t *testing.T) {
	for name, s := range tested() {
		t.Run(name, func(t *testing.T) { testShuffles(t, s) })
	}
}

func testShuffles(t *testing.T, s setting) {
	const times = 1200
	var orders [Parties][times]string
	var opened []int64
	none(t, run(t, s, func(p *Party) error {
		v, err := p.Input(1, 3, mine(p, 1, []int64{1, 2, -3}))
		require.NoError(t, err)
		demand := engine.Demand{}
		for range times {
			demand.Shuffles = append(demand.Shuffles, struct{ Rows, Numbers, Words int }{3, 1, 0})
		}
		if err := p.Prepare(demand); err != nil {
			return err
		}
		o := order{shuffles, 3, 1, 0}
		for i, t := range p.stock.shaped[o] {
			permutation, _ := o.seeded(t.a)
			orders[p.index][times-1-i] = fmt.Sprint(permutation) // the last one is used first
		}
		var all []Vec
		for range times {
			z, _, err := p.Shuffle([]Vec{v}, nil)
			if err != nil {
				return err
			}
			all = append(all, z[0])
		}
		values, err := p.Reveal(engine.Concat(all...), everyone)
		if p.index == 0 {
			opened = values
		}
		return err
	}))
	whole := make(map[string]int)
	joint := [Parties]map[string]int{make(map[string]int), make(map[string]int)}
	for i := range times {
		order := fmt.Sprint(opened[3*i : 3*i+3])
		whole[order]++
		for p := range joint {
			joint[p][orders[p][i]+order]++
		}
	}
	for _, c := range []struct {
		counts map[string]int
		cells  int
	}{{whole, 6}, {joint[0], 36}, {joint[1], 36}} {
		require.Len(t, c.counts, c.cells)
		var counts []int
		for _, n := range c.counts {
			counts = append(counts, n)
		}
		enginetest.Uniform(t, "orders", counts)
	}
}

// checkShuffle holds what a shuffle consists of, and calls fresh with all its words.
func checkShuffle(t *testing.T, o order, halves [Parties]triples, fresh func(w uint64)) {
	for permuter := range Parties {
		own, other := halves[permuter], halves[1-permuter]
		permutation, _ := o.seeded(own.a)
		_, stream := o.seeded(other.a)
		a := make([]uint64, o.rows)
		for k := range o.inner + o.cols {
			fill(a, stream)
			for j, from := range permutation {
				delta, b := o.column(k, own.b)[j], o.column(k, other.c)[j]
				sum := delta + b
				if k >= o.inner {
					sum = delta ^ b
				}
				require.Equal(t, a[from], sum, "%v, permutation %d", o, permuter)
				for _, w := range []uint64{a[from], b} {
					fresh(w)
				}
				// Of two numbers, of which both sums are the same, one is the other one's negative.
				if o.rows > 2 {
					fresh(delta)
				}
			}
		}
		for _, w := range own.a {
			fresh(w)
		}
	}
}

// TestRoutes brings all permutations of up to six elements, and random ones of more, through the
// switches that are set for them.
func TestRoutes(t *testing.T) {
	check := func(permutation []uint32) {
		count, switches := levels(len(permutation))
		require.GreaterOrEqual(t, 2*switches, len(permutation))
		choices := routes(permutation)
		require.Len(t, choices, count)
		wires, next := make([]int, 2*switches), make([]int, 2*switches)
		for i := range wires {
			wires[i] = i
		}
		for level, set := range choices {
			require.Len(t, set, switches)
			w := wiringOf(level, count, switches)
			for i := range next {
				next[i] = -1
			}
			for i, c := range set {
				in0, in1, out0, out1 := w.wires(i)
				require.LessOrEqual(t, c, byte(1))
				next[out0], next[out1] = wires[in0], wires[in1]
				if c == 1 {
					next[out0], next[out1] = wires[in1], wires[in0]
				}
			}
			require.NotContains(t, next, -1)
			wires, next = next, wires
		}
		for i, from := range permutation {
			require.Equal(t, int(from), wires[i])
		}
	}
	var all func(permutation []uint32, left int)
	all = func(permutation []uint32, left int) {
		if left == 0 {
			check(permutation)
			return
		}
		for i := range left {
			permutation[i], permutation[left-1] = permutation[left-1], permutation[i]
			all(permutation, left-1)
			permutation[i], permutation[left-1] = permutation[left-1], permutation[i]
		}
	}
	for n := 2; n <= 6; n++ {
		permutation := make([]uint32, n)
		for i := range permutation {
			permutation[i] = uint32(i)
		}
		all(permutation, n)
	}
	for _, n := range []int{7, 8, 9, 63, 64, 65, 1000} {
		permutation := make([]uint32, n)
		prg.New([prg.Size]byte{byte(n)}).Permute(permutation)
		check(permutation)
	}
}

// TestFreshShuffle has no two hashes of a network of switches alike, of equal transfers: in all
// columns, and in two levels. Wires have masks of zeros, so that those behind a switch are hashes.
func TestFreshShuffle(t *testing.T) {
	const switches, columns = 300, 6
	seen := make(map[uint64]bool)
	none(t, run(t, setting{}, func(p *Party) error {
		m := p.maker.(*transfers)
		m.sent, m.received = make([]prg.Block, 2*switches), make([]prg.Block, 2*switches)
		var n network
		for k := range columns {
			line := func() *lines {
				return &lines{make([]uint64, 2*switches), make([]uint64, 2*switches), k >= columns/2}
			}
			n.sums, n.masks = append(n.sums, line()), append(n.masks, line())
		}
		w := wiring{size: 2}
		for range 2 {
			if err := m.switches(w, n, 0, make([]byte, switches)); err != nil {
				return err
			}
			for _, l := range n.masks {
				for i := range switches {
					_, _, out, _ := w.wires(i)
					if p.index == 0 {
						require.False(t, seen[l.out[out]])
						seen[l.out[out]] = true
					}
				}
			}
		}
		return nil
	}))
	require.Len(t, seen, 2*switches*columns)
}

// TestSwitchSimulation compares what a party that sets switches sees, with the masks of the wires,
// which it must not learn, with what a simulator makes of the choices alone: the hashes that it
// has and what it is sent are random words.
func TestSwitchSimulation(t *testing.T) {
	const n, setter = 1 << 14, 1
	coins := rand.New(rand.NewPCG(11, 12))
	draw := func() []uint64 {
		v := make([]uint64, n)
		for i := range v {
			v[i] = coins.Uint64()
		}
		return v
	}
	choices := make([]byte, n)
	for i := range choices {
		choices[i] = byte(coins.Uint64() & 1)
	}
	var r enginetest.Recorder
	var learnt [2][]uint64
	s := setting{wrap: func(c *conns) { c.peers[1-setter] = r.Tap(1-setter, setter, c.peers[1-setter]) }}
	none(t, run(t, s, func(p *Party) error {
		var net network
		for k := range 2 {
			line := func() *lines { return &lines{make([]uint64, 2*n), make([]uint64, 2*n), k == 1} }
			net.sums, net.masks = append(net.sums, line()), append(net.masks, line())
			for i := range 2 * n {
				net.masks[k].in[i] = uint64(i)
			}
		}
		w := wiring{size: 2}
		if err := p.maker.(*transfers).switches(w, net, 0, choices); err != nil {
			return err
		}
		if p.index == setter {
			for k := range learnt {
				learnt[k] = make([]uint64, n)
				for i := range n {
					_, _, out, _ := w.wires(i)
					learnt[k][i] = net.sums[k].out[out]
				}
			}
		}
		return nil
	}))
	var sent [2][]uint64
	for _, f := range r.Sent(1-setter, Parties)[setter] {
		if f.Type == typeCorrection && len(f.Payload) == 16*n {
			for k := range sent {
				sent[k] = make([]uint64, n)
				decode(sent[k], f.Payload[8*n*k:8*n*(k+1)])
			}
		}
	}
	masks, set := make([]uint64, n), make([]uint64, n)
	for i := range masks {
		masks[i], set[i] = uint64(2*i), uint64(choices[i])
	}
	// view has what is learnt as well as the hash that is in it.
	view := func(sent, hashes [2][]uint64) [][]uint64 {
		v := [][]uint64{masks, set}
		for k := range sent {
			learnt := make([]uint64, n)
			for i, c := range set {
				learnt[i] = hashes[k][i] + sent[k][i]&-c
				if k == 1 {
					learnt[i] = hashes[k][i] ^ sent[k][i]&-c
				}
			}
			v = append(v, sent[k], hashes[k], learnt)
		}
		return v
	}
	var hashes [2][]uint64
	for k := range hashes {
		hashes[k] = make([]uint64, n)
		for i, c := range set {
			hashes[k][i] = learnt[k][i] - sent[k][i]&-c
			if k == 1 {
				hashes[k][i] = learnt[k][i] ^ sent[k][i]&-c
			}
		}
	}
	names := []string{"mask", "choice", "d", "hash", "T", "d of words", "hash of words", "T of words"}
	enginetest.Compare(t, names, view(sent, hashes), view([2][]uint64{draw(), draw()}, [2][]uint64{draw(), draw()}))
}

// TestShuffleSeeds has a permutation of its own seed, and masks of the other one.
func TestShuffleSeeds(t *testing.T) {
	o, seeds := order{shuffles, 300, 1, 0}, []uint64{1, 2, 3, 4}
	made := func(seeds []uint64) ([]uint32, uint64) {
		permutation, a := o.seeded(seeds)
		return permutation, a.Uint64()
	}
	permutation, a := made(seeds)
	for i := range seeds {
		other := slices.Clone(seeds)
		other[i]++
		otherPermutation, otherA := made(other)
		require.Equal(t, i < 2, !slices.Equal(permutation, otherPermutation))
		require.Equal(t, i >= 2, a != otherA)
	}
}

// TestPreparedTwice prepares what is there already, and more of it, beside a matrix of the same
// sizes.
func TestPreparedTwice(t *testing.T) {
	type shuffle = struct{ Rows, Numbers, Words int }
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		d := engine.Demand{Shuffles: []shuffle{{2, 3, 4}, {2, 3, 4}}, Matrices: []struct{ Rows, Inner, Columns int }{{2, 3, 4}}}
		for _, count := range []int{2, 2, 3} {
			d.Shuffles = slices.Repeat([]shuffle{{2, 3, 4}}, count)
			if err := p.Prepare(d); err != nil {
				return err
			}
			require.Equal(t, d, p.stock.Left())
		}
		left := p.Leftover()
		for range 20 { // of an order of a map
			again, err := ParseStock(left.append(nil))
			require.NoError(t, err)
			require.Equal(t, left.term(), again.term())
		}
		return nil
	}))
}

// TestShuffleCopies alters a column of one element behind a shuffle.
func TestShuffleCopies(t *testing.T) {
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		v := p.NewVec(1)
		numbers, words, err := p.Shuffle([]Vec{v}, []Vec{v})
		require.NoError(t, err)
		v.Parts[0][0]++
		require.Zero(t, numbers[0].Parts[0][0])
		require.Zero(t, words[0].Parts[0][0])
		return nil
	}))
}

// TestUsedShuffle has nothing of a shuffle in memory after its use.
func TestUsedShuffle(t *testing.T) {
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Shuffles: []struct{ Rows, Numbers, Words int }{{9, 1, 1}}}); err != nil {
			return err
		}
		used := p.stock.shaped[order{shuffles, 9, 1, 1}][0]
		require.NotEqual(t, make([]uint64, 18), used.c)
		good := p.maker
		p.maker = breaking{good, session.ErrPeer} // what is prepared needs no other
		_, _, err := p.Shuffle([]Vec{p.NewVec(9)}, []Vec{p.NewBits(9)})
		p.maker = good
		require.Equal(t, triples{make([]uint64, 4), make([]uint64, 18), make([]uint64, 18)}, used)
		require.Empty(t, p.stock.Left())
		return err
	}))
}

// TestShuffleMistakes shuffles what has not one length, or is too long.
func TestShuffleMistakes(t *testing.T) {
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		for _, c := range [][2][]Vec{
			{{p.NewVec(1), p.NewVec(2)}, nil}, {{p.NewVec(3)}, {p.NewBits(1)}}, {{engine.New(2, 3)}, nil},
		} {
			_, _, err := p.Shuffle(c[0], c[1])
			require.Error(t, err)
		}
		for _, c := range [][3]int{{maxShuffle + 1, 1, 0}, {maxShuffle, 9, 8}, {2, maxColumns + 1, 0}, {-1, 1, 1}, {3, -1, 1}, {3, 1, -1}} {
			_, err := shuffleShape(c[0], c[1], c[2])
			require.Error(t, err)
		}
		return nil
	}))
}

// TestSort compares sorting with that of Go, with keys of all sizes and payload that shows the
// order of equal ones, and holds that neither rounds nor bytes depend on more than sizes.
func TestSort(t *testing.T) {
	for name, s := range tested() {
		t.Run(name, func(t *testing.T) {
			if s.dealer {
				testSort(t, s, []int{0, 1, 63, 64, 65, 1000}, []int{0, 1, 2, 3, 31, 32, 55, 62, 63, 64})
			} else {
				testSort(t, s, []int{2, 65}, []int{1, 2, 5})
			}
		})
	}
}

func testSort(t *testing.T, s setting, lengths, sizes []int) {
	for _, n := range lengths {
		for _, size := range sizes {
			var costs [2][Parties]engine.Stats
			for k := range costs {
				keys := make([]uint64, n)
				if k == 1 {
					keys = unsigned(integers(uint64(size), n))
				}
				rows := make([]int64, n)
				for i := range keys {
					rows[i] = int64(i)
					keys[i] = keys[i] << (64 - size) >> (64 - size)
				}
				planes := make([]uint64, size*engine.Words(n))
				for i, x := range keys {
					for j := range size {
						planes[j*engine.Words(n)+i/64] |= x >> j & 1 << (i % 64)
					}
				}
				want := slices.Clone(rows)
				slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(keys[a], keys[b]) })
				none(t, run(t, s, func(p *Party) error {
					v, err := p.InputBits(0, len(planes), mine(p, 0, planes))
					require.NoError(t, err)
					payload, err := p.Input(1, n, mine(p, 1, rows))
					require.NoError(t, err)
					before := p.Stats()
					sorted, err := engine.Radix{Shuffler: p}.Sort(n, v, size, []Vec{payload, payload})
					if err != nil {
						return err
					}
					after := p.Stats()
					costs[k][p.index] = engine.Stats{Sent: after.Sent - before.Sent, Received: after.Received - before.Received, Rounds: after.Rounds - before.Rounds}
					if n > 1 && size > 0 {
						rounds := 6*(size/2) + 5*(size%2)
						if size > 2 {
							rounds += 3
						}
						require.Equal(t, rounds, costs[k][p.index].Rounds)
					}
					for _, v := range sorted {
						opened, err := p.Reveal(v, everyone)
						if err != nil {
							return err
						}
						require.Equal(t, want, opened, "%d keys of %d bits", n, size)
					}
					return nil
				}))
			}
			require.Equal(t, costs[0], costs[1], "%d keys of %d bits", n, size)
		}
	}
}

// TestShuffleSimulation compares what a party sees of a shuffle, and the output of the other one,
// with what a simulator makes without the other's share and permutation: random words.
func TestShuffleSimulation(t *testing.T) {
	const n = 1 << 14
	for corrupted := range Parties {
		honest := 1 - corrupted
		secret := make([]int64, n) // zeros are what would show first
		var r enginetest.Recorder
		var own, other [2][]uint64
		var dealt triples
		s := setting{dealer: true, wrap: func(c *conns) { c.peers[honest] = r.Tap(honest, corrupted, c.peers[honest]) }}
		none(t, run(t, s, func(p *Party) error {
			x, err := p.Input(honest, n, mine(p, honest, secret))
			require.NoError(t, err)
			if err := p.Prepare(engine.Demand{Shuffles: []struct{ Rows, Numbers, Words int }{{n, 1, 1}}}); err != nil {
				return err
			}
			if p.index == corrupted {
				used := p.stock.shaped[order{shuffles, n, 1, 1}][0]
				dealt = triples{slices.Clone(used.a), slices.Clone(used.b), slices.Clone(used.c)}
			}
			numbers, words, err := p.Shuffle([]Vec{x}, []Vec{p.NewBits(n)})
			if err != nil {
				return err
			}
			outputs := [2][]uint64{numbers[0].Parts[0], words[0].Parts[0]}
			if p.index == corrupted {
				own = outputs
			} else {
				other = outputs
			}
			return nil
		}))
		var message []uint64
		for _, f := range r.Sent(honest, Parties)[corrupted] {
			if f.Type == typeWords {
				words := make([]uint64, len(f.Payload)/8)
				decode(words, f.Payload)
				message = append(message, words...)
			}
		}
		require.Len(t, message, 2*n)
		names := []string{"number", "word", "Δ", "Δ of words", "b", "b of words", "share", "share of words"}
		seen := [][]uint64{message[:n], message[n:], dealt.b[:n], dealt.b[n:], dealt.c[:n], dealt.c[n:], own[0], own[1]}
		random, coins := make([][]uint64, 6), rand.New(rand.NewPCG(9, 10))
		for i := range random {
			random[i] = make([]uint64, n)
			for j := range random[i] {
				random[i][j] = coins.Uint64()
			}
		}
		// Its own share follows, from what is random alone.
		o := order{shuffles, n, 1, 1}
		permutation, a := o.seeded(dealt.a)
		masks := make([]uint64, 2*n)
		fill(masks, a)
		finish := func(message, delta, b []uint64, xor bool) []uint64 {
			z := make([]uint64, n)
			switch corrupted {
			case 0: // b
				copy(z, b)
			default: // of its own share b, and what it is sent
				plus(z, message, b, xor)
				moved := make([]uint64, n)
				engine.Gather(moved, z, permutation)
				plus(z, moved, delta, xor)
			}
			return z
		}
		require.Equal(t, finish(seen[0], seen[2], seen[4], false), own[0])
		require.Equal(t, finish(seen[1], seen[3], seen[5], true), own[1])
		simulated := append(random, finish(random[0], random[2], random[4], false), finish(random[1], random[3], random[5], true))
		enginetest.Compare(t, names, seen, simulated)
		// The other one's share is what is missing to what was shuffled.
		for i := range n {
			require.Zero(t, own[0][i]+other[0][i])
			require.Zero(t, own[1][i]^other[1][i])
		}
	}
}
