package policy

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

// A process that counts is killed again and again. No use that it acknowledged is
// lost, and none is counted twice.
func TestKilledCounting(t *testing.T) {
	const variable = "DUJIANG_TEST_COUNTERS"
	if path := os.Getenv(variable); path != "" {
		c, err := OpenCounters(path)
		require.NoError(t, err)
		for i := int(c.State("k").Uses); ; i++ {
			require.NoError(t, c.Use("k", uint64(i), number(i), noon, 1))
			fmt.Printf("used %d\n", i+1)
		}
	}
	rounds := 5
	if *long {
		rounds = 100
	}
	path := filepath.Join(t.TempDir(), "counters")
	acknowledged := 0
	for round := range rounds {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledCounting$")
		child.Env = append(os.Environ(), variable+"="+path)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		timer := time.AfterFunc(10*time.Second, func() { child.Process.Kill() })
		lines, read := bufio.NewScanner(out), 0
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "used %d", &acknowledged); err == nil {
				if read++; read == 1+round%7 {
					child.Process.Kill()
				}
			}
		}
		child.Wait()
		timer.Stop()
		require.NotZero(t, read)
	}
	c, err := OpenCounters(path)
	require.NoError(t, err)
	defer c.Close()
	s := c.State("k")
	require.GreaterOrEqual(t, s.Uses, uint64(acknowledged))
	require.Equal(t, s.Uses, s.Spent)
	require.ErrorIs(t, c.Use("k", s.Version, number(int(s.Uses)-1), noon, 1), ErrUsed)
}
