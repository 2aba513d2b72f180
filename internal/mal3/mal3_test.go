package mal3

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

var everyone = []bool{true, true, true}

// A link is the pair of ends of a connection from party i to party i+1.
type link struct{ a, b net.Conn }

func pipes() (links [Parties]link) {
	for i := range links {
		links[i].a, links[i].b = net.Pipe()
	}
	return links
}

// run runs all parties over unbuffered pipes in a bubble and returns their errors.
func run(t *testing.T, f func(p *Party) error) (errs [Parties]error) {
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), pipes(), f) })
	return errs
}

// join runs all parties. Each closes its connections when it is done.
func join(ctx context.Context, links [Parties]link, f func(p *Party) error) (errs [Parties]error) {
	var running sync.WaitGroup
	for i := range Parties {
		running.Go(func() {
			next, prev := links[i].a, links[(i+2)%Parties].b
			defer next.Close()
			defer prev.Close()
			p, err := Open(ctx, i, next, prev, nil)
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = p.Close(f(p))
		})
	}
	running.Wait()
	return errs
}

func none(t testing.TB, errs [Parties]error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

// numbers returns n random numbers of all 64 bits.
func numbers(seed uint64, n int) []int64 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(r.Uint64())
	}
	return v
}

// words is numbers for words of bits.
func words(seed uint64, n int) []uint64 {
	w := make([]uint64, n)
	for i, x := range numbers(seed, n) {
		w[i] = uint64(x)
	}
	return w
}

// mine returns values at the party that has them, and nil elsewhere.
func mine[T any](p *Party, from int, values []T) []T {
	if p.Index() == from {
		return values
	}
	return nil
}

// TestEngine holds what all engines have in common.
func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, f func(p engine.Party) error) []error {
		errs := run(t, func(p *Party) error { return f(p) })
		return errs[:]
	})
}
