package mpc

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// demands are nothing, less, as much and more than compared takes of four or more parties: two
// comparisons and two vectors of bits, of 130 elements, which are three words each.
var demands = []Demand{
	{}, {Comparisons: 130, Bits: 1}, {Comparisons: 5*64 + 1, Bits: 6 * 64}, {Comparisons: 1000, Bits: 500},
}

// compared compares vectors after Prepare. It returns what Prepare and the rest cost, and the
// results, if it opens them.
func compared(ctx context.Context, e *Engine, d Demand, open bool) (costs [2]Stats, results []int64, err error) {
	const n = 130
	r := Range{-1 << 20, 1 << 20}
	a, b := numbers(1, n, r), numbers(2, n, r)
	copy(b, a[:n/3])
	x, err := e.Input(ctx, 0, n, r, e.mine(0, a))
	if err != nil {
		return costs, nil, err
	}
	y, err := e.Input(ctx, 1, n, r, e.mine(1, b))
	if err != nil {
		return costs, nil, err
	}
	last := e.Stats()
	took := func(of *Stats) {
		now := e.Stats()
		*of = Stats{Sent: now.Sent - last.Sent, Received: now.Received - last.Received, Rounds: now.Rounds - last.Rounds}
		last = now
	}
	if err := e.Prepare(ctx, d); err != nil {
		return costs, nil, err
	}
	took(&costs[0])
	larger, err := e.Max(ctx, x, y)
	if err != nil {
		return costs, nil, err
	}
	same, err := e.Equal(ctx, x, y)
	if err != nil {
		return costs, nil, err
	}
	ones, err := e.Numbers(ctx, same)
	if err != nil {
		return costs, nil, err
	}
	took(&costs[1])
	if !open {
		return costs, nil, nil
	}
	for _, v := range []*Vec{larger, ones} {
		values, err := e.Open(ctx, v, 0, 1)
		if err != nil {
			return costs, nil, err
		}
		results = append(results, values...)
	}
	for i, v := range results {
		switch {
		case i < n && v != max(a[i], b[i]), i >= n && (v == 1) != (a[i-n] == b[i-n]):
			return costs, nil, fmt.Errorf("result %d is %d", i, v)
		}
	}
	return costs, results, nil
}

// TestPrepare compares with less, as much and more prepared than is used, with every protocol
// that has a preview: results are right, and previews tell the cost of Prepare, and of what comes
// after it, which is less by that.
func TestPrepare(t *testing.T) {
	for _, name := range []string{"three", "three malicious", "four", "five", "two and a dealer"} {
		p := protocols[name]
		var bare [2]Stats
		for i, d := range demands {
			expected := make([][2]Stats, p.parties)
			for self := range expected {
				cfg := p.config(self, nil)
				if cfg.Triples != nil {
					cfg.Triples = Dealer{}
				}
				_, err := Preview(self, p.parties, cfg, func(e *Engine) (err error) {
					expected[self], _, err = compared(t.Context(), e, d, false)
					return err
				})
				require.NoError(t, err, name)
			}
			for self, err := range runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
				costs, results, err := compared(ctx, e, d, true)
				if err != nil {
					return err
				}
				if e.Self() < 2 {
					require.Len(t, results, 260)
				}
				require.Equal(t, expected[e.Self()], costs, "%s, demand %d, party %d", name, i, e.Self())
				return nil
			}) {
				require.NoError(t, err, "%s, party %d", name, self)
			}
			last := expected[p.parties-1] // to which a dealer sends, and all others
			prepare, after := last[0], last[1]
			if i == 0 {
				bare = last
				require.Equal(t, Stats{}, prepare, name)
				continue
			}
			if p.parties == 3 {
				require.Equal(t, bare, last, name)
				continue
			}
			require.NotZero(t, prepare.Received, name)
			require.Less(t, after.Received, bare[1].Received, name)
			if p.parties < 4 {
				continue
			}
			// The masks of Less, Equal and two vectors of bits take rounds, until all are ready.
			// Then the carry takes 9 and a product of Select 1, as Equal takes 7, and bits 1 each.
			if i < 2 {
				require.Greater(t, after.Rounds, 20, name)
				continue
			}
			require.Equal(t, 9+1+1+7+1, after.Rounds, name)
			if i == 2 {
				require.Equal(t, map[string]int{"four": 9 + 2, "five": 17 + 3}[name], prepare.Rounds)
				require.Less(t, prepare.Received+after.Received, bare[1].Received+bare[1].Received/10, name)
			}
		}
	}
}

// TestDisagreementAboutPrepare has one party prepare more or less, so that messages do not fit;
// or with nothing, where the same messages are sent later: all end with an error, and nobody learns
// anything.
func TestDisagreementAboutPrepare(t *testing.T) {
	for _, p := range []string{"four", "five"} {
		for _, d := range []Demand{{}, {Comparisons: 65}, {Comparisons: 1<<14 + 1}, {Bits: 64}, {Comparisons: 1, Bits: 65}} {
			errs := runAll(t, protocols[p].parties, protocols[p].config, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, 64, Range{0, 9}, e.mine(0, make([]int64, 64)))
				if err != nil {
					return err
				}
				mine := Demand{Comparisons: 1}
				if e.Self() == 1 {
					mine = d
				}
				if err := e.Prepare(ctx, mine); err != nil {
					return err
				}
				b, err := e.Negative(ctx, x)
				if err != nil {
					return err
				}
				opened, err := e.OpenBits(ctx, b, 0, 1, 2, 3)
				if err == nil {
					t.Errorf("%v: party %d learnt %v", d, e.Self(), opened)
				}
				return err
			})
			for i, err := range errs {
				require.True(t, errors.Is(err, ErrPeer) || errors.Is(err, ErrIncompatible) || errors.Is(err, ErrAborted), "%v, party %d: %v", d, i, err)
			}
		}
	}
}
