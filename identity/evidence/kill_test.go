package evidence

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

const killEnv = "DUJIANG_EVIDENCE_KILL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killEnv); dir != "" {
		logUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// logUntilKilled appends and publishes, with one witness, and prints what is
// acknowledged.
func logUntilKilled(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	l, err := Open(dir, &Config{Origin: origin, Signer: key("log")})
	fail(err)
	k, err := LogKey(origin, public("log"))
	fail(err)
	w, err := OpenWitness(filepath.Join(dir, "witness"), &WitnessConfig{Name: "w.example", Signer: key("w"), Logs: []string{k}, Now: time.Now})
	fail(err)
	for {
		i := int(l.size())
		n := 1 + rand.IntN(600)
		var leaves []Commitment
		for j := i; j < i+n; j++ {
			leaves = append(leaves, salt(j).Commit(record(j)))
		}
		_, err := l.Append(leaves...)
		fail(err)
		os.Stdout.WriteString(fmt.Sprintln("appended", i+n))
		c, err := l.Publish(context.Background(), w)
		fail(err)
		os.Stdout.WriteString(fmt.Sprintln("published", c.Size))
	}
}

// kill -9 at any moment loses nothing that was acknowledged, and the log goes
// on with the same witness: what it published is never taken back.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	appended, publishedSize := 0, 0
	for range rounds {
		cmd := exec.Command(executable)
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		kill := sync.OnceFunc(func() {
			time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, func() { cmd.Process.Kill() })
		})
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadString('\n')
			kill() // however long it took to start
			if err == io.EOF {
				break
			}
			var what string
			var size int
			_, err = fmt.Sscan(line, &what, &size)
			require.NoError(t, err, line)
			if what == "appended" {
				appended = size
			} else {
				publishedSize = size
			}
		}
		cmd.Wait()
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
	}
	require.NotZero(t, appended)
}
