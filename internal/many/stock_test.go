package many

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/stockfile"
)

// runWith is run with a stock at each party.
func runWith(t *testing.T, stocks []*Stock, f func(p *Party) error) (errs []error) {
	synctest.Test(t, func(t *testing.T) { errs = joinWith(t.Context(), pipes(len(stocks)), stocks, nil, f) })
	return errs
}

// prepare returns stocks of n parties.
func prepare(t *testing.T, n int, d engine.Demand) []*Stock {
	stocks := make([]*Stock, n)
	none(t, run(t, n, func(p *Party) error {
		err := p.Prepare(d)
		stocks[p.index] = p.Leftover()
		return err
	}))
	return stocks
}

// masksOf returns the shares of all masks that are ready, as numbers.
func masksOf(p *Party) (all []uint64) {
	for _, q := range []*pile{&p.readyMasks, &p.readyBits} {
		for _, from := range q.pieces {
			all = append(all, from.r.Parts[0][64*from.used:]...)
		}
	}
	return all
}

// TestStock prepares in one run, uses some there, saves what is left, and computes in two other
// runs, of which the second has what the first left: results are right, a call sends less, and
// no mask is in two runs.
func TestStock(t *testing.T) {
	numbers, words := []int64{-1 << 18, -5, 0, 7, 1 << 18}, []uint64{21, 10}
	// convert of five numbers takes that many words, and a division more.
	const masks = 4
	for _, n := range []int{4, 5, 8} {
		if testing.Short() && n > 5 {
			continue
		}
		m, used := smallest(n).m, 2*((n-1)/2)+1+4
		stocks, shares := make([]*Stock, n), make([][]uint64, n)
		var want []uint64
		none(t, run(t, n, func(p *Party) error {
			if err := p.Prepare(engine.Demand{Comparisons: 64 * (2*masks + 1), Bits: 64 * (2*used + 2)}); err != nil {
				return err
			}
			got, err := convert(p, numbers, words)
			if err != nil {
				return err
			}
			if p.index == 0 {
				want = got
			}
			shares[p.index] = masksOf(p) // which convert has not taken
			stocks[p.index] = p.Leftover()
			require.Empty(t, masksOf(p))
			return nil
		}))
		dir := t.TempDir()
		left := engine.Demand{Comparisons: 64 * (masks + 1), Bits: 64 * (used + 2)}
		size := 75 + 8*((masks+1)*(64+61*m)+(used+2)*(64+m))
		for i, stock := range stocks {
			require.Equal(t, left, stock.Left())
			require.Equal(t, stocks[0].id, stock.id)
			path := filepath.Join(dir, fmt.Sprint(i))
			require.NoError(t, stock.Save(path))
			require.Empty(t, stock.Left())
			require.ErrorIs(t, stock.Save(path+"again"), errClaimed)
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.EqualValues(t, size, info.Size())
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			stocks[i], err = stockfile.Load(path, ParseStock)
			require.NoError(t, err)
			require.Equal(t, left, stocks[i].Left())
			_, err = stockfile.Load(path, ParseStock)
			require.ErrorIs(t, err, os.ErrNotExist)
		}
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, files)
		// Of another run, one has what is in two of the first.
		again := make([]*Stock, n)
		none(t, runWith(t, stocks, func(p *Party) error {
			before, now := p.Stats(), masksOf(p)
			require.Len(t, now, left.Comparisons+left.Bits)
			require.Equal(t, shares[p.index], now)
			got, err := convert(p, numbers, words)
			if err != nil {
				return err
			}
			require.Equal(t, want, got)
			after := p.Stats()
			again[p.index] = p.Leftover()
			// Without a stock it goes on, and makes masks of four conversions and for three calls
			// of Numbers.
			if _, err := convert(p, numbers, words); err != nil {
				return err
			}
			without, halvings := p.Stats(), bits.Len(uint(p.t))
			require.Equal(t, 4*(1+8*halvings)+3*(1+halvings), without.Rounds-after.Rounds-(after.Rounds-before.Rounds))
			if p.index < p.t+1 {
				require.Greater(t, without.Sent-after.Sent, after.Sent-before.Sent)
			}
			return nil
		}))
		for i, stock := range stocks {
			require.Equal(t, engine.Demand{Comparisons: 64, Bits: 128}, again[i].Left())
			require.Equal(t, again[0].id, again[i].id)
			// What a run has taken over is not there for another.
			_, err := Open(t.Context(), i, pipes(n)[i], stock, nil)
			require.ErrorIs(t, err, errClaimed)
		}
		none(t, runWith(t, again, func(p *Party) error {
			got, err := convert(p, numbers, words)
			require.Equal(t, want, got)
			return err
		}))
	}
}

// TestTornStocks has a party bring a stock of another run, the same one of another place, or
// none: all end before they compute, and the stocks are gone.
func TestTornStocks(t *testing.T) {
	d := engine.Demand{Comparisons: 64, Bits: 64}
	for name, others := range map[string]func(first, second []*Stock) *Stock{
		"another run": func(_, second []*Stock) *Stock { return second[2] },
		"none":        func(_, _ []*Stock) *Stock { return nil },
		"fewer": func(first, _ []*Stock) *Stock {
			first[2].masks.words--
			return first[2]
		},
		"fewer bits": func(first, _ []*Stock) *Stock {
			first[2].bits.words--
			return first[2]
		},
	} {
		first := prepare(t, 4, d)
		second := make([]*Stock, 4)
		none(t, run(t, 4, func(p *Party) error {
			p.Leftover() // so that this is another place
			err := p.Prepare(d)
			second[p.index] = p.Leftover()
			return err
		}))
		require.NotEqual(t, first[2].id, second[2].id)
		brought := []*Stock{first[0], first[1], others(first, second), first[3]}
		errs := runWith(t, brought, func(p *Party) error {
			t.Errorf("%s: party %d computes", name, p.index)
			return nil
		})
		for i, err := range errs {
			require.Error(t, err, name)
			if i == 2 {
				require.ErrorIs(t, err, session.ErrIncompatible, name)
				require.ErrorContains(t, err, "stocks of masks differ", name)
			}
			require.True(t, errors.Is(err, session.ErrIncompatible) || errors.Is(err, session.ErrAborted), "%s: %v", name, err)
			if brought[i] != nil {
				require.Empty(t, brought[i].Left(), name)
				require.ErrorIs(t, brought[i].Save(filepath.Join(t.TempDir(), "a")), errClaimed, name)
			}
		}
	}
	stocks := prepare(t, 4, d)
	_, err := Open(t.Context(), 0, pipes(4)[0], stocks[1], nil)
	require.ErrorContains(t, err, "party 1 of 4 at party 0 of 4")
	_, err = Open(t.Context(), 1, pipes(5)[1], stocks[1], nil)
	require.ErrorContains(t, err, "party 1 of 4 at party 1 of 5")
	_, err = Rehearse(1, 5, stocks[1])
	require.ErrorContains(t, err, "party 1 of 4 at party 1 of 5")
	// All these are mistakes of the caller, which take nothing.
	require.Equal(t, d, stocks[1].Left())
}

// someStock returns a stock of party 3 of n, of random shares in pieces of odd sizes.
func someStock(n, masks, bits int) *Stock {
	s := &Stock{index: 3, n: n, id: [prg.Size]byte{1}}
	g := prg.New([prg.Size]byte{byte(n)})
	for planes, q := range map[int]*pile{field.Bits: &s.masks, 1: &s.bits} {
		words := masks
		if planes == 1 {
			words = bits
		}
		for at := 0; at < words; at += 100 {
			a := newPiece(min(100, words-at), smallest(n).m, planes)
			for _, part := range a.parts() {
				field.Uniform(part, g)
			}
			q.add(a.r, a.bits...)
		}
	}
	return s
}

// TestStockEncoding holds that what is cut or altered anywhere is refused, with a checksum that
// fits or without, and takes no more memory than there is.
func TestStockEncoding(t *testing.T) {
	b := someStock(4, 1, 1).append(nil)
	require.Len(t, b, 75+8*(64+61*3+64+3))
	s, err := ParseStock(b)
	require.NoError(t, err)
	require.Equal(t, engine.Demand{Comparisons: 64, Bits: 64}, s.Left())
	require.Equal(t, b, s.append(nil))
	require.Empty(t, s.Left())
	body := b[:len(b)-sha256.Size]
	for n := range b {
		_, err := ParseStock(b[:n])
		require.ErrorIs(t, err, stockfile.ErrDamaged)
		changed := bytes.Clone(b)
		changed[n] ^= 1
		_, err = ParseStock(changed)
		require.ErrorIs(t, err, stockfile.ErrDamaged)
		if n < len(body) {
			_, err = ParseStock(stockfile.Seal(bytes.Clone(body[:n]), 0))
			require.ErrorIs(t, err, stockfile.ErrDamaged)
		}
	}
	const counts = 8 + 2 + 16
	for name, change := range map[string]func(b []byte) []byte{
		"longer":            func(b []byte) []byte { return append(b, 0) },
		"a word longer":     func(b []byte) []byte { return append(b, make([]byte, 8)...) },
		"magic":             func(b []byte) []byte { b[0]++; return b },
		"three":             func(b []byte) []byte { b[8] = 3; return b },
		"five":              func(b []byte) []byte { b[8] = 5; return b },
		"seventeen":         func(b []byte) []byte { b[8], b[9] = 17, 8; return b },
		"another threshold": func(b []byte) []byte { b[9]++; return b },
		"id":                func(b []byte) []byte { clear(b[10:counts]); return b },
		"masks":             func(b []byte) []byte { b[counts+7]++; return b },
		"fewer masks":       func(b []byte) []byte { b[counts+7]--; return b },
		"many masks":        func(b []byte) []byte { b[counts]++; return b },
		"bits":              func(b []byte) []byte { b[counts+15]++; return b },
		"many bits":         func(b []byte) []byte { b[counts+8]++; return b },
		"overflow": func(b []byte) []byte {
			binary.BigEndian.PutUint64(b[counts+8:], (1<<61)/(64+3)+1)
			return b
		},
		"index": func(b []byte) []byte { b[counts+16] = 4; return b },
		"mask": func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[stockHead+8*63:], field.P)
			return b
		},
		"bit as a number": func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[len(b)-8*(3+1):], field.P)
			return b
		},
	} {
		changed := change(bytes.Clone(body))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseStock(stockfile.Seal(changed, 0))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, stockfile.ErrDamaged, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
	}
	// Shares of bits are any words.
	binary.LittleEndian.PutUint64(body[len(body)-8:], 1<<64-1)
	_, err = ParseStock(stockfile.Seal(bytes.Clone(body), 0))
	require.NoError(t, err)
}

// TestStockPieces holds that a file does not depend on the pieces that masks were made in, of
// any number of parties, and that shares are cleared where they were.
func TestStockPieces(t *testing.T) {
	for _, n := range []int{4, 9, 16} {
		s := someStock(n, pieceWords+1, 2*pieceWords)
		pieces := append(append([]piece(nil), s.masks.pieces...), s.bits.pieces...)
		var numbers []uint64
		for _, from := range s.masks.pieces {
			numbers = append(numbers, from.r.Parts[0]...)
		}
		b := s.append(nil)
		for _, from := range pieces {
			for _, part := range from.parts() {
				require.Equal(t, make([]uint64, len(part)), part)
			}
		}
		s, err := ParseStock(b)
		require.NoError(t, err)
		require.Len(t, s.masks.pieces, 2)
		require.Len(t, s.bits.pieces, 2)
		r := engine.New(1, len(numbers))
		planes := newPiece(pieceWords+1, smallest(n).m, field.Bits).bits
		s.masks.take(pieceWords+1, r, planes)
		require.Equal(t, numbers, r.Parts[0])
		s, err = ParseStock(b)
		require.NoError(t, err)
		require.Equal(t, b, s.append(nil))
	}
}

// FuzzStock encodes what is accepted of a file to what it was.
func FuzzStock(f *testing.F) {
	for n, counts := range map[int][2]int{4: {1, 1}, 5: {0, 0}, 8: {0, 2}, 16: {1, 0}} {
		b := someStock(n, counts[0], counts[1]).append(nil)
		f.Add(b[:len(b)-sha256.Size])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := stockfile.Seal(bytes.Clone(b), 0)
		if s, err := ParseStock(sealed); err == nil {
			require.Equal(t, sealed, s.append(nil))
		}
	})
}

// TestRehearsedStock holds a rehearsal with a stock to a run with it, which leaves the stock
// what it has; and gives nobody the masks of a rehearsal, which anybody knows.
func TestRehearsedStock(t *testing.T) {
	const n = 64 * 5
	stocks := prepare(t, 5, engine.Demand{Comparisons: 64 * 7, Bits: 64 * 3})
	steps := func(p *Party) error {
		for range 2 {
			if err := second(p.Negative(p.NewVec(n), 61)); err != nil {
				return err
			}
			if err := second(p.Numbers(n, p.NewBits(n/64))); err != nil {
				return err
			}
		}
		return p.Prepare(engine.Demand{Comparisons: 64, Bits: 64})
	}
	expected := make([]engine.Stats, 5)
	for i, stock := range stocks {
		for range 2 {
			p, err := Rehearse(i, 5, stock)
			require.NoError(t, err)
			require.NoError(t, steps(p))
			expected[i] = p.Stats()
			left := p.Leftover()
			require.Empty(t, left.Left())
			_, err = left.claim(i, 5)
			require.ErrorIs(t, err, errClaimed)
			require.ErrorIs(t, left.Save(filepath.Join(t.TempDir(), "a")), errClaimed)
			_, err = Rehearse(i, 5, left)
			require.ErrorIs(t, err, errClaimed)
		}
	}
	// A large one is one piece of memory.
	large := &Stock{index: 0, n: 16, id: [prg.Size]byte{1}, masks: pile{words: 1 << 20}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := Rehearse(0, 16, large)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, 1<<20, p.readyMasks.words)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<25))
	none(t, runWith(t, stocks, func(p *Party) error {
		before := p.Stats()
		if err := steps(p); err != nil {
			return err
		}
		now := p.Stats()
		require.Equal(t, expected[p.index], engine.Stats{Sent: now.Sent - before.Sent, Received: now.Received - before.Received, Rounds: now.Rounds - before.Rounds})
		return nil
	}))
}

// TestStockFormat prints nothing of a stock.
func TestStockFormat(t *testing.T) {
	s := someStock(4, 1, 1)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
		require.Equal(t, "many.Stock", fmt.Sprintf(verb, s))
	}
	require.Equal(t, "many.Stock", s.LogValue().String())
}
