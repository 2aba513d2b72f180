package killtest

import (
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	Child(func(arg string) error {
		if arg != "count" {
			return errors.New("another argument")
		}
		for i := 0; ; i++ {
			Acknowledge(i)
			time.Sleep(time.Millisecond)
		}
	})
	os.Exit(m.Run())
}

// Every line of every child is seen, and each child is killed.
func TestRun(t *testing.T) {
	next, killed := 0, 0
	Run(t, 3, "count", 30*time.Millisecond, func(line string) {
		require.Equal(t, strconv.Itoa(next), line)
		next++
	}, func() {
		require.NotZero(t, next)
		next = 0
		killed++
	})
	require.Equal(t, 3, killed)
}
