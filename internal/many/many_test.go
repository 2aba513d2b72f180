package many

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// pipes returns unbuffered streams between all of n parties.
func pipes(n int) [][]io.ReadWriter {
	s := make([][]io.ReadWriter, n)
	for i := range s {
		s[i] = make([]io.ReadWriter, n)
		for j := range i {
			s[i][j], s[j][i] = net.Pipe()
		}
	}
	return s
}

// seeded returns coins of a party that are the same in every run.
func seeded(i int) *coins {
	c := &coins{own: [16]byte{byte(i), 1}, nonce: [16]byte{byte(i), 2}, joint: [16]byte{byte(i), 4}}
	for j := range c.keys {
		c.keys[j] = [16]byte{byte(i), 3, byte(j)}
	}
	return c
}

// seededAfter returns coins for a run with a stock, that are others than those of the run that
// it is from.
func seededAfter(i int, s *Stock) *coins {
	c := seeded(i)
	if s == nil {
		return c
	}
	c.own[15] = s.id[0]
	for j := range c.keys {
		c.keys[j][15] = s.id[0]
	}
	if i == 0 {
		c.joint = s.id
	}
	return c
}

// join runs all parties. Each closes its streams when it is done.
func join(ctx context.Context, streams [][]io.ReadWriter, agreed func(i int) []byte, f func(p *Party) error) []error {
	return joinWith(ctx, streams, make([]*Stock, len(streams)), agreed, f)
}

// joinWith is join with a stock at each party.
func joinWith(ctx context.Context, streams [][]io.ReadWriter, stocks []*Stock, agreed func(i int) []byte, f func(p *Party) error) []error {
	errs := make([]error, len(streams))
	var running sync.WaitGroup
	for i := range streams {
		running.Go(func() {
			defer func() {
				for _, rw := range streams[i] {
					if rw != nil {
						rw.(io.Closer).Close()
					}
				}
			}()
			var context []byte
			if agreed != nil {
				context = agreed(i)
			}
			p, err := open(ctx, i, streams[i], stocks[i], context, seededAfter(i, stocks[i]))
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

// run runs n parties over unbuffered pipes in a bubble.
func run(t *testing.T, n int, f func(p *Party) error) (errs []error) {
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), pipes(n), nil, f) })
	return errs
}

func none(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

// TestEngine holds what all engines have in common.
func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, f func(p engine.Party) error) []error {
		return run(t, Least, func(p *Party) error { return f(p) })
	})
}

// mine returns values at the party that has them, and nil elsewhere.
func mine[T any](p *Party, from int, values []T) []T {
	if p.index == from {
		return values
	}
	return nil
}

// TestParties computes with few and with many parties, over every field of bits: all
// operations, once.
func TestParties(t *testing.T) {
	for _, n := range []int{5, 8, Most} {
		if testing.Short() && n == 8 {
			continue
		}
		none(t, run(t, n, func(p *Party) error { return everything(t, p) }))
	}
}

var someNumbers = []int64{lowestNumber / 2, -70000, -1, 0, 1, 12345, highestNumber / 2}

func everything(t *testing.T, p *Party) error {
	n := len(someNumbers)
	x, err := p.Input(p.n-1, n, mine(p, p.n-1, someNumbers))
	if err != nil {
		return err
	}
	z, ones := p.NewVec(n), p.NewVec(n)
	p.Shift(ones, -3)
	if err := p.Mul(z, x, ones); err != nil {
		return err
	}
	if err := p.Truncate(ones, x, 7); err != nil {
		return err
	}
	negative, err := p.Negative(x, 61)
	if err != nil {
		return err
	}
	zero, err := p.Zero(x, 61)
	if err != nil {
		return err
	}
	bits, err := p.Decompose(x, 64)
	if err != nil {
		return err
	}
	both, err := p.Numbers(n, negative, zero)
	if err != nil {
		return err
	}
	var opened [4][]int64
	for i, v := range []Vec{z, ones, both[0], both[1]} {
		if opened[i], err = p.Reveal(v, p.everybody()); err != nil {
			return err
		}
	}
	words, err := p.RevealBits(bits, p.everybody())
	if err != nil {
		return err
	}
	for i, a := range someNumbers {
		if a > -1000000 && a < 1000000 {
			require.Equal(t, -3*a, opened[0][i])
		}
		require.Contains(t, []int64{a >> 7, a>>7 + 1}, opened[1][i])
		require.Equal(t, a < 0, opened[2][i] == 1)
		require.Equal(t, a == 0, opened[3][i] == 1)
		for k, word := range words {
			require.Equal(t, uint64(a)>>k&1, word>>i&1, "bit %d of %d", k, a)
		}
	}
	return nil
}

// TestTruncate divides by all powers around those that take another way, often: quotients are
// rounded down or up, and never further.
func TestTruncate(t *testing.T) {
	const times = 64
	numbers := []int64{lowestNumber / 2, lowestNumber/2 + 1, -1 << 58, -1, 0, 1, 1 << 58, highestNumber / 2}
	none(t, run(t, 4, func(p *Party) error {
		for shift := 57; shift < 62; shift++ {
			for _, x := range numbers {
				v := p.NewVec(times)
				p.Shift(v, x)
				if err := p.Truncate(v, v.Clone(), shift); err != nil {
					return err
				}
				quotients, err := p.Reveal(v, p.everybody())
				if err != nil {
					return err
				}
				for _, q := range quotients {
					require.Contains(t, []int64{x >> shift, x>>shift + 1}, q, "%d divided by 2^%d", x, shift)
				}
			}
		}
		return nil
	}))
}

// TestHistories has a party make other calls.
func TestHistories(t *testing.T) {
	for _, parties := range []int{4, 5} {
		enginetest.Histories(t, parties, func(t *testing.T, f func(p engine.Party) error) []error {
			return run(t, parties, func(p *Party) error { return f(p) })
		})
	}
}

// TestDeath has one party stop in every place: the others end with an error that names a
// party, without waiting for a deadline.
func TestDeath(t *testing.T) {
	const parties = 5
	enginetest.Death(t, parties, chunk+1, func(t *testing.T, f func(p engine.Party) error) []error {
		errs := run(t, parties, func(p *Party) error { return f(p) })
		named := 0
		for _, err := range errs {
			if at := (*engine.PartyError)(nil); errors.As(err, &at) {
				named++
			}
		}
		require.Equal(t, parties-1, named)
		return errs
	})
}

// TestDeadline has a party stall.
func TestDeadline(t *testing.T) {
	enginetest.Deadline(t, func(ctx context.Context, f func(p engine.Party) error) []error {
		return join(ctx, pipes(Least), nil, func(p *Party) error { return f(p) })
	})
}

// TestMalformed has party 3 send party 1 something else than it should, in the place of
// shares that it opens.
func TestMalformed(t *testing.T) {
	ones := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = 0xff
		}
		return b
	}
	for name, test := range map[string]struct {
		bits bool
		f    func(s *session.Session) error
	}{
		"type":            {false, func(s *session.Session) error { return s.Send(typeWord, make([]byte, 80)) }},
		"short":           {false, func(s *session.Session) error { return s.Send(typeNumber, make([]byte, 79)) }},
		"long":            {false, func(s *session.Session) error { return s.Send(typeNumber, make([]byte, 81)) }},
		"not an element":  {false, func(s *session.Session) error { return s.Send(typeNumber, ones(80)) }},
		"number for bits": {true, func(s *session.Session) error { return s.Send(typeNumber, make([]byte, 80)) }},
		"not bits": {true, func(s *session.Session) error {
			return errors.Join(s.Send(typeWord, ones(80)), s.Send(typeWord, ones(80)), s.Send(typeWord, make([]byte, 80)))
		}},
	} {
		errs := run(t, 5, func(p *Party) error {
			to := make([]bool, 5)
			to[1] = true
			if p.index == 3 {
				for i, l := range p.links {
					if i != p.index {
						if err := p.history.Send(l.session, typeHistory); err != nil {
							return err
						}
					}
				}
				if err := test.f(p.links[1].session); err != nil {
					return err
				}
				return errors.New("done")
			}
			if test.bits {
				_, err := p.RevealBits(p.NewBits(10), to)
				return err
			}
			_, err := p.Reveal(p.NewVec(10), to)
			return err
		})
		require.ErrorIs(t, errs[1], session.ErrPeer, name)
		for i, err := range errs {
			require.Error(t, err, "%s, party %d", name, i)
		}
	}
}

// TestDisagreement ends everywhere, although some pairs agree.
func TestDisagreement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := join(t.Context(), pipes(4), func(i int) []byte { return []byte{byte(i / 3)} }, func(*Party) error { return nil })
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
		require.ErrorIs(t, errs[3], session.ErrIncompatible)
		require.ErrorContains(t, errs[3], "contexts differ")
	})
	// Parties 0 and 3 take parties 1 and 2 for each other.
	synctest.Test(t, func(t *testing.T) {
		s := pipes(4)
		for _, i := range []int{0, 3} {
			s[i][1], s[i][2] = s[i][2], s[i][1]
		}
		errs := join(t.Context(), s, nil, func(*Party) error { return nil })
		require.ErrorIs(t, errors.Join(errs...), session.ErrIncompatible)
	})
	// Party 3 takes the number of parties for 5.
	synctest.Test(t, func(t *testing.T) {
		s := pipes(4)
		nobody, _ := net.Pipe()
		s[3] = append(s[3], nobody)
		errs := join(t.Context(), s, nil, func(*Party) error { return nil })
		require.ErrorIs(t, errors.Join(errs...), session.ErrIncompatible)
		require.ErrorContains(t, errors.Join(errs...), "numbers of parties differ")
	})
	for _, n := range []int{3, 17} {
		_, err := Open(t.Context(), 0, make([]io.ReadWriter, n), nil, nil)
		require.ErrorContains(t, err, "4 to 16")
	}
	_, err := Open(t.Context(), 4, make([]io.ReadWriter, 4), nil, nil)
	require.ErrorContains(t, err, "party 4 of 4")
	_, err = Open(t.Context(), 0, make([]io.ReadWriter, 4), nil, make([]byte, 1<<16))
	require.ErrorContains(t, err, "longer than")
}

// TestFreshCoins holds that Open draws all coins of every party and of every run anew, and that no
// stream begins as another one does.
func TestFreshCoins(t *testing.T) {
	const n = 5
	all := make(map[uint64]bool)
	for range 2 {
		parties := make([]*Party, n)
		synctest.Test(t, func(t *testing.T) {
			streams := pipes(n)
			var running sync.WaitGroup
			for i := range parties {
				running.Go(func() {
					p, err := Open(t.Context(), i, streams[i], nil, nil)
					require.NoError(t, err)
					parties[i] = p
					require.NoError(t, p.Close(nil))
				})
			}
			running.Wait()
		})
		fresh := func(word uint64) {
			require.False(t, all[word])
			all[word] = true
		}
		fresh(parties[0].joint.Uint64())
		for _, p := range parties {
			fresh(p.coins.Uint64())
			for _, l := range p.links {
				if l != nil {
					fresh(l.to.Uint64())
				}
			}
		}
	}
	// One part of all makes the joint stream another one, and with it the name of a stock.
	open := func(changed int) uint64 {
		var word uint64
		synctest.Test(t, func(t *testing.T) {
			streams := pipes(n)
			var running sync.WaitGroup
			for i := range n {
				running.Go(func() {
					c := seeded(i)
					if i == changed {
						c.joint[0]++
					}
					p, err := open(t.Context(), i, streams[i], nil, nil, c)
					require.NoError(t, err)
					if i == 2 {
						word = p.joint.Uint64()
					}
					require.NoError(t, p.Close(nil))
				})
			}
			running.Wait()
		})
		return word
	}
	before := open(-1)
	for i := range n {
		require.NotEqual(t, before, open(i))
	}
}
