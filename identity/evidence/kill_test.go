package evidence

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/killtest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

func TestMain(m *testing.M) {
	killtest.Child(logUntilKilled)
	os.Exit(m.Run())
}

// logUntilKilled appends and publishes, with one witness.
func logUntilKilled(dir string) error {
	l, err := Open(dir, &Config{Origin: origin, Signer: key("log")})
	if err != nil {
		return err
	}
	k, err := LogKey(origin, public("log"))
	if err != nil {
		return err
	}
	w, err := OpenWitness(filepath.Join(dir, "witness"), &WitnessConfig{Name: "w.example", Signer: key("w"), Logs: []string{k}, Now: time.Now})
	if err != nil {
		return err
	}
	for {
		i := int(l.size())
		n := 1 + rand.IntN(600)
		var leaves []Commitment
		for j := i; j < i+n; j++ {
			leaves = append(leaves, salt(j).Commit(record(j)))
		}
		if _, err := l.Append(leaves...); err != nil {
			return err
		}
		killtest.Acknowledge("appended", i+n)
		c, err := l.Publish(context.Background(), w)
		if err != nil {
			return err
		}
		killtest.Acknowledge("published", c.Size)
	}
}

// kill -9 at any moment loses nothing that was acknowledged, and the log goes
// on with the same witness: what it published is never taken back.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	dir := t.TempDir()
	appended, publishedSize := 0, 0
	killtest.Run(t, rounds, dir, 100*time.Millisecond, func(line string) {
		var what string
		var size int
		_, err := fmt.Sscan(line, &what, &size)
		require.NoError(t, err, line)
		if what == "appended" {
			appended = size
		} else {
			publishedSize = size
		}
	}, func() {
		var last int64
		l, err := Open(dir, &Config{Origin: origin, Signer: key("log"), Replay: func(i int64, c Commitment) error {
			if c != salt(int(i)).Commit(record(int(i))) {
				return fmt.Errorf("entry %d is another one", i)
			}
			last = i + 1
			return nil
		}})
		require.NoError(t, err)
		require.GreaterOrEqual(t, last, int64(appended))
		c, _ := l.Latest()
		require.GreaterOrEqual(t, c.Size, int64(publishedSize))
		require.NoError(t, l.Close())
	})
}
