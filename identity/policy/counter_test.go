package policy

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/killtest"
)

var long = flag.Bool("long", false, "kill the counting process a hundred times")

func number(i int) (id [32]byte) {
	binary.BigEndian.PutUint64(id[:], uint64(i))
	return id
}

// Of many who race for a budget exactly as many get it as it holds.
func TestSpentBudgetRaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters")
	c, err := OpenCounters(path)
	require.NoError(t, err)
	p := permit(is("count", "lteq", "5"), is(PrivacyBudget, "lteq", "450"))
	var group sync.WaitGroup
	var allowed atomic.Int32
	for i := range 20 {
		group.Go(func() {
			d, err := c.Request(p, "contract", &Request{Action: "compute", Time: noon, Cost: 100}, number(i))
			if err == nil && d.Outcome == Allowed {
				allowed.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 4, allowed.Load())
	require.NoError(t, c.Close())

	c, err = OpenCounters(path)
	require.NoError(t, err)
	defer c.Close()
	s := c.State("contract")
	require.EqualValues(t, 4, s.Uses)
	require.EqualValues(t, 400, s.Spent)
	require.True(t, noon.Equal(s.Recent[0]))
	require.ErrorIs(t, c.Use("contract", 3, number(99), noon, 0), ErrStale)
	require.NoError(t, c.Use("contract", 4, number(99), noon, 0))
	require.ErrorIs(t, c.Use("contract", 5, number(99), noon, 0), ErrUsed)
	require.ErrorIs(t, c.Use("contract", 4, number(99), noon, 0), ErrUsed)
	require.Error(t, c.Use("", 0, number(1), noon, 0))
	require.Error(t, c.Use("other", 0, number(1), noon, 1<<60))
}

// Every key that is taken is the same after the file was read again.
func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters")
	c, err := OpenCounters(path)
	require.NoError(t, err)
	for _, bad := range []string{"", "\xff", strings.Repeat("x", maxKey+1)} {
		require.ErrorContains(t, c.Use(bad, 0, number(1), noon, 1), "key")
	}
	good := []string{"k", strings.Repeat("\x01", maxKey), "键\ufffd<&>\u2028", strings.Repeat("\"", maxKey)}
	for _, key := range good {
		require.NoError(t, c.Use(key, 0, number(1), time.Time{}, maxCost))
	}
	require.NoError(t, c.Close())
	c, err = OpenCounters(path)
	require.NoError(t, err)
	defer c.Close()
	for _, key := range good {
		s := c.State(key)
		require.EqualValues(t, 1, s.Uses)
		require.EqualValues(t, uint64(maxCost), s.Spent)
		require.ErrorIs(t, c.Use(key, 1, number(1), noon, 1), ErrUsed)
	}
	require.ErrorContains(t, c.Use("k", 1, number(2), noon, maxCost+1), "beyond all budgets")
	// The sum does not wrap.
	c.states["k"] = State{Version: 1, Spent: 1<<64 - 1}
	require.ErrorContains(t, c.Use("k", 1, number(2), noon, 1), "beyond all budgets")
}

// Of the last uses not more are kept than a frequency can count.
func TestRecentIsBounded(t *testing.T) {
	c := &Counters{states: map[string]State{}, used: map[string]map[[32]byte]bool{}}
	for i := range maxRecent + 5 {
		c.apply(&use{Key: "k", Use: number(i), Unix: int64(maxRecent - i)}) // the clock went back
	}
	s := c.State("k")
	require.Len(t, s.Recent, maxRecent)
	require.True(t, slices.IsSortedFunc(s.Recent, time.Time.Compare))
	require.EqualValues(t, maxRecent, s.Recent[maxRecent-1].Unix(), "the latest stay")
	s.Recent[0] = noon
	require.NotEqual(t, noon, c.State("k").Recent[0])
}

func TestMain(m *testing.M) {
	killtest.Child(countUntilKilled)
	os.Exit(m.Run())
}

func countUntilKilled(path string) error {
	c, err := OpenCounters(path)
	if err != nil {
		return err
	}
	for i := int(c.State("k").Uses); ; i++ {
		if err := c.Use("k", uint64(i), number(i), noon, 1); err != nil {
			return err
		}
		killtest.Acknowledge(i + 1)
	}
}

// A process that counts is killed again and again. No use that it acknowledged is
// lost, and none is counted twice.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	path := filepath.Join(t.TempDir(), "counters")
	acknowledged := 0
	killtest.Run(t, rounds, path, 50*time.Millisecond, func(line string) {
		var err error
		acknowledged, err = strconv.Atoi(line)
		require.NoError(t, err, line)
	}, nil)
	c, err := OpenCounters(path)
	require.NoError(t, err)
	defer c.Close()
	s := c.State("k")
	require.GreaterOrEqual(t, s.Uses, uint64(acknowledged))
	require.Equal(t, s.Uses, s.Spent)
	require.ErrorIs(t, c.Use("k", s.Version, number(int(s.Uses)-1), noon, 1), ErrUsed)
}
