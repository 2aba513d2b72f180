package psi

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/okvs"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// long turns on what takes minutes: go test -run Long -timeout 1h ./psi -long
var long = flag.Bool("long", false, "run the tests that take minutes")

// randomSets returns a set of n rows and one of m, drawn with repetitions from
// numbers below bound, and which rows of both are on the other side too.
func randomSets(t *testing.T, random *rand.Rand, n, m, bound int) (x, y *Set, inX, inY []int) {
	draw := func(n int) ([]int, *Set) {
		values := make([]int, n)
		for i := range values {
			values[i] = random.IntN(bound)
		}
		set, err := NewSet(func(yield func([]byte, error) bool) {
			var item [8]byte
			for _, v := range values {
				binary.BigEndian.PutUint64(item[:], uint64(v))
				if !yield(item[:], nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		return values, set
	}
	rows := func(mine, theirs []int) []int {
		has := make([]bool, bound)
		for _, v := range theirs {
			has[v] = true
		}
		rows := []int{}
		for i, v := range mine {
			if has[v] {
				rows = append(rows, i)
			}
		}
		return rows
	}
	valuesX, x := draw(n)
	valuesY, y := draw(m)
	return x, y, rows(valuesX, valuesY), rows(valuesY, valuesX)
}

// runRandom runs the protocol with fresh coins on random sets.
func runRandom(t *testing.T, random *rand.Rand, cfg *Config, n, m, bound int) {
	x, y, inX, inY := randomSets(t, random, n, m, bound)
	var a, b *Result
	errA, errB := testparty.Join(t.Context(), func(ctx context.Context, conn net.Conn) (err error) {
		a, err = Receive(ctx, conn, x, cfg)
		return err
	}, func(ctx context.Context, conn net.Conn) (err error) {
		b, err = Send(ctx, conn, y, cfg)
		return err
	})
	require.NoError(t, errors.Join(errA, errB), "%d and %d rows", n, m)
	require.True(t, slices.Equal(inX, a.Rows), "%d and %d rows below %d", n, m, bound)
	if cfg.Reveal == RevealBoth {
		require.True(t, slices.Equal(inY, b.Rows), "%d and %d rows below %d", n, m, bound)
	}
}

// Sets of all sizes up to 5000, mostly of different ones, with repetitions. The
// test fails by chance with probability below 2^-40 in a run, 2^-26 in all.
func TestLongRandomSizes(t *testing.T) {
	runs := 60
	switch {
	case *long:
		runs = 10_000
	case testing.Short():
		runs = 6
	}
	random := rand.New(rand.NewPCG(5, 6))
	configs := []*Config{ways()["vole to receiver"], ways()["vole to both"], ways()["vole malicious"]}
	for i := range runs {
		size := func() int { return random.IntN(1 + random.IntN(5001)) }
		n, m := size(), size()
		runRandom(t, random, configs[i%len(configs)], n, m, 1+random.IntN(2*(n+m)+1))
	}
}

// Large sets, against a plain comparison.
func TestLongMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	random := rand.New(rand.NewPCG(7, 8))
	runRandom(t, random, ways()["vole to both"], 1<<20, 1<<20, 1<<21)
	if !*long {
		return
	}
	for i := range 100 {
		runRandom(t, random, []*Config{ways()["vole to receiver"], ways()["vole malicious"]}[i%2], 1e6, 1e6, 2e6)
	}
}

// The store is narrow only for semi-honest parties of which neither has more items
// than its bound allows for, in all parts of the run together.
func TestStoreWidth(t *testing.T) {
	for _, test := range []struct {
		adversary  Adversary
		most, want int
	}{
		{SemiHonest, 1, narrowMask}, {SemiHonest, 1 << 22, narrowMask}, {SemiHonest, 1<<22 + 1, 128}, {Malicious, 1, 128},
	} {
		v := newVOLE(&exchange{params: &params{adversary: test.adversary}, coins: testCoins(1), own: 1, peers: 1, parts: 1, most: test.most})
		require.Equal(t, test.want, v.mask, "%v, %d items", test.adversary, test.most)
	}
}

// A store that cannot be solved is tried again under another seed, which the
// other side does not notice, and given up after some attempts.
func TestUnsolvableStore(t *testing.T) {
	real := encodeStore
	defer func() { encodeStore = real }()
	for failures := range encodeAttempts + 1 {
		for _, way := range []string{"vole to receiver", "vole malicious"} {
			left := failures
			encodeStore = func(p okvs.Params, seed, coins [16]byte, keys []prg.Block, values func([]prg.Block, int), scratch, out []prg.Block, work okvs.Work) error {
				if left--; left >= 0 {
					return okvs.ErrUnsolvable
				}
				return real(p, seed, coins, keys, values, scratch, out, work)
			}
			a, b := pairOf(t, ways()[way])
			errA, errB := testparty.Run(t, a.receive, b.send)
			if failures < encodeAttempts {
				require.NoError(t, errors.Join(errA, errB))
				require.Equal(t, expected(x, y), a.result.Rows)
				continue
			}
			require.ErrorContains(t, errA, "could not be encoded")
			require.NotErrorIs(t, errA, ErrPeer)
			require.ErrorIs(t, errB, ErrAborted)
		}
	}
}

// A malicious sender opens another value than it committed to. It computes the
// checksums over what it sends, so only the commitment is in its way.
func TestWrongOpening(t *testing.T) {
	a, b := pairOf(t, ways()["vole malicious"])
	errA, errB := testparty.Run(t, a.receive, func(ctx context.Context, conn net.Conn) error {
		return b.send(ctx, &forger{Conn: conn, typ: voleOpen})
	})
	require.ErrorIs(t, errA, ErrPeer)
	require.ErrorContains(t, errA, "committed")
	require.ErrorIs(t, errB, ErrAborted)
}

// A forger changes the first frame of a type that is written.
type forger struct {
	net.Conn
	typ byte
}

func (f *forger) Write(b []byte) (int, error) {
	if b[0] == f.typ && len(b) == 5+prg.Size {
		b = slices.Clone(b)
		b[5] ^= 1
	}
	return f.Conn.Write(b)
}
