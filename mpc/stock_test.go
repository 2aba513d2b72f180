package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// stocksOf prepares for a demand, and saves what is left to files.
func stocksOf(t *testing.T, name string, d Demand) (paths []string) {
	p, dir := protocols[name], t.TempDir()
	for i := range p.parties {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
	}
	for _, err := range runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
		if err := e.Prepare(ctx, d); err != nil {
			return err
		}
		s, err := e.Leftover()
		if err != nil {
			return err
		}
		if err := s.Save(paths[e.Self()]); err != nil {
			return err
		}
		require.Error(t, s.Save(paths[e.Self()]+"again"), "saved twice")
		return nil
	}) {
		require.NoError(t, err, name)
	}
	return paths
}

// TestStock prepares in one run and computes in another, after a file, with every protocol that
// prepares: results are right, and cost what a preview says, which uses nothing up.
func TestStock(t *testing.T) {
	for _, name := range []string{"two", "two and a dealer", "four", "five"} {
		p := protocols[name]
		var bare Stats
		for i, d := range demands {
			paths := stocksOf(t, name, d)
			stocks, expected := make([]*Stock, p.parties), make([][2]Stats, p.parties)
			for self := range stocks {
				var err error
				stocks[self], err = LoadStock(paths[self])
				require.NoError(t, err)
				_, err = LoadStock(paths[self])
				require.ErrorIs(t, err, os.ErrNotExist) // once
				if name == "two" {
					continue
				}
				cfg := p.config(self, nil)
				if cfg.Triples != nil {
					cfg.Triples = Dealer{}
				}
				cfg.Stock = stocks[self]
				left := cfg.Stock.Left()
				for range 2 {
					_, err = Preview(self, p.parties, cfg, func(e *Engine) (err error) {
						expected[self], _, err = compared(t.Context(), e, Demand{}, false)
						return err
					})
					require.NoError(t, err, name)
				}
				require.Equal(t, left, cfg.Stock.Left())
			}
			var first Stats
			for self, err := range runAll(t, p.parties, func(self int, dealer io.ReadWriter) *Config {
				cfg := p.config(self, dealer)
				cfg.Stock = stocks[self]
				return cfg
			}, func(ctx context.Context, e *Engine) error {
				costs, results, err := compared(ctx, e, Demand{}, true)
				if err != nil {
					return err
				}
				if e.Self() < 2 {
					require.Len(t, results, 260)
				}
				if name != "two" {
					require.Equal(t, expected[e.Self()], costs, "%s, demand %d, party %d", name, i, e.Self())
				}
				if e.Self() == 0 {
					first = costs[1]
				}
				require.Empty(t, stocks[e.Self()].Left())
				return nil
			}) {
				require.NoError(t, err, "%s, party %d", name, self)
			}
			if i == 0 {
				bare = first
				continue
			}
			if name != "two and a dealer" { // to whom party 0 sends nothing
				require.Less(t, first.Sent, bare.Sent, "%s, demand %d", name, i)
			}
		}
	}
}

// TestOtherStocks has one party bring none, or one of another preparation, or one that is in
// another state: nobody begins, and the error says why.
func TestOtherStocks(t *testing.T) {
	for _, name := range []string{"two and a dealer", "four", "five"} {
		p := protocols[name]
		last := p.parties - 1
		load := func(path string) *Stock {
			s, err := LoadStock(path)
			require.NoError(t, err)
			return s
		}
		for other, stock := range map[string]func() *Stock{
			"none":                func() *Stock { return nil },
			"another preparation": func() *Stock { return load(stocksOf(t, name, demands[2])[last]) },
			"another party":       func() *Stock { return load(stocksOf(t, name, demands[1])[0]) },
		} {
			paths, brought := stocksOf(t, name, demands[1]), stock()
			errs := runAll(t, p.parties, func(self int, dealer io.ReadWriter) *Config {
				cfg := p.config(self, dealer)
				if self == last {
					cfg.Stock = brought
				} else {
					cfg.Stock = load(paths[self])
				}
				return cfg
			}, func(ctx context.Context, e *Engine) error {
				t.Errorf("%s, %s: party %d computes", name, other, e.Self())
				return nil
			})
			if other == "another party" {
				require.ErrorContains(t, errs[last], "stock of party 0", name)
				require.Error(t, errors.Join(errs[:last]...), name)
				continue
			}
			require.ErrorIs(t, errs[last], ErrIncompatible, "%s, %s", name, other)
			require.ErrorContains(t, errs[last], "stocks of", "%s, %s", name, other)
			for _, err := range errs[:last] {
				require.Error(t, err, name)
			}
		}
	}
}

// TestStockFile has files that hold no stock, and a stock that is not one.
func TestStockFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, content := range []string{"", "djstock1", "djmasks1", "something else, which is longer than a checksum is"} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := LoadStock(path)
		require.ErrorContains(t, err, "does not hold a whole stock")
		require.NoFileExists(t, path)
		kept, err := filepath.Glob(path + ".taken-*")
		require.NoError(t, err)
		require.Len(t, kept, 1)
		b, err := os.ReadFile(kept[0])
		require.NoError(t, err)
		require.Equal(t, content, string(b))
		require.NoError(t, os.Remove(kept[0]))
	}
	for _, s := range []*Stock{nil, {}} {
		require.Error(t, s.Save(path))
		require.Empty(t, s.Left())
		require.Equal(t, "mpc.Stock", fmt.Sprintf("%#v", s))
		require.Equal(t, "mpc.Stock", s.LogValue().String())
	}
	for _, err := range runAll(t, parties, protocols["three"].config, func(_ context.Context, e *Engine) error {
		_, err := e.Leftover()
		require.ErrorContains(t, err, "three")
		return nil
	}) {
		require.NoError(t, err)
	}
}
