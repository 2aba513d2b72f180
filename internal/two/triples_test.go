package two

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// orders are of all kinds, with matrices wider and higher than square, and empty.
var orders = []order{
	{kind: products, rows: 3}, {kind: products, rows: extensionBits/wordBits + 2},
	{kind: words, rows: 1}, {kind: words, rows: extensionBits/wordBits + 2},
	{kind: numbers, rows: 2}, {kind: numbers, rows: 5000},
	{matrices, 2, 3, 5}, {matrices, 5, 3, 2}, {matrices, 1, 7, 1}, {matrices, 33, 1, 40}, {matrices, 3, 0, 3},
	{matrices, 3, 2, 0}, {matrices, 2, 600, 3},
	{shuffles, 2, 1, 0}, {shuffles, 3, 0, 1}, {shuffles, 70, 2, 3}, {shuffles, 2*switching + 5, 1, 1}, {shuffles, 700, 150, 101},
}

// TestTriples checks triples of every kind, and that masks differ from each other and
// from run to run of a source.
func TestTriples(t *testing.T) {
	for name, s := range map[string]setting{"transfers": {}, "dealer": {dealer: true}, "silent": {silent: true}, "encryption": {cipher: true}} {
		t.Run(name, func(t *testing.T) {
			if s.silent && testing.Short() {
				t.Skip("takes a second")
			}
			halves := make(map[order][Parties]triples)
			for _, o := range orders {
				halves[o] = [Parties]triples{newTriples(o), newTriples(o)}
			}
			none(t, run(t, s, func(p *Party) error {
				for _, o := range orders {
					if err := p.maker.make(o, halves[o][p.index]); err != nil {
						return err
					}
				}
				return nil
			}))
			seen := make(map[uint64]bool)
			fresh := func(w uint64) {
				require.False(t, seen[w])
				seen[w] = true
			}
			for _, o := range orders {
				x, y := halves[o][0], halves[o][1]
				n := len(x.c)
				if o.kind == shuffles {
					checkShuffle(t, o, halves[o], fresh)
					continue
				}
				want := make([]uint64, n)
				switch o.kind {
				case products:
					for i := range want {
						want[i] = (x.a[i] + y.a[i]) * (x.b[i] + y.b[i])
						for _, w := range []uint64{x.a[i], x.b[i], y.a[i], y.b[i], x.c[i], y.c[i]} {
							fresh(w)
						}
					}
				case words:
					for i := range want {
						want[i] = (x.a[i] ^ y.a[i]) & (x.b[i] ^ y.b[i])
						require.Equal(t, want[i], x.c[i]^y.c[i])
						for _, w := range []uint64{x.a[i], x.b[i], y.a[i], y.b[i], x.c[i], y.c[i]} {
							fresh(w)
						}
					}
					continue
				case numbers:
					for i := range want {
						require.LessOrEqual(t, x.a[i]|y.a[i], uint64(1))
						want[i] = x.a[i] ^ y.a[i]
						fresh(x.c[i])
					}
				case matrices:
					for i := range o.rows {
						for j := range o.cols {
							for k := range o.inner {
								a, b := i*o.inner+k, k*o.cols+j
								want[i*o.cols+j] += (x.a[a] + y.a[a]) * (x.b[b] + y.b[b])
							}
						}
					}
					for i := range n {
						if o.inner > 0 {
							fresh(x.c[i])
						}
					}
				}
				for i := range want {
					require.Equal(t, want[i], x.c[i]+y.c[i], "%v, %d", o, i)
				}
			}
		})
	}
}

// TestTransfersOfOrders makes silent transfers for all of an order at once, and takes of
// them what the order says.
func TestTransfersOfOrders(t *testing.T) {
	none(t, run(t, setting{silent: true}, func(p *Party) error {
		m := p.maker.(*transfers)
		o := order{kind: products, rows: silentBits / wordBits}
		if err := m.make(o, newTriples(o)); err != nil {
			return err
		}
		require.EqualValues(t, o.transfers(), m.hashedSent)
		require.Empty(t, m.sent)
		// Corrections, and trees of 0.64 bytes for each of 64 transfers each way.
		require.InDelta(t, 260+64*0.64, float64(p.Stats().Sent)/float64(o.rows), 1)
		// Of one more there are two of these.
		o.rows++
		if err := m.make(o, newTriples(o)); err != nil {
			return err
		}
		require.EqualValues(t, 2*o.transfers()-wordBits, m.hashedSent)
		require.Len(t, m.sent, 1<<16-wordBits)
		return nil
	}))
	var ended [Parties]*transfers
	none(t, run(t, setting{}, func(p *Party) error {
		m := p.maker.(*transfers)
		ended[p.index] = m
		for _, o := range orders {
			before := m.hashedSent
			if err := m.make(o, newTriples(o)); err != nil {
				return err
			}
			require.EqualValues(t, o.transfers(), m.hashedSent-before, "%v", o)
			require.Zero(t, m.expected)
		}
		return nil
	}))
	// Nothing is left in memory of a run that has ended.
	for _, m := range ended {
		for _, pool := range [][]prg.Block{m.sentPool, m.receivedPools[0], m.receivedPools[1]} {
			require.NotEmpty(t, pool)
			for _, b := range pool {
				if b != (prg.Block{}) {
					t.Fatal("transfers are left")
				}
			}
		}
	}
}

// TestUniform counts the ones of all bits of what is in triples: of 64·n fair coins half
// are ones, and that the number is eight standard deviations of 4·sqrt(n) off has a
// probability below 10^-14 each. Coins are fixed, so that the test does not fail by
// chance.
func TestUniform(t *testing.T) {
	const n = 4096
	for name, s := range map[string]setting{"transfers": {}, "dealer": {dealer: true}} {
		for _, o := range []order{{kind: products, rows: n}, {kind: words, rows: n}, {shuffles, n, 1, 0}, {shuffles, n, 0, 1}} {
			halves := [Parties]triples{newTriples(o), newTriples(o)}
			none(t, run(t, s, func(p *Party) error { return p.maker.make(o, halves[p.index]) }))
			for i, half := range halves {
				for j, part := range half.parts() {
					if len(*part) < n {
						continue // the seeds of a shuffle
					}
					ones := 0
					for _, w := range *part {
						ones += bits.OnesCount64(w)
					}
					// A conjunction is a one with probability 1/4, but its shares are fair.
					require.InDelta(t, 32*n, ones, 8*4*64, "%s, kind %d, party %d, part %d", name, o.kind, i, j)
				}
			}
		}
	}
}

// TestShuffleTransfers holds what both parties send to make a shuffle, and that it is uniform: the
// choices that set the switches are behind random ones.
func TestShuffleTransfers(t *testing.T) {
	const rows, columns, levels = 1 << 14, 2, 2*14 - 1
	var r enginetest.Recorder
	var sent [Parties]uint64
	s := setting{wrap: func(c *conns) {
		for i := range c.peers {
			c.peers[i] = r.Tap(i, 1-i, c.peers[i])
		}
	}}
	none(t, run(t, s, func(p *Party) error {
		before := p.Stats().Sent
		o := order{shuffles, rows, 1, columns - 1}
		err := p.maker.make(o, newTriples(o))
		sent[p.index] = p.Stats().Sent - before
		return err
	}))
	for i := range Parties {
		// Transfers for up to an extension more are left.
		most := float64(rows) * levels / 2 * (8*columns + 4.2)
		require.LessOrEqual(t, float64(sent[i]), most+extensionBits*4.2)
		require.GreaterOrEqual(t, float64(sent[i]), 0.95*most)
		var corrections [2][]byte
		for _, f := range r.Sent(i, Parties)[1-i] {
			if f.Type == typeCorrection {
				kind := 0
				if len(f.Payload) == switching/2/8 {
					kind = 1
				}
				corrections[kind] = append(corrections[kind], f.Payload...)
			}
		}
		require.Len(t, corrections[0], rows/2*levels*8*columns)
		require.Len(t, corrections[1], rows/2*levels/8)
		for _, b := range corrections {
			enginetest.UniformBytes(t, "corrections", b)
		}
	}
}

// TestBatch compares products of rows with Go, for all parities of widths and of their
// number, at edges.
func TestBatch(t *testing.T) {
	delta := testBlocks(1, 1)[0]
	delta.Lo |= 1
	for _, rows := range []int{0, 1, 2, 3, 7, 8, 9, 19} {
		for width := 1; width <= 4; width++ {
			sent := testBlocks(2, rows*wordBits)
			received := testBlocks(2, rows*wordBits)
			y := unsigned(integers(3, rows*width))
			choices := unsigned(integers(4, rows))
			for i := range sent {
				sent[i].Lo &^= 1
				received[i] = sent[i]
				if choices[i/wordBits]>>(i%wordBits)&1 == 1 {
					received[i] = received[i].Xor(delta)
				}
			}
			out, back := batch{sent, 77, width}, batch{received, 77, width}
			mine, theirs, x := make([]uint64, len(y)), make([]uint64, len(y)), make([]uint64, rows)
			msg := make([]uint64, out.size())
			for i := range msg {
				msg[i] = ^uint64(0) // of before
			}
			out.send(mine, msg, y, delta)
			back.receive(x, theirs, msg)
			require.Equal(t, choices, x)
			for i := range y {
				require.Equal(t, x[i/width]*y[i], mine[i]+theirs[i], "%d of %d×%d", i, rows, width)
			}
		}
	}
}

// TestFresh has no two hashes of a run alike, even of equal transfers, and no two
// extensions make the same transfers: otherwise corrections tell differences of what they
// hide.
func TestFresh(t *testing.T) {
	seen := make(map[prg.Block]bool)
	const rows, width = 3, 6
	same := make([]prg.Block, rows*wordBits)
	for _, b := range []batch{{same, 5, width}, {same, 5 + rows*wordBits, width}} {
		dst := make([]prg.Block, 2*wordBits*b.blocks())
		for x := 0; x < rows; x += 2 { // the last one is alone
			n := min(2, rows-x)
			dst := dst[:n*wordBits*b.blocks()]
			b.hash(dst, x, n)
			for _, h := range dst {
				require.False(t, seen[h])
				seen[h] = true
			}
		}
	}
	none(t, run(t, setting{}, func(p *Party) error {
		m := p.maker.(*transfers)
		sent, received, first, err := m.transfer(extensionBits)
		if err != nil {
			return err
		}
		sent, received = slices.Clone(sent), slices.Clone(received)
		sentAfter, receivedAfter, second, err := m.transfer(extensionBits)
		if err != nil {
			return err
		}
		for i := range sent {
			require.NotEqual(t, sent[i], sentAfter[i])
			require.NotEqual(t, received[i].Hi, receivedAfter[i].Hi)
		}
		// Each extension takes other keys, and each direction another tag.
		require.EqualValues(t, 2, m.batches)
		require.NotEqual(t, m.tags[0], m.tags[1])
		for i := range first {
			require.EqualValues(t, extensionBits, second[i]-first[i])
		}
		return nil
	}))
}

// TestPile takes triples in turn, and leaves none that was used in the memory of others.
func TestPile(t *testing.T) {
	o := order{kind: products, rows: 4}
	p := pile{all: newTriples(o)}
	copy(p.all.a, []uint64{1, 2, 3, 4})
	memory := p.all.a
	require.Equal(t, []uint64{1, 2}, p.take(2).a)
	require.Equal(t, []uint64{3}, p.take(1).a)
	require.Equal(t, 1, p.left())
	room := p.more(order{kind: products, rows: 1})
	require.Equal(t, []uint64{4, 0, 0, 0}, memory)
	room.a[0] = 5
	require.Equal(t, []uint64{4, 5}, p.take(2).a)
	require.Zero(t, p.left())
}

func TestSharesAreNotPrinted(t *testing.T) {
	tr := triples{[]uint64{77777}, []uint64{77777}, []uint64{77777}}
	s := &Stock{id: [16]byte{77}}
	s.pile(products).all = tr
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.Equal(t, "two.triples(1)", fmt.Sprintf(verb, tr))
		require.Equal(t, "two.Stock", fmt.Sprintf(verb, s))
	}
	require.Equal(t, "two.triples(1)", tr.LogValue().String())
	require.Equal(t, "two.Stock", s.LogValue().String())
	p := &Party{stock: s, flat: [3][]uint64{{77777}}}
	m := &transfers{p: p, delta: prg.Block{Lo: 77777}, sent: []prg.Block{{Hi: 77777}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.Equal(t, "two.Party(0)", fmt.Sprintf(verb, p))
		require.Equal(t, "two.transfers", fmt.Sprintf(verb, m))
		require.Equal(t, "two.transfers", fmt.Sprintf(verb, &encrypted{transfers: m, ready: true}))
	}
}
