package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// parties are those of tests, unless they say otherwise.
const parties = 3

// streams[i][j] is what party i has to party j.
type streams [parties][]io.ReadWriter

func pipes() (s streams) {
	for i := range s {
		s[i] = make([]io.ReadWriter, parties)
	}
	for i := range s {
		j := (i + 1) % parties
		s[i][j], s[j][i] = net.Pipe()
	}
	return s
}

// run runs f at all parties over unbuffered pipes in a bubble.
func run(t *testing.T, f func(ctx context.Context, e *Engine) error) (errs [parties]error) {
	synctest.Test(t, func(t *testing.T) { errs = together(t.Context(), pipes(), f) })
	return errs
}

func together(ctx context.Context, s streams, f func(ctx context.Context, e *Engine) error) (errs [parties]error) {
	return against(ctx, SemiHonest, s, f)
}

// against is together with an adversary.
func against(ctx context.Context, a Adversary, s streams, f func(ctx context.Context, e *Engine) error) (errs [parties]error) {
	var running sync.WaitGroup
	for i := range errs {
		running.Go(func() {
			for j, rw := range s[i] {
				if j != i {
					defer rw.(io.Closer).Close()
				}
			}
			e, err := New(ctx, i, s[i], &Config{Adversary: a, Context: []byte("test")})
			if err != nil {
				errs[i] = err
				return
			}
			errs[i] = e.Close(f(ctx, e))
		})
	}
	running.Wait()
	return errs
}

func none(t *testing.T, errs [parties]error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

// numbers returns n numbers of r, with its ends among them.
func numbers(seed uint64, n int, r Range) []int64 {
	g := rand.New(rand.NewPCG(seed, 1))
	v := make([]int64, n)
	for i := range v {
		switch g.IntN(8) {
		case 0:
			v[i] = r.Min
		case 1:
			v[i] = r.Max
		default:
			v[i] = int64(uint64(r.Min) + g.Uint64N(uint64(r.Max)-uint64(r.Min)))
		}
	}
	return v
}

func (e *Engine) mine(from int, values []int64) []int64 {
	if e.Self() == from {
		return values
	}
	return nil
}

// lengths are empty, odd, and beyond a message.
var lengths = []int{0, 1, 3, 64, 127, 1000, 1<<14 + 1}

// TestPieces opens a vector piece by piece, each in one round.
func TestPieces(t *testing.T) {
	const n, piece = 1000, 300
	values := numbers(1, n, small)
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, n, small, e.mine(0, values))
		if err != nil {
			return err
		}
		before := e.Stats().Rounds
		var all []int64
		for lo := 0; lo < n; lo += piece {
			some, err := x.Slice(lo, min(lo+piece, n))
			if err != nil {
				return err
			}
			opened, err := e.Open(ctx, some, 1)
			if err != nil {
				return err
			}
			all = append(all, opened...)
		}
		require.Equal(t, (n+piece-1)/piece, e.Stats().Rounds-before)
		require.Equal(t, e.mine(1, values), all)
		return nil
	}))
}

// TestArithmetic compares all operations on numbers with math/big, over ranges that
// the results just fit in, and their rounds with what the package comment says.
func TestArithmetic(t *testing.T) {
	half := Range{-1 << 31, 1<<31 - 1}
	for _, n := range lengths {
		a, b := numbers(1, n, half), numbers(2, n, half)
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, n, half, e.mine(0, a))
			if err != nil {
				return err
			}
			y, err := e.Input(ctx, 2, n, half, e.mine(2, b))
			if err != nil {
				return err
			}
			require.Equal(t, 2, e.Stats().Rounds)
			check := func(z *Vec, err error, rounds int, want func(i int) *big.Int) {
				require.NoError(t, err)
				require.Equal(t, n, z.Len())
				require.Equal(t, rounds, e.Stats().Rounds)
				opened, err := e.Open(ctx, z, 0, 1, 2)
				require.NoError(t, err)
				for i, x := range opened {
					require.Equal(t, want(i).String(), fmt.Sprint(x))
				}
			}
			sum, err := x.Add(y)
			check(sum, err, 2, func(i int) *big.Int { return add(a[i], b[i]) })
			difference, err := x.Sub(y)
			check(difference, err, 3, func(i int) *big.Int { return sub(a[i], b[i]) })
			scaled, err := x.Scale(-3)
			check(scaled, err, 4, func(i int) *big.Int { return mul(a[i], -3) })
			shifted, err := x.Shift(math.MaxInt64 - half.Max)
			check(shifted, err, 5, func(i int) *big.Int { return add(a[i], math.MaxInt64-half.Max) })
			product, err := e.Mul(ctx, x, y)
			check(product, err, 7, func(i int) *big.Int { return mul(a[i], b[i]) })

			total, err := x.Sum()
			require.NoError(t, err)
			want := new(big.Int)
			for _, x := range a {
				want.Add(want, big.NewInt(x))
			}
			opened, err := e.Open(ctx, total, 0, 1, 2)
			require.NoError(t, err)
			require.Equal(t, want.String(), fmt.Sprint(opened[0]))
			return nil
		}))
	}
}

// TestMatrices multiplies matrices of many shapes, empty ones included.
func TestMatrices(t *testing.T) {
	r := Range{-1000, 1000}
	for _, shape := range [][3]int{{0, 3, 2}, {2, 0, 3}, {3, 2, 0}, {1, 1, 1}, {2, 3, 5}, {1, 300, 1}, {100, 7, 91}} {
		rows, inner, columns := shape[0], shape[1], shape[2]
		a, b := numbers(1, rows*inner, r), numbers(2, inner*columns, r)
		want := make([]int64, rows*columns)
		for i := range rows {
			for j := range columns {
				for k := range inner {
					want[i*columns+j] += a[i*inner+k] * b[k*columns+j]
				}
			}
		}
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 1, rows*inner, r, e.mine(1, a))
			require.NoError(t, err)
			y, err := e.Input(ctx, 2, inner*columns, r, e.mine(2, b))
			require.NoError(t, err)
			z, err := e.MatMul(ctx, rows, inner, columns, x, y)
			require.NoError(t, err)
			require.Equal(t, 3, e.Stats().Rounds)
			opened, err := e.Open(ctx, z, 0, 1, 2)
			require.Equal(t, want, opened)
			if rows == 1 && columns == 1 {
				dot, err := e.Dot(ctx, x, y)
				require.NoError(t, err)
				opened, err := e.Open(ctx, dot, 0, 1, 2)
				require.NoError(t, err)
				require.Equal(t, want, opened)
			}
			_, mistake := e.MatMul(ctx, rows+1, inner+1, columns, x, y)
			require.Error(t, mistake)
			return err
		}))
	}
}

// TestShares has a client share numbers, and get the squares.
func TestShares(t *testing.T) {
	in, err := schemeOf(parties).Split([]uint64{3, 1 << 20, math.MaxUint64})
	require.NoError(t, err)
	out := make([]*share.Share, parties)
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		_, err := e.InputShares(ctx, in[(e.Self()+1)%parties], Range{-1, 1 << 20})
		require.ErrorContains(t, err, "share")
		x, err := e.InputShares(ctx, in[e.Self()], Range{-1, 1 << 20})
		require.NoError(t, err)
		z, err := e.Mul(ctx, x, x)
		if err != nil {
			return err
		}
		out[e.Self()], err = e.Shares(z, [share.IDSize]byte{1})
		return err
	}))
	for _, shares := range [][]*share.Share{out, out[:2], out[1:], {out[2], out[0]}} {
		squares, err := share.Combine(shares)
		require.NoError(t, err)
		require.Equal(t, []uint64{9, 1 << 40, 1}, squares)
	}
}

// TestOver has a party stop while the others open something: whatever these call then returns
// the same error, also what is local, and looks at nothing that may still be under way.
func TestOver(t *testing.T) {
	stop := errors.New("stop")
	for odd := range parties {
		for range 20 { // for the race detector
			errs := run(t, func(ctx context.Context, e *Engine) error {
				x, err := e.Input(ctx, 0, 3, Range{0, 9}, e.mine(0, []int64{1, 2, 3}))
				if err != nil {
					return err
				}
				if e.Self() == odd {
					return stop
				}
				_, err = e.Open(ctx, x, 0, 1, 2)
				require.Error(t, err)
				for _, later := range []error{
					second(e.Shares(x, [share.IDSize]byte{1})), second(e.Mul(ctx, x, x)), second(e.Open(ctx, x, 0)),
				} {
					require.Equal(t, err, later)
				}
				return err
			})
			require.ErrorIs(t, errs[odd], stop)
		}
	}
}

// TestOpenToSome lets the others learn nothing, and send them nothing but histories.
func TestOpenToSome(t *testing.T) {
	for _, to := range [][]int{{0}, {1}, {2}, {2, 0}, {1, 2}} {
		none(t, run(t, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, 2, Range{0, 9}, e.mine(0, []int64{4, 9}))
			require.NoError(t, err)
			before := e.Stats()
			opened, err := e.Open(ctx, x, to...)
			var want []int64
			received := uint64(2 * (5 + engine.HistorySize))
			for _, i := range to {
				if i == e.Self() {
					want, received = []int64{4, 9}, received+5+16
				}
			}
			require.Equal(t, want, opened)
			require.Equal(t, received, e.Stats().Received-before.Received)
			return err
		}))
	}
}

// TestRanges refuses what 64 bits might not hold, before anything is sent.
func TestRanges(t *testing.T) {
	none(t, run(t, func(ctx context.Context, e *Engine) error {
		all := Range{math.MinInt64, math.MaxInt64}
		x, err := e.Input(ctx, 0, 2, all, e.mine(0, []int64{math.MinInt64, math.MaxInt64}))
		require.NoError(t, err)
		y, err := e.Input(ctx, 0, 2, Range{-1 << 31, 1 << 31}, e.mine(0, []int64{-1 << 31, 1 << 31}))
		require.NoError(t, err)
		rounds := e.Stats().Rounds
		for name, f := range map[string]func() (*Vec, error){
			"add":     func() (*Vec, error) { return x.Add(x) },
			"sub":     func() (*Vec, error) { return x.Sub(x) },
			"scale":   func() (*Vec, error) { return x.Scale(-1) },
			"shift":   func() (*Vec, error) { return x.Shift(1) },
			"sum":     func() (*Vec, error) { return x.Sum() },
			"mul":     func() (*Vec, error) { return e.Mul(ctx, x, y) },
			"dot":     func() (*Vec, error) { return e.Dot(ctx, y, y) },
			"product": func() (*Vec, error) { return e.MatMul(ctx, 1, 2, 1, y, y) },
		} {
			_, err := f()
			require.ErrorContains(t, err, "64 bits", name)
		}
		_, err = e.Input(ctx, e.Self(), 1, Range{0, 3}, []int64{4})
		require.ErrorContains(t, err, "value 0 is not in 0..3")
		require.NotContains(t, err.Error(), "4")
		_, err = e.Input(ctx, e.Self(), 0, Range{1, 0}, nil)
		require.ErrorContains(t, err, "empty")
		_, err = e.Input(ctx, 3, 0, all, nil)
		require.Error(t, err)
		_, err = e.Open(ctx, x)
		require.ErrorContains(t, err, "name the parties")
		_, err = e.Open(ctx, x, 1, 1)
		require.Error(t, err)
		_, err = e.Mul(ctx, x, nil)
		require.ErrorIs(t, err, errMixed)
		_, err = e.Mul(ctx, x, new(Vec))
		require.ErrorIs(t, err, errMixed)
		short, err := x.Slice(1, 2)
		require.NoError(t, err)
		_, err = x.Add(short)
		require.ErrorContains(t, err, "2 and 1")
		_, err = x.Slice(1, 3)
		require.Error(t, err)
		require.Equal(t, rounds, e.Stats().Rounds)
		opened, err := e.Open(ctx, x, 0, 1, 2)
		require.Equal(t, []int64{math.MinInt64, math.MaxInt64}, opened)
		return err
	}))
}

func TestConfig(t *testing.T) {
	peers := make([]io.ReadWriter, parties)
	for _, err := range []error{
		second(New(t.Context(), 0, peers, nil)),
		second(New(t.Context(), 0, peers, &Config{})),
		second(New(t.Context(), 3, peers, &Config{Adversary: SemiHonest})),
		second(New(t.Context(), 0, peers[:2], &Config{Adversary: SemiHonest})),
		second(New(t.Context(), 0, peers, &Config{Adversary: SemiHonest})),
	} {
		require.Error(t, err)
	}
	require.Equal(t, "SemiHonest Malicious Adversary(7)", fmt.Sprint(SemiHonest, Malicious, Adversary(7)))
}

func second[T any](_ T, err error) error { return err }

func TestSecretsAreNotPrinted(t *testing.T) {
	v := &Vec{r: Range{0, 5}, share: engine.Vec{Parts: [][]uint64{{77777}}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.Equal(t, "mpc.Vec(1, 0..5)", fmt.Sprintf(verb, v))
		require.Equal(t, "mpc.Vec(1, 0..5)", fmt.Sprintf(verb, *v))
	}
	require.Equal(t, "mpc.Vec(1, 0..5)", v.LogValue().String())
}

// TestDeath has each party stop at each step. The others end with an error that
// names a party, and nobody learns anything afterwards.
func TestDeath(t *testing.T) {
	gone := errors.New("gone")
	for victim := range parties {
		for when := range 3 {
			errs := run(t, func(ctx context.Context, e *Engine) error {
				step := 0
				dies := func() bool { step++; return e.Self() == victim && step > when }
				if dies() {
					return gone
				}
				x, err := e.Input(ctx, victim, 9, Range{0, 1}, e.mine(victim, make([]int64, 9)))
				if err != nil {
					return err
				}
				if dies() {
					return gone
				}
				y, err := e.Mul(ctx, x, x)
				if err != nil {
					_, again := e.Open(ctx, x, 0, 1, 2)
					require.ErrorIs(t, again, err)
					return nil // Close knows
				}
				if dies() {
					return gone
				}
				_, err = e.Open(ctx, y, 0, 1, 2)
				return err
			})
			for i, err := range errs {
				if i == victim {
					require.ErrorIs(t, err, gone)
					continue
				}
				require.ErrorIs(t, err, ErrAborted, "victim %d at %d, party %d", victim, when, i)
				var at *PartyError
				require.ErrorAs(t, err, &at)
				require.NotEqual(t, i, at.Party)
			}
		}
	}
}

// TestStall has a party wait for ever: the context of a single call ends it for
// the two others.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := together(t.Context(), pipes(), func(ctx context.Context, e *Engine) error {
			if e.Self() == 1 {
				time.Sleep(time.Hour)
				return nil
			}
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			start := time.Now()
			x := e.vec(Range{0, 1}, 0, 9)
			_, err := e.Mul(ctx, x, x)
			require.Less(t, time.Since(start), time.Minute+10*time.Second)
			return err
		})
		require.ErrorIs(t, errs[0], context.DeadlineExceeded)
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
	})
}
