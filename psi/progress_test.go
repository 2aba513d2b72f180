package psi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// noStep is for work that nothing ends.
func noStep(int) error { return nil }

// longPhases are those that report progress, at the receiver and at the sender.
var longPhases = map[Protocol][2][]string{
	DH: {{"exchange", "match"}, {"exchange"}},
	VOLE: {
		{"vole: trees", "vole: code", "encode", "store", "decode", "tags", "match"},
		{"vole: trees", "vole: code", "store", "tags"},
	},
}

// watched runs both sides, and calls see with what they report.
func watched(t *testing.T, ctx [2]context.Context, cfg *Config, n, m int, see func(side int, p Progress)) (results [2]*Result, errs [2]error) {
	sides := [2]*side{{set: newSet(t, numbers(0, n)...)}, {set: newSet(t, numbers(n/2, n/2+m)...)}}
	for i, side := range sides {
		own := *cfg
		own.Progress = func(p Progress) { see(i, p) }
		side.cfg = &own
	}
	errs[0], errs[1] = testparty.Join(t.Context(),
		func(_ context.Context, conn net.Conn) error { return sides[0].receive(ctx[0], conn) },
		func(_ context.Context, conn net.Conn) error { return sides[1].send(ctx[1], conn) })
	return [2]*Result{sides[0].result, sides[1].result}, errs
}

// Each long phase rises to its total in small steps, under its name in Stats, one
// after the other.
func TestProgress(t *testing.T) {
	n := 20_000
	if !testing.Short() {
		n = 150_000
	}
	for _, way := range []string{"dh to receiver", "vole to receiver", "vole malicious"} {
		cfg := ways()[way]
		t.Run(way, func(t *testing.T) {
			n := n
			if cfg.Protocol == DH {
				n = 300
			}
			own := *cfg
			own.Workers = 2
			var seen [2][]Progress
			ctx := [2]context.Context{t.Context(), t.Context()}
			results, errs := watched(t, ctx, &own, n, n+9, func(side int, p Progress) { seen[side] = append(seen[side], p) })
			require.NoError(t, errors.Join(errs[0], errs[1]))
			for side, all := range seen {
				var phases []string
				var last Progress
				for _, p := range all {
					if p.Phase != last.Phase {
						require.Equal(t, last.Total, last.Done, last.Phase)
						phases = append(phases, p.Phase)
						last = Progress{Phase: p.Phase, Total: p.Total}
					}
					require.Greater(t, p.Done, last.Done)
					require.LessOrEqual(t, p.Done, p.Total)
					require.LessOrEqual(t, p.Done-last.Done, int64(2*slabItems*own.Workers), "a step of %s", p.Phase)
					require.Equal(t, last.Total, p.Total)
					last = p
				}
				require.Equal(t, last.Total, last.Done, last.Phase)
				require.Equal(t, longPhases[cfg.Protocol][side], phases)
				require.Subset(t, phaseNames(results[side].Stats), phases)
				require.Less(t, len(all), n/50+2000, "a call for every few items")
			}
		})
	}
}

// A run whose context ends in any long phase of either side does at most one step
// more for each worker. The steps are bounded by TestProgress, so this bounds the
// time that it takes, without a clock.
func TestCancellationInEachPhase(t *testing.T) {
	for _, way := range []string{"dh to receiver", "vole malicious"} {
		cfg := ways()[way]
		for side := range 2 {
			for _, phase := range longPhases[cfg.Protocol][side] {
				t.Run(fmt.Sprint(way, "/", side, "/", phase), func(t *testing.T) {
					n := 3*chunkItems + 1
					if cfg.Protocol == DH {
						n = 300
					}
					own := *cfg
					own.Workers = 2
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					contexts := [2]context.Context{t.Context(), t.Context()}
					contexts[side] = ctx
					after, before := -1, true
					_, errs := watched(t, contexts, &own, n, n, func(at int, p Progress) {
						if at != side {
							return
						}
						if p.Phase == phase && before {
							before = false
							cancel()
						}
						if !before {
							after++
						}
					})
					require.ErrorIs(t, errs[side], context.Canceled)
					require.Less(t, after, own.Workers)
					if phase != "match" { // when the sender of some ways is done
						require.True(t, classified(errs[1-side]), "%v", errs[1-side])
					}
				})
			}
		}
	}
}
