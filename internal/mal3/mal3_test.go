package mal3

import (
	"context"
	"flag"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// long turns on all attacks: go test ./internal/mal3 -long
var long = flag.Bool("long", false, "run tests that take a minute")

var everyone = []bool{true, true, true}

// run runs all parties over unbuffered pipes in a bubble and returns their errors.
func run(t *testing.T, f func(p *Party) error) (errs [Parties]error) {
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), enginetest.Pipes(), f) })
	return errs
}

// join runs all parties. Each closes its connections when it is done.
func join(ctx context.Context, ring enginetest.Ring, f func(p *Party) error) [Parties]error {
	return ring.Join(func(i int, next, prev net.Conn) error {
		p, err := Open(ctx, i, next, prev, nil)
		if err != nil {
			return err
		}
		return p.Close(f(p))
	})
}

func none(t testing.TB, errs [Parties]error) {
	t.Helper()
	enginetest.None(t, errs)
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

// engines is run for what is common to all protocols.
func engines(t *testing.T, f func(p engine.Party) error) []error {
	errs := run(t, func(p *Party) error { return f(p) })
	return errs[:]
}

// TestEngine holds what all engines have in common.
func TestEngine(t *testing.T) {
	enginetest.Run(t, engines)
}

// TestHistories has a party make other calls.
func TestHistories(t *testing.T) { enginetest.Histories(t, Parties, engines) }

// TestDeath has a party stop anywhere.
func TestDeath(t *testing.T) {
	enginetest.Death(t, Parties, 2*piece+1, engines)
}

// TestDeadline has a party stall.
func TestDeadline(t *testing.T) {
	enginetest.Deadline(t, func(ctx context.Context, f func(p engine.Party) error) []error {
		errs := join(ctx, enginetest.Pipes(), func(p *Party) error { return f(p) })
		return errs[:]
	})
}
