package enginetest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// A Ring has the connections of three parties: number i is that of party i, by its first
// end, with party i+1, by its second end.
type Ring [3][2]net.Conn

// Pipes returns a ring of unbuffered pipes.
func Pipes() (r Ring) {
	for i := range r {
		r[i][0], r[i][1] = net.Pipe()
	}
	return r
}

// Tapped returns r with a tap at every end.
func (r Ring) Tapped(tap func(from, to int, c net.Conn) net.Conn) Ring {
	for i := range r {
		next := (i + 1) % len(r)
		r[i] = [2]net.Conn{tap(i, next, r[i][0]), tap(next, i, r[i][1])}
	}
	return r
}

// Loopback returns a ring over TCP.
func Loopback(tb testing.TB) (r Ring) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	for i := range r {
		r[i][0], err = net.Dial("tcp", l.Addr().String())
		require.NoError(tb, err)
		r[i][1], err = l.Accept()
		require.NoError(tb, err)
	}
	return r
}

// Join runs all parties with their connections to the next and to the previous one,
// and returns their errors. The connections of each are closed when it is done.
func (r Ring) Join(party func(i int, next, prev net.Conn) error) (errs [3]error) {
	var running sync.WaitGroup
	for i := range r {
		running.Go(func() {
			next, prev := r[i][0], r[(i+2)%3][1]
			defer next.Close()
			defer prev.Close()
			errs[i] = party(i, next, prev)
		})
	}
	running.Wait()
	return errs
}

// None fails the test if a party has an error.
func None(tb testing.TB, errs [3]error) {
	tb.Helper()
	for i, err := range errs {
		require.NoError(tb, err, "party %d", i)
	}
}

// Death has one party stop in every possible place, with vectors of n elements: the
// others end with an error, without waiting for a deadline.
func Death(t *testing.T, parties, n int, join Join) {
	gone := errors.New("gone")
	const steps = 4
	for victim := range parties {
		for when := range steps + 1 {
			errs := join(t, func(p engine.Party) error {
				x, y := p.NewVec(n), p.NewVec(n)
				everybody := make([]bool, parties)
				for i := range everybody {
					everybody[i] = true
				}
				for step, f := range [steps]func() error{
					func() error { return p.Mul(y, x, x) },
					func() error {
						return p.And([]engine.Vec{p.NewBits(n)}, []engine.Vec{p.NewBits(n)}, []engine.Vec{p.NewBits(n)})
					},
					func() error { return p.Dot(p.NewVec(1), x, y) },
					func() error { _, err := p.Reveal(y, everybody); return err },
				} {
					if p.Index() == victim && step == when {
						return gone
					}
					if err := f(); err != nil {
						return err
					}
				}
				if p.Index() == victim {
					return gone
				}
				return nil
			})
			require.Len(t, errs, parties)
			for i, err := range errs {
				require.Error(t, err, "victim %d at %d, party %d", victim, when, i)
			}
			require.ErrorIs(t, errs[victim], gone)
		}
	}
}

// Deadline has party 1 stall for a minute, after which the context of all ends: the others
// end with it. join runs all parties under a context, in a bubble.
func Deadline(t *testing.T, join func(ctx context.Context, f func(p engine.Party) error) []error) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		errs := join(ctx, func(p engine.Party) error {
			if p.Index() == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			x := p.NewVec(10)
			return p.Mul(p.NewVec(10), x, x)
		})
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
		require.Less(t, time.Since(start), time.Minute+10*time.Second)
	})
}
