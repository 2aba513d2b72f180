package two

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/stockfile"
)

// prepare returns stocks of both parties.
func prepare(t *testing.T, s setting, d engine.Demand) (stocks [Parties]*Stock) {
	none(t, run(t, s, func(p *Party) error {
		err := p.Prepare(d)
		stocks[p.index] = p.Leftover()
		return err
	}))
	return stocks
}

var demand = engine.Demand{Products: 100, Words: 70, Bits: 65, Matrices: []struct{ Rows, Inner, Columns int }{{2, 3, 4}, {2, 3, 4}, {5, 2, 1}, {0, 0, 0}},
	Shuffles: []struct{ Rows, Numbers, Words int }{{50, 1, 0}, {1, 2, 3}, {50, 1, 0}}}

// work multiplies in all ways, and shuffles, and checks the results.
func work(t *testing.T, p *Party) error {
	a, b := integers(1, 50), integers(2, 50)
	x, err := p.Input(0, 50, mine(p, 0, a))
	require.NoError(t, err)
	y, err := p.Input(1, 50, mine(p, 1, b))
	require.NoError(t, err)
	z := p.NewVec(50)
	if err := p.Mul(z, x, y); err != nil {
		return err
	}
	opened, err := p.Reveal(z, everyone)
	for i := range opened {
		require.Equal(t, a[i]*b[i], opened[i])
	}
	if err != nil {
		return err
	}
	// The first elements as matrices.
	product := p.NewVec(2 * 4)
	if err := p.MatMul(product, 2, 3, 4, x.Slice(0, 6), y.Slice(0, 12)); err != nil {
		return err
	}
	opened, err = p.Reveal(product, everyone)
	for i := range opened {
		row, col := i/4, i%4
		require.Equal(t, a[3*row]*b[col]+a[3*row+1]*b[4+col]+a[3*row+2]*b[8+col], opened[i])
	}
	if err != nil {
		return err
	}
	negative, err := p.Negative(x, 64)
	if err != nil {
		return err
	}
	bits, err := p.Numbers(50, negative)
	if err != nil {
		return err
	}
	opened, err = p.Reveal(bits[0], everyone)
	for i := range opened {
		require.Equal(t, a[i] < 0, opened[i] == 1)
	}
	if err != nil {
		return err
	}
	moved, _, err := p.Shuffle([]Vec{x}, nil)
	if err != nil {
		return err
	}
	opened, err = p.Reveal(moved[0], everyone)
	if err == nil {
		require.ElementsMatch(t, a, opened)
	}
	return err
}

// TestStock prepares in one run, saves, and computes in two others, of which the second
// has what the first left, without that a triple is seen twice.
func TestStock(t *testing.T) {
	for name, s := range tested() {
		t.Run(name, func(t *testing.T) {
			stocks := prepare(t, s, demand)
			left := stocks[0].Left()
			require.GreaterOrEqual(t, left.Products, 100)
			require.Len(t, left.Matrices, 3)
			require.Len(t, left.Shuffles, 2)
			dir := t.TempDir()
			for i, stock := range stocks {
				path := filepath.Join(dir, []string{"a", "b"}[i])
				require.NoError(t, stock.Save(path))
				require.Error(t, stock.Save(path), "saved twice")
				info, err := os.Stat(path)
				require.NoError(t, err)
				require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
				stocks[i], err = stockfile.Load(path, ParseStock)
				require.NoError(t, err)
				_, err = stockfile.Load(path, ParseStock)
				require.ErrorIs(t, err, os.ErrNotExist, "loaded twice")
			}
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, files)
			require.Equal(t, left, stocks[0].Left())
			masks := make(map[uint64]bool)
			for _, w := range stocks[0].pile(products).all.a {
				require.False(t, masks[w])
				masks[w] = true
			}
			again := s
			again.stocks = stocks
			none(t, run(t, again, func(p *Party) error {
				err := work(t, p)
				stocks[p.index] = p.Leftover()
				return err
			}))
			require.Equal(t, left.Products-50, stocks[0].Left().Products)
			require.Len(t, stocks[1].Left().Matrices, 2)
			require.Equal(t, left.Shuffles[1:], stocks[1].Left().Shuffles)
			again.stocks = stocks
			none(t, run(t, again, func(p *Party) error { return work(t, p) }))
			// What a run has taken over is not there for another.
			for i, stock := range stocks {
				_, err := open(t.Context(), i, nil, &Config{Source: Transfers{}, Stock: stock}, new(coins))
				require.ErrorIs(t, err, errClaimed)
			}
		})
	}
}

// TestPreparedComparisons holds that what Comparisons of a demand make is what Negative of
// numbers of 64 bits uses up, beside other words that are asked for.
func TestPreparedComparisons(t *testing.T) {
	const n = 64*60 + 1 // more than a dealer makes at once
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Words: 7, Comparisons: n}); err != nil {
			return err
		}
		ready := p.stock.Left().Words
		require.GreaterOrEqual(t, ready, 7+61*183)
		good := p.maker
		p.maker = breaking{good, errors.New("a maker that is not needed")}
		x := p.NewVec(n)
		p.Shift(x, -3)
		negative, err := p.Negative(x, 64)
		if err != nil {
			return err
		}
		p.maker = good
		require.Equal(t, engine.Demand{Words: ready - 61*183}, p.stock.Left())
		opened, err := p.RevealBits(negative, everyone)
		if err != nil {
			return err
		}
		require.Equal(t, ^uint64(0), opened[59])
		require.Equal(t, uint64(1), opened[60]&1)
		return nil
	}))
}

// TestLeftover has a run go on after it gave its stock away, and one whose source failed:
// the triples are not in the run any more, since what is used in both places tells the
// difference of secrets.
func TestLeftover(t *testing.T) {
	none(t, run(t, setting{dealer: true}, func(p *Party) error {
		if err := p.Prepare(demand); err != nil {
			return err
		}
		given := p.Leftover()
		require.Empty(t, p.stock.Left())
		had := given.Left()
		mask := given.pile(products).all.a[0]
		taken, err := p.take(order{kind: products, rows: 1})
		if err != nil {
			return err
		}
		require.NotEqual(t, mask, taken.a[0])
		require.Equal(t, had, given.Left())
		empty := p.Leftover()
		require.NotEqual(t, given.id, empty.id)
		return nil
	}))
	broken := errors.New("broken")
	none(t, run(t, setting{}, func(p *Party) error {
		if err := p.Prepare(engine.Demand{Products: 1}); err != nil {
			return err
		}
		good := p.maker
		p.maker = breaking{good, broken}
		require.ErrorIs(t, p.Prepare(engine.Demand{Products: p.stock.Left().Products + 1}), broken)
		p.maker = good
		require.Empty(t, p.stock.Left())
		return nil
	}))
}

// breaking makes half of what it should.
type breaking struct {
	maker
	err error
}

func (m breaking) make(order, triples) error { return m.err }

// TestTornStocks has the parties bring halves of different stocks, or of one at
// different places.
func TestTornStocks(t *testing.T) {
	d := engine.Demand{Products: 4}
	first, second := prepare(t, setting{}, d), prepare(t, setting{}, engine.Demand{Words: 1})
	errs := run(t, setting{stocks: [Parties]*Stock{first[0], second[1]}}, func(*Party) error { return nil })
	require.ErrorIs(t, errs[0], session.ErrIncompatible)
	require.ErrorContains(t, errs[1], "stocks of triples differ")
	errs = run(t, setting{stocks: [Parties]*Stock{second[0], nil}}, func(*Party) error { return nil })
	require.ErrorIs(t, errs[1], session.ErrIncompatible)
	_, err := open(t.Context(), 0, nil, &Config{Source: Transfers{}, Stock: first[1]}, new(coins))
	require.ErrorContains(t, err, "stock of party 1 at party 0")
}

// TestNoOverwriting keeps a file that is there.
func TestNoOverwriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	s := &Stock{id: [16]byte{1}}
	require.ErrorIs(t, s.Save(path), os.ErrExist)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b))
	_, err = stockfile.Load(path, ParseStock)
	require.ErrorIs(t, err, stockfile.ErrDamaged)
}

// seal puts a checksum behind an encoding.
func seal(b []byte) []byte {
	return stockfile.Seal(bytes.Clone(b), 0)
}

func someStock(t testing.TB) []byte {
	s := &Stock{index: 1, id: [16]byte{1}, shaped: map[order][]triples{}}
	for k := products; k <= numbers; k++ {
		s.pile(k).all = newTriples(order{kind: k, rows: int(k)})
	}
	o, err := shape(2, 1, 2)
	require.NoError(t, err)
	s.shaped[o] = []triples{newTriples(o), newTriples(o)}
	o, err = shuffleShape(2, 1, 1)
	require.NoError(t, err)
	s.shaped[o] = []triples{newTriples(o)}
	return s.append(nil)
}

func TestStockEncoding(t *testing.T) {
	b := someStock(t)
	s, err := ParseStock(b)
	require.NoError(t, err)
	require.Equal(t, b, s.append(nil))
	body := b[:len(b)-sha256.Size]
	for n := range b {
		_, err := ParseStock(b[:n])
		require.ErrorIs(t, err, stockfile.ErrDamaged)
		changed := bytes.Clone(b)
		changed[n] ^= 1
		_, err = ParseStock(changed)
		require.ErrorIs(t, err, stockfile.ErrDamaged)
		if n < len(body) {
			_, err = ParseStock(seal(body[:n]))
			require.ErrorIs(t, err, stockfile.ErrDamaged)
		}
	}
	_, err = ParseStock(seal(append(bytes.Clone(body), 0)))
	require.ErrorIs(t, err, stockfile.ErrDamaged)
	const counts = 8 + 1 + 16
	for name, change := range map[string]func(b []byte){
		"magic":         func(b []byte) { b[0]++ },
		"index":         func(b []byte) { b[8] = 2 },
		"id":            func(b []byte) { clear(b[9:25]) },
		"count":         func(b []byte) { binary.BigEndian.PutUint64(b[counts:], 1<<61) },
		"overflow":      func(b []byte) { binary.BigEndian.PutUint64(b[counts:], 1<<64/3+1) },
		"shapes":        func(b []byte) { binary.BigEndian.PutUint32(b[counts+24:], 1<<31) },
		"rows":          func(b []byte) { binary.BigEndian.PutUint32(b[counts+29:], 1<<31) },
		"matrices":      func(b []byte) { binary.BigEndian.PutUint32(b[counts+41:], 1<<24) },
		"no matrices":   func(b []byte) { binary.BigEndian.PutUint32(b[counts+41:], 0) },
		"empty product": func(b []byte) { clear(b[counts+29 : counts+41]) },
		"bit":           func(b []byte) { b[counts+62+8*(3+6)] = 2 },
		"kind":          func(b []byte) { b[counts+28] = byte(numbers) },
		"unknown kind":  func(b []byte) { b[counts+45] = byte(shuffles) + 1 },
		"short shuffle": func(b []byte) { b[counts+49] = 1 },
		"long shuffle":  func(b []byte) { binary.BigEndian.PutUint32(b[counts+46:], maxShuffle) },
		"columns":       func(b []byte) { binary.BigEndian.PutUint32(b[counts+50:], maxShuffle) },
		"a kind before": func(b []byte) { b[counts+28], b[counts+45] = b[counts+45], b[counts+28] },
	} {
		changed := bytes.Clone(body)
		change(changed)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseStock(seal(changed))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, stockfile.ErrDamaged, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
	}
	// Without the shuffle, which is last and has twelve words.
	twice := bytes.Clone(body[:counts+45])
	binary.BigEndian.PutUint32(twice[counts+24:], 2)
	binary.BigEndian.PutUint32(twice[counts+41:], 1)
	twice = append(twice, twice[counts+28:]...)
	_, err = ParseStock(seal(append(twice, body[counts+62:len(body)-8*12]...)))
	require.ErrorIs(t, err, stockfile.ErrDamaged, "a shape twice")
	// A shape of which there is none, without the words of it, which are eight each before the shuffle's.
	none := bytes.Clone(body[:len(body)-8*(12+2*8)])
	clear(none[counts+41 : counts+45])
	_, err = ParseStock(seal(append(none, body[len(body)-8*12:]...)))
	require.ErrorIs(t, err, stockfile.ErrDamaged, "no matrices")
	// What is used up is not in a file.
	partly := &Stock{id: [16]byte{1}}
	partly.pile(products).all = triples{[]uint64{1, 2, 3}, []uint64{4, 5, 6}, []uint64{7, 8, 9}}
	partly.pile(products).take(1)
	s, err = ParseStock(partly.append(nil))
	require.NoError(t, err)
	require.Equal(t, pile{all: triples{[]uint64{2, 3}, []uint64{5, 6}, []uint64{8, 9}}}, *s.pile(products))
	empty := &Stock{id: [16]byte{1}, shaped: map[order][]triples{{kind: matrices}: {{}}}}
	_, err = ParseStock(empty.append(nil))
	require.ErrorIs(t, err, stockfile.ErrDamaged, "a matrix of nothing")
}

// FuzzEncodings encodes what is accepted of a stock's file, and of what a dealer is
// ordered, to what it was. An order fits in its bounds.
func FuzzEncodings(f *testing.F) {
	b := someStock(f)
	f.Add(b[:len(b)-sha256.Size])
	f.Add((&Stock{id: [16]byte{1}}).append(nil)[:53])
	for _, o := range []order{{}, {kind: products, rows: 5}, {matrices, 2, 3, 4}, {kind: numbers, rows: maxOrder}, {shuffles, 3, 1, 2}} {
		f.Add(o.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := seal(b)
		if s, err := ParseStock(sealed); err == nil {
			require.Equal(t, sealed, s.append(nil))
		}
		if o, err := parseOrder(b); err == nil {
			require.Equal(t, b, o.append(nil))
			x, y, z := o.sizes()
			require.LessOrEqual(t, max(x, y, z), map[bool]int{false: maxMatrix, true: maxShuffled}[o.kind == shuffles])
		}
	})
}

// TestClaimOnce has many runs begin at once with one stock: one gets it, since triples that
// two runs use tell the difference of secrets.
func TestClaimOnce(t *testing.T) {
	for range 50 {
		s := &Stock{id: [16]byte{1}}
		var got atomic.Int32
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				if _, err := s.claim(0); err == nil {
					got.Add(1)
				}
			})
		}
		running.Wait()
		require.EqualValues(t, 1, got.Load())
	}
}

// TestRehearsedStock gives nobody the triples of a rehearsal, which anybody can compute: what
// they mask would be open.
func TestRehearsedStock(t *testing.T) {
	for index := range Parties {
		p, err := Rehearse(index, Dealer{}, nil)
		require.NoError(t, err)
		require.NoError(t, p.Prepare(demand))
		sent := p.Stats()
		s := p.Leftover()
		require.Empty(t, s.Left())
		_, err = s.claim(index)
		require.ErrorIs(t, err, errClaimed)
		require.ErrorIs(t, s.Save(filepath.Join(t.TempDir(), "stock")), errClaimed)
		// The rehearsal goes on without, as a run does.
		require.NoError(t, p.Prepare(demand))
		require.Equal(t, 2*sent.Sent, p.Stats().Sent)
		require.Equal(t, 2*sent.Received, p.Stats().Received)
	}
}
